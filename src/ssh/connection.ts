import { connect as connectSocket, type Socket } from "node:net";
import ssh2, { type Client, type ClientErrorExtensions, type PublicKeyAuthMethod } from "ssh2";
import { type AddressGate, messageOf } from "./addresses.ts";
import { HostError, type SshTarget } from "./host-session.ts";
import { type HostTrust, hostKeyAlgorithms, refusal } from "./host-trust.ts";
import type { ReadPrivateKey } from "./private-key.ts";
import { type PublicKey, publicKeyOfBlob } from "./public-key.ts";

/** An authenticated connection to a host whose key was verified. */
export interface Connection {
  readonly client: Client;
  readonly serverKey: PublicKey;
  /** Resolves when it is over, with the reason. */
  readonly closed: Promise<string>;
  end(): void;
}

export interface ConnectOptions {
  readonly gate: AddressGate;
  readonly readKey: ReadPrivateKey;
  /** Ends the attempt; its reason becomes the error's cause. */
  readonly signal: AbortSignal;
  readonly keepaliveSeconds: number;
  readonly keepaliveMisses: number;
}

/** Rejects with a {@link HostError}, `started` false: nothing of a command has been sent by then. */
export async function connect(target: SshTarget, trust: HostTrust, options: ConnectOptions): Promise<Connection> {
  const method: PublicKeyAuthMethod = { type: "publickey", username: target.user, key: options.readKey(target) };
  const addresses = await options.gate(target.host);
  const socket = await firstSocket(target, addresses, options.signal);
  return handshake(socket, target, method, trust, options);
}

async function firstSocket(target: SshTarget, addresses: readonly string[], signal: AbortSignal): Promise<Socket> {
  const failures: string[] = [];
  for (const address of addresses) {
    try {
      return await openSocket(address, target.port, signal);
    } catch (error) {
      failures.push(messageOf(error));
      if (signal.aborted) break;
    }
  }
  const why = failures.length === 0 ? "it has no address" : failures.join("; ");
  throw new HostError("Unreachable", `${target.host}:${target.port} cannot be reached: ${why}`, { started: false });
}

function openSocket(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = connectSocket({ host, port, noDelay: true });
    const onAbort = () => socket.destroy(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

function handshake(
  sock: Socket,
  target: SshTarget,
  method: PublicKeyAuthMethod,
  trust: HostTrust,
  { signal, keepaliveSeconds, keepaliveMisses }: ConnectOptions,
): Promise<Connection> {
  const client = new ssh2.Client();
  const closed = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<Connection>();
  let refused: HostError | undefined;
  let serverKey: PublicKey | undefined;
  let lastError = "the host closed it";

  const fail = (code: "Unreachable" | "AuthenticationFailed" | "HostKeyMismatch", why: string, cause?: unknown) => {
    ready.reject(refused ?? new HostError(code, `${target.host}:${target.port} ${why}`, { started: false, cause }));
    client.destroy();
  };
  const onAbort = () =>
    fail("Unreachable", `did not finish the SSH handshake: ${messageOf(signal.reason)}`, signal.reason);

  client.on("ready", () => {
    signal.removeEventListener("abort", onAbort);
    if (serverKey === undefined) return fail("Unreachable", "did not present a host key");
    ready.resolve({ client, serverKey, closed: closed.promise, end: () => client.end() });
  });
  client.on("error", (error: Error & ClientErrorExtensions) => {
    lastError = error.message;
    if (error.level === "client-authentication") {
      fail("AuthenticationFailed", `refused the key for user ${target.user}`, error);
    } else if (/no matching host key/i.test(error.message) && trust.keys.length > 0) {
      fail("HostKeyMismatch", `offers no host key of the pinned types (${trust.keys.map((k) => k.type).join(", ")})`);
    } else {
      fail("Unreachable", `broke off the SSH handshake: ${error.message}`, error);
    }
  });
  client.on("close", () => {
    signal.removeEventListener("abort", onAbort);
    fail("Unreachable", "closed the connection during the SSH handshake");
    closed.resolve(lastError);
  });
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });

  client.connect({
    sock,
    username: target.user,
    // Exactly one attempt, with the key: no "none" probe, no password, no agent.
    authHandler: [method],
    hostVerifier: (blob: Buffer) => {
      serverKey = publicKeyOfBlob(Buffer.from(blob));
      if (serverKey !== undefined) refused = refusal(trust, serverKey);
      return serverKey !== undefined && refused === undefined;
    },
    algorithms: { serverHostKey: hostKeyAlgorithms(trust), compress: ["none"] },
    readyTimeout: 0,
    keepaliveInterval: keepaliveSeconds * 1000,
    keepaliveCountMax: keepaliveMisses,
  });
  return ready.promise;
}
