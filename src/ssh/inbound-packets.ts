import type { Client } from "ssh2";
import { message, wantsReply } from "./packet-budget.ts";

/** The private part of ssh2's connection that is used here. */
interface Protocol {
  /** Receives every packet outside of key exchanges. Read by each key exchange, for its new decipher. */
  _onPayload(payload: Buffer): unknown;
  requestFailure(): void;
}

/**
 * Puts `admit` before ssh2's own handling of packets; call it right after `client.connect`. ssh2 has no public handler
 * for this. Global requests are denied without a look at their content: ssh2 would parse all keys in
 * `hostkeys-00@openssh.com` and verify a signature with each. During key exchanges ssh2 handles packets itself:
 * {@link isPassedOver}.
 */
export function filterPackets(client: Client, admit: (payload: Buffer) => boolean): void {
  const protocol: unknown = Reflect.get(client, "_protocol");
  if (!isProtocol(protocol)) throw new Error("ssh2 has changed: its client has no _protocol with _onPayload");
  const handle = protocol._onPayload;
  protocol._onPayload = (payload) => {
    if (!admit(payload)) return undefined;
    switch (payload[0]) {
      case message.ignore:
      case message.unimplemented:
      case message.debug:
        return undefined;
      case message.globalRequest:
        if (wantsReply(payload, 1)) protocol.requestFailure();
        return undefined;
      default:
        return handle(payload);
    }
  };
}

function isProtocol(value: unknown): value is Protocol {
  const has = (name: string) =>
    typeof value === "object" && value !== null && typeof Reflect.get(value, name) === "function";
  return has("_onPayload") && has("requestFailure");
}

const passedOver = /^Inbound: (Received (IGNORE|UNIMPLEMENTED|DEBUG)\b|Skipping empty packet)/;

/** Whether a line of ssh2's debug output tells of a packet without effect. Inside key exchanges nothing else does. */
export const isPassedOver = (line: string): boolean => passedOver.test(line);
