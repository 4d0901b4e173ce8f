import { createServer, type Server as NetServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import ssh2, { type AuthContext, type Connection, type ParsedKey } from "ssh2";
import { execLines } from "../ssh/wire.ts";
import { delayed } from "./latency.ts";
import type { Host } from "./model/state.ts";
import type { Rack } from "./rack.ts";
import { answerConsole, consoleOf } from "./ssh-console.ts";
import { answerExec } from "./ssh-exec.ts";

/** A rack behind real SSH: one server per host. */
export interface RackServer {
  /** By host name: address, port, user and host key. */
  readonly endpoints: ReadonlyMap<string, RackEndpoint>;
  /** OpenSSH private key that every host accepts. */
  readonly clientKey: string;
  close(): Promise<void>;
}

interface RackEndpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** `ssh-ed25519 AAAA…` */
  readonly hostKey: string;
}

/** Latency and host keys of the rack's SSH servers. */
export interface RackServerOptions {
  /** One way, on every byte. */
  readonly latencyMs?: number;
  /** Keys of an earlier run, so that pinned host keys stay valid; generated where absent. */
  readonly keys?: RackKeys;
}

/** OpenSSH private keys. */
export interface RackKeys {
  readonly client: string;
  readonly hosts: Readonly<Record<string, string>>;
}

function generateKeys(hosts: Iterable<string>): RackKeys {
  return { client: generateKey(), hosts: Object.fromEntries([...hosts].map((name) => [name, generateKey()])) };
}

/** About one key in two hundred that ssh2 writes cannot be read again. */
function generateKey(): string {
  for (;;) {
    const text = ssh2.utils.generateKeyPairSync("ed25519").private;
    if (!(ssh2.utils.parseKey(text) instanceof Error)) return text;
  }
}

function parseKey(text: string): ParsedKey {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw key;
  return key;
}

const publicLine = (key: ParsedKey) => `${key.type} ${key.getPublicSSH().toString("base64")}`;

/** Starts listening on the ports of the rack file (0: any free one). The rack must run on a clock of real time. */
export async function serveRack(rack: Rack, options: RackServerOptions = {}): Promise<RackServer> {
  const keys = options.keys ?? generateKeys(rack.hosts.keys());
  const client = parseKey(keys.client);
  const servers: HostServer[] = [];
  const endpoints = new Map<string, RackEndpoint>();
  try {
    for (const [name, host] of rack.hosts) {
      const ssh = rack.file.hosts[name]?.ssh;
      const hostKey = keys.hosts[name] ?? generateKey();
      if (ssh === undefined) continue;
      const server = createHostServer(rack, host, { hostKey, client, user: ssh.user, sudo: ssh.sudo, ...options });
      servers.push(server);
      const port = await server.listen(ssh.port, ssh.address);
      endpoints.set(name, { host: ssh.address, port, user: ssh.user, hostKey: publicLine(parseKey(hostKey)) });
    }
  } catch (error) {
    await Promise.all(servers.map((server) => server.close()));
    throw error;
  }
  // The rack needs regular calls of settle: events occur by themselves, and a host that reboots resets its connections.
  const timer = setInterval(() => rack.settle(), 250);
  timer.unref();
  return {
    endpoints,
    clientKey: keys.client,
    async close() {
      clearInterval(timer);
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

interface HostServer {
  listen(port: number, address: string): Promise<number>;
  close(): Promise<void>;
}

interface HostServerOptions {
  readonly hostKey: string;
  readonly client: ParsedKey;
  readonly user: string;
  readonly sudo: "Allowed" | "Denied";
  readonly latencyMs?: number;
}

function createHostServer(rack: Rack, host: Host, options: HostServerOptions): HostServer {
  const sockets = new Set<Socket>();
  const silenced = new Set<Socket>();
  const reachable = () => host.power === "On" && host.management === "Connected";
  const server = new ssh2.Server(
    { hostKeys: [options.hostKey], ident: "OpenSSH_9.2p1 Debian-2+deb12u10" },
    (connection) => talk(rack, host, connection, options),
  );

  const unsubscribe = rack.subscribe((event) => {
    if (event.host !== host.name) return;
    // A host without power closes no connection. After a boot its kernel does not know the old ones and resets them.
    if (event.kind === "HostDown") for (const socket of sockets) silenced.add(socket);
    if (event.kind === "HostUp") for (const socket of silenced) socket.destroy();
  });

  const listener: NetServer = createServer({ noDelay: true }, (socket) => {
    rack.settle();
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      sockets.delete(socket);
      silenced.delete(socket);
    });
    if (host.power === "Booting") socket.destroy();
    else if (!reachable()) {
      silenced.add(socket);
      socket.resume();
    } else {
      const open = () => reachable() && !silenced.has(socket);
      const stream: Duplex = delayed(socket, options.latencyMs ?? 0, open);
      // Declared for a Socket, although it only reads and writes.
      Reflect.apply(server.injectSocket, server, [stream]);
    }
  });

  return {
    listen: (port, address) =>
      new Promise((resolve, reject) => {
        listener.once("error", reject);
        listener.listen(port, address, () => {
          const bound = listener.address();
          resolve(typeof bound === "object" && bound !== null ? bound.port : port);
        });
      }),
    close: () =>
      new Promise((resolve) => {
        unsubscribe();
        listener.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function talk(rack: Rack, host: Host, connection: Connection, options: HostServerOptions): void {
  connection.on("error", () => connection.end());
  connection.on("authentication", (context: AuthContext) => {
    if (context.method !== "publickey" || context.username !== options.user) return context.reject(["publickey"]);
    const same = context.key.algo === options.client.type && context.key.data.equals(options.client.getPublicSSH());
    if (!same) return context.reject(["publickey"]);
    if (context.signature === undefined || context.blob === undefined) return context.accept();
    if (options.client.verify(context.blob, context.signature, context.hashAlgo) === true) return context.accept();
    return context.reject(["publickey"]);
  });
  connection.on("ready", () => {
    connection.on("session", (accept) => {
      const session = accept();
      session.on("pty", (acceptTerminal) => acceptTerminal());
      session.on("exec", (acceptExec, rejectExec, { command }) => {
        const guest = consoleOf(command);
        if (guest !== undefined) return answerConsole(host, acceptExec(), guest);
        const become = command === execLines.None ? "None" : command === execLines.Sudo ? "Sudo" : undefined;
        if (become === undefined) return rejectExec();
        const denied = become === "Sudo" && options.sudo === "Denied";
        answerExec({ rack, host, connection, channel: acceptExec(), denied });
      });
    });
  });
}
