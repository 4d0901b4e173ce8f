import type { Clock } from "../clock.ts";

/** What a host may send on one connection within a time. */
export interface PacketLimits {
  readonly windowSeconds: number;
  /** Packets that answer nothing we sent. sshd sends a few at login, and keepalives once a second at most. */
  readonly unsolicited: number;
  /** Packets with less than {@link PacketLimits.smallBytes}: a script that prints line by line causes many. */
  readonly small: number;
  readonly smallBytes: number;
  /** Eight probes at once, with the largest answers that are read, are a quarter of it. */
  readonly bytes: number;
}

/** Limits that no honest sshd reaches. */
export const packetLimits: PacketLimits = {
  windowSeconds: 10,
  unsolicited: 50,
  small: 50_000,
  smallBytes: 256,
  bytes: 128 * 1024 * 1024,
};

/** Counts the packets of one connection. */
export interface PacketBudget {
  /** Why the connection must be closed; undefined if the packet is within the limits. */
  spend(bytes: number, unsolicited: boolean): string | undefined;
}

/** A full budget. */
export function createPacketBudget(clock: Pick<Clock, "monotonic">, limits = packetLimits): PacketBudget {
  const { windowSeconds, smallBytes } = limits;
  let since = clock.monotonic();
  let spent = { unsolicited: 0, small: 0, bytes: 0 };
  return {
    spend(bytes, unsolicited) {
      const now = clock.monotonic();
      if (now - since >= windowSeconds * 1000) {
        since = now;
        spent = { unsolicited: 0, small: 0, bytes: 0 };
      }
      spent.bytes += bytes;
      if (bytes < smallBytes) spent.small += 1;
      if (unsolicited) spent.unsolicited += 1;
      const within = `in ${windowSeconds} seconds`;
      if (spent.unsolicited > limits.unsolicited)
        return `the host sent more than ${limits.unsolicited} unsolicited packets ${within}`;
      if (spent.small > limits.small)
        return `the host sent more than ${limits.small} packets of less than ${smallBytes} bytes ${within}`;
      if (spent.bytes > limits.bytes) return `the host sent more than ${limits.bytes / 2 ** 20} MiB ${within}`;
      return undefined;
    },
  };
}

/** Message numbers (RFC 4250, section 4.1.2, and RFC 8308). */
export const message = {
  ignore: 2,
  unimplemented: 3,
  debug: 4,
  serviceAccept: 6,
  globalRequest: 80,
  channelRequest: 98,
} as const;

/** Messages that answer one of ours: key exchange, login, and what a channel needs. */
const answers: ReadonlySet<number> = new Set([
  message.serviceAccept,
  ...Array.from({ length: 30 }, (_, index) => 20 + index),
  ...[51, 52, 60, 81, 82, 91, 92, 93, 94, 95, 96, 97, 99, 100],
]);

/** Whether a packet answers nothing that we sent, or asks for an answer. */
export function isUnsolicited(payload: Buffer): boolean {
  const type = payload[0] ?? 0;
  return type === message.channelRequest ? wantsReply(payload, 5) : !answers.has(type);
}

/** The boolean after the name of a request; `nameAt` is where the length of the name is. */
export function wantsReply(request: Buffer, nameAt: number): boolean {
  if (request.length < nameAt + 4) return false;
  return request[nameAt + 4 + request.readUInt32BE(nameAt)] === 1;
}
