import { connect as connectSocket, type Socket } from "node:net";
import ssh2, { type AgentAuthMethod, type Client, type ClientErrorExtensions } from "ssh2";
import type { Clock } from "../clock.ts";
import { type AddressGate, messageOf } from "./addresses.ts";
import { ciphers, keyExchanges, keyProblem, macs } from "./algorithms.ts";
import { HostError, type SshTarget } from "./host-session.ts";
import { type HostTrust, hostKeyAlgorithms, refusal } from "./host-trust.ts";
import { filterPackets, isPassedOver } from "./inbound-packets.ts";
import { PacedSocket } from "./paced-socket.ts";
import { createPacketBudget, isUnsolicited } from "./packet-budget.ts";
import type { ReadPrivateKey } from "./private-key.ts";
import { type PublicKey, publicKeyOfBlob } from "./public-key.ts";
import { SigningAgent } from "./signing-agent.ts";

/** An authenticated connection to a host whose key was verified. */
export interface Connection {
  readonly client: Client;
  readonly serverKey: PublicKey;
  /** Resolves with the reason when the connection has ended. */
  readonly closed: Promise<string>;
  /** Why we closed the connection: the host made us work for nothing. Undefined if it did not. */
  readonly abuse: string | undefined;
  /** Closes it at once, because of what the host does. */
  leave(why: string): void;
  end(): void;
  /** Closes it without waiting for the host. */
  destroy(): void;
}

/** Options of one connection. */
export interface ConnectOptions {
  readonly clock: Pick<Clock, "monotonic">;
  readonly gate: AddressGate;
  readonly readKey: ReadPrivateKey;
  /** Ends the attempt; its reason becomes the error's cause. */
  readonly signal: AbortSignal;
  readonly keepaliveSeconds: number;
  readonly keepaliveMisses: number;
}

/** Rejects with a {@link HostError}, `started` false: no part of a command has been sent. */
export async function connect(target: SshTarget, trust: HostTrust, options: ConnectOptions): Promise<Connection> {
  const agent = new SigningAgent(await options.readKey(target, options.signal));
  const addresses = await options.gate(target.host);
  const socket = await firstSocket(target, addresses, options.signal);
  return handshake(socket, target, agent, trust, options);
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

/** Refuses an unacceptable key without verifying its signature. */
function unusable(trust: HostTrust, key: PublicKey): HostError | undefined {
  const problem = keyProblem(key);
  if (problem === undefined) return undefined;
  return new HostError("HostKeyMismatch", `the host key of ${trust.endpoint} ${problem}`, { started: false });
}

const failureWords = "Inbound: Received USERAUTH_FAILURE (";

/**
 * Why the host rejected the key. `known`: it asked for a signature, so it has the key. `methods`: the methods it would
 * continue with; undefined if it did not list them.
 */
function whyRefused(user: string, known: boolean, methods: readonly string[] | undefined): string {
  const otherwise = methods !== undefined && !methods.includes("publickey");
  const more = (methods ?? []).slice(0, 8).join(" or ").slice(0, 200);
  if (known && otherwise)
    return `accepted the key for user ${user} and asks for a second factor (${more}): exempt the operator's key from it with a Match block in sshd_config`;
  if (known)
    return `knows the key for user ${user} but rejects the account: it is locked or expired, or PAM refuses it`;
  if (otherwise)
    return `accepts no public keys for user ${user}, only ${more}: allow PubkeyAuthentication in sshd_config`;
  return `refused the key for user ${user}: it is not in authorized_keys, or sshd_config (PermitRootLogin, AllowUsers) or a locked account keeps the user out`;
}

/** A handshake costs both sides work, and the host may start one at any time. sshd does so after gigabytes or hours. */
const maxHandshakesPerMinute = 10;

function handshake(
  socket: Socket,
  target: SshTarget,
  agent: SigningAgent,
  trust: HostTrust,
  { clock, signal, keepaliveSeconds, keepaliveMisses }: ConnectOptions,
): Promise<Connection> {
  const client = new ssh2.Client();
  const sock = new PacedSocket(socket);
  const budget = createPacketBudget(clock);
  const closed = Promise.withResolvers<string>();
  const ready = Promise.withResolvers<Connection>();
  let refused: HostError | undefined;
  let serverKey: PublicKey | undefined;
  let lastError = "the host closed it";
  let abuse: string | undefined;
  const handshakes: number[] = [];
  const method: AgentAuthMethod = { type: "agent", username: target.user, agent };
  let goesOnWith: readonly string[] | undefined;

  const fail = (code: "Unreachable" | "AuthenticationFailed" | "HostKeyMismatch", why: string, cause?: unknown) => {
    ready.reject(refused ?? new HostError(code, `${target.host}:${target.port} ${why}`, { started: false, cause }));
    sock.destroy();
  };
  const leave = (why: string) => {
    abuse ??= why;
    closed.resolve(why);
    fail("Unreachable", `was left during the SSH handshake: ${why}`);
  };
  const spend = (bytes: number, unsolicited: boolean): boolean => {
    if (abuse !== undefined) return false;
    const why = budget.spend(bytes, unsolicited);
    if (why !== undefined) leave(why);
    return why === undefined;
  };
  const onAbort = () =>
    fail("Unreachable", `did not finish the SSH handshake: ${messageOf(signal.reason)}`, signal.reason);

  client.on("ready", () => {
    signal.removeEventListener("abort", onAbort);
    if (serverKey === undefined) return fail("Unreachable", "did not present a host key");
    ready.resolve({
      client,
      serverKey,
      closed: closed.promise,
      get abuse() {
        return abuse;
      },
      leave,
      end: () => client.end(),
      destroy: () => sock.destroy(),
    });
  });
  client.on("error", (error: Error & ClientErrorExtensions) => {
    lastError = error.message;
    if (error.level === "client-authentication") {
      fail("AuthenticationFailed", whyRefused(target.user, agent.asked, goesOnWith), error);
    } else if (/no matching host key/i.test(error.message) && trust.keys.length > 0) {
      fail("HostKeyMismatch", `offers no host key of the pinned types (${trust.keys.map((k) => k.type).join(", ")})`);
    } else {
      fail("Unreachable", `broke off the SSH handshake: ${error.message}`, error);
    }
  });
  client.on("handshake", () => {
    const now = clock.monotonic();
    handshakes.push(now);
    while (now - (handshakes[0] ?? now) > 60_000) handshakes.shift();
    if (handshakes.length > maxHandshakesPerMinute)
      leave(`the host asked for new keys ${handshakes.length} times in a minute`);
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
    // The library reports nothing else about a failed key.
    debug(line) {
      if (isPassedOver(line)) spend(0, true);
      if (line.startsWith(failureWords)) goesOnWith = line.slice(failureWords.length, -1).split(",");
    },
    hostVerifier: (blob: Buffer) => {
      serverKey = publicKeyOfBlob(Buffer.from(blob));
      if (serverKey !== undefined) refused = unusable(trust, serverKey) ?? refusal(trust, serverKey);
      return serverKey !== undefined && refused === undefined;
    },
    algorithms: {
      kex: [...keyExchanges],
      cipher: [...ciphers],
      hmac: [...macs],
      serverHostKey: hostKeyAlgorithms(trust),
      compress: ["none"],
    },
    readyTimeout: 0,
    keepaliveInterval: keepaliveSeconds * 1000,
    keepaliveCountMax: keepaliveMisses,
  });
  filterPackets(client, (payload) => spend(payload.length, isUnsolicited(payload)));
  return ready.promise;
}
