import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import ssh2, { type AuthContext, type ServerChannel, type Session } from "ssh2";
import { decodeRequest, outputMarks, type WireRequest } from "../../../src/ssh/wire.ts";
import { generateKeyPair } from "../../generate-key.ts";

export interface Command {
  readonly line: string;
  readonly request: WireRequest;
  readonly channel: ServerChannel;
  /** Answers as a shell would. */
  answer(stdout?: string, stderr?: string, exitCode?: number): void;
  /** Cuts the TCP connection. */
  cut(): void;
}

export interface Behaviour {
  /** Default: accepts every public key. */
  accepts?: (publicKey: string) => boolean;
  /** Replaces the answer to a login. `signed`: the client has proved that it has the key. */
  login?: (context: AuthContext, signed: boolean) => void;
  banner?: string;
  /** Limit of sessions on one connection; more are refused as sshd does. */
  maxSessions?: number;
  /** Called with every complete script. Default: an empty answer. */
  onCommand?: (command: Command) => void;
  /** Called with every TCP connection instead of starting SSH on it. */
  onSocket?: (socket: Socket) => void;
}

/** A real SSH server on loopback whose behaviour a test can change. */
export async function startMisbehavingServer(behaviour: Behaviour = {}) {
  const hostKeys = generateKeyPair();
  const seen = { connections: 0, authentications: 0, commands: [] as string[] };
  const sockets = new Set<Socket>();
  const process = { pid: 4711, processGroup: 4711, startTicks: "99" };

  const destroyAll = () => {
    for (const socket of sockets) socket.destroy();
  };

  const ssh = new ssh2.Server(
    { hostKeys: [hostKeys.privateKey], ...(behaviour.banner === undefined ? {} : { banner: behaviour.banner }) },
    (client) => {
      let sessions = 0;
      client.on("error", () => undefined);
      client.on("authentication", (context) => {
        seen.authentications += 1;
        if (behaviour.login !== undefined)
          return behaviour.login(context, context.method === "publickey" && context.signature !== undefined);
        if (context.method !== "publickey") return context.reject(["publickey"]);
        const key = `${context.key.algo} ${context.key.data.toString("base64")}`;
        if (behaviour.accepts?.(key) ?? true) context.accept();
        else context.reject(["publickey"]);
      });
      client.on("session", (accept, reject) => {
        if (sessions >= (behaviour.maxSessions ?? 10)) return reject();
        sessions += 1;
        const session: Session = accept();
        session.on("exec", (acceptExec, _rejectExec, { command: line }) => {
          const channel: ServerChannel = acceptExec();
          channel.on("close", () => {
            sessions -= 1;
          });
          serve(line, channel);
        });
      });
    },
  );

  const serve = (line: string, channel: ServerChannel) => {
    let stdin = "";
    channel.on("error", () => undefined);
    channel.on("data", (chunk: Buffer) => {
      stdin += chunk.toString("utf8");
    });
    channel.on("end", () => {
      const request = decodeRequest(stdin);
      if (request === undefined) return channel.close();
      seen.commands.push(request.script.name);
      const command: Command = {
        line,
        request,
        channel,
        cut: destroyAll,
        answer(stdout = "", stderr = "", exitCode = 0) {
          const marks = outputMarks(request.nonce, exitCode, process);
          channel.stderr.write(marks.stderr.begin + stderr + marks.stderr.end);
          channel.write(marks.stdout.begin + stdout + marks.stdout.end);
          channel.exit(exitCode);
          channel.end();
        },
      };
      if (behaviour.onCommand === undefined) command.answer();
      else behaviour.onCommand(command);
    });
  };

  const listener = createServer((socket) => {
    seen.connections += 1;
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    if (behaviour.onSocket === undefined) ssh.injectSocket(socket);
    else behaviour.onSocket(socket);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port");

  return {
    port: address.port,
    hostKey: hostKeys.publicKey,
    process,
    seen,
    cut: destroyAll,
    /** Stops answering, with the connections still open: like a host without power. */
    freeze() {
      for (const socket of sockets) socket.pause().removeAllListeners("data");
    },
    async [Symbol.asyncDispose]() {
      destroyAll();
      listener.close();
      await once(listener, "close");
    },
  };
}
