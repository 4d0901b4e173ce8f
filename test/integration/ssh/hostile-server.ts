import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import ssh2, { type Connection, type ServerChannel } from "ssh2";
import { generateKeyPair } from "../../generate-key.ts";
import { string, uint32 } from "./packets.ts";

/** A packet before keys are exchanged (RFC 4253, section 6). */
function packet(payload: Buffer): Buffer {
  const short = 8 - ((payload.length + 5) % 8);
  const padding = short < 4 ? short + 8 : short;
  return Buffer.concat([uint32(payload.length + 1 + padding), Buffer.from([padding]), payload, Buffer.alloc(padding)]);
}

const keyExchangeInit = (keyExchange: string) =>
  Buffer.concat([
    Buffer.from([20]),
    Buffer.alloc(16, 7),
    ...[
      keyExchange,
      "ssh-ed25519",
      "aes128-ctr",
      "aes128-ctr",
      "hmac-sha2-256",
      "hmac-sha2-256",
      "none",
      "none",
      "",
      "",
    ].map(string),
    Buffer.from([0]),
    uint32(0),
  ]);

/** The types of the messages after the version line, before encryption begins (RFC 4253, section 6). */
function messagesIn(read: Buffer): number[] {
  const types: number[] = [];
  let at = read.indexOf("\n") + 1;
  while (at > 0 && at + 5 < read.length) {
    types.push(read.readUInt8(at + 5));
    at += 4 + read.readUInt32BE(at);
  }
  return types;
}

/**
 * A server that offers only one key exchange and, for group exchange (RFC 4419), names this prime: it has no key, and
 * needs none to make the client compute.
 */
export async function startGroupExchanger(keyExchange: string, prime: Buffer) {
  const seen = { connections: 0, groups: 0 };
  const server = await startHandshaker(keyExchange, (socket) => {
    seen.connections += 1;
    let read = Buffer.alloc(0);
    socket.on("data", (data) => {
      read = Buffer.concat([read, data]);
      // SSH_MSG_KEX_DH_GEX_REQUEST
      if (!messagesIn(read).includes(34)) return;
      seen.groups += 1;
      socket.write(packet(Buffer.concat([Buffer.from([31]), string(prime), string(Buffer.from([2]))])));
    });
  });
  return { ...server, seen };
}

/** A server that offers a key exchange and then sends this payload so many times, before the exchange has ended. */
export const startTalker = (payload: Buffer, count: number) =>
  startHandshaker("curve25519-sha256", (socket) => {
    socket.resume();
    for (let sent = 0; sent < count; sent += 1) socket.write(packet(payload));
  });

async function startHandshaker(keyExchange: string, onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    socket.write("SSH-2.0-OpenSSH_9.6\r\n");
    socket.write(packet(keyExchangeInit(keyExchange)));
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

export interface LaxServerOptions {
  /** Private, in a form that ssh2 reads; a new ed25519 key when absent. */
  readonly hostKey?: string;
  /** The program that the server names in its version line. */
  readonly ident?: string;
  readonly onReady?: (client: Connection) => void;
  /** Called with every command. Default: no answer at all. */
  readonly onCommand?: (channel: ServerChannel) => void;
}

/** A real SSH server on loopback that accepts every login. */
export async function startLaxServer({
  hostKey = generateKeyPair().privateKey,
  ident = "OpenSSH_9.6",
  onReady = () => undefined,
  onCommand = () => undefined,
}: LaxServerOptions = {}) {
  const parsed = ssh2.utils.parseKey(hostKey);
  if (parsed instanceof Error) throw parsed;
  const [key] = [parsed].flat();
  const seen = { authentications: 0 };
  const clients = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [hostKey], ident }, (client) => {
    clients.add(client);
    client.on("close", () => clients.delete(client)).on("error", () => undefined);
    client.on("authentication", (context) => {
      seen.authentications += 1;
      context.accept();
    });
    client.on("ready", () => onReady(client));
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec) => onCommand(acceptExec().on("error", () => undefined)));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    hostKey: `${key?.type} ${key?.getPublicSSH().toString("base64")}`,
    seen,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.end();
      server.close();
      await once(server, "close");
    },
  };
}

/** Asks a client for new keys again as soon as the last exchange is over. */
export function rekeyForEver(client: Connection): void {
  client.rekey(() => rekeyForEver(client));
}

/** The longest time that the event loop was blocked during a call, in milliseconds. */
export async function longestStall(during: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  try {
    await during();
    // A stall shows when the next timer is late.
    await new Promise((resolve) => setTimeout(resolve, 5));
  } finally {
    delay.disable();
  }
  return delay.max / 1e6;
}
