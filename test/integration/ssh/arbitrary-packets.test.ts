import fc from "fast-check";
import type { Connection, ServerChannel } from "ssh2";
import { expect, it } from "vitest";
import { z } from "zod";
import { HostError } from "../../../src/ssh/host-session.ts";
import { generateKeyPair } from "../../generate-key.ts";
import { startMisbehavingServer } from "./misbehaving-server.ts";
import { sendPacket, string, uint32 } from "./packets.ts";
import { openDialer, script, targetOn } from "./targets.ts";

function send(channel: ServerChannel, payload: Buffer): void {
  sendPacket(z.custom<Connection>().parse(Reflect.get(channel, "_client")), payload);
}

/** A field of a payload of RFC 4254: channel numbers and lengths, booleans, names of requests, and arbitrary data. */
const field = fc.oneof(
  fc.constantFrom(0, 1, 7, 0xffffffff).map(uint32),
  fc
    .constantFrom(
      ...["exit-status", "exit-signal", "eow@openssh.com", "keepalive@openssh.com", "hostkeys-00@openssh.com"],
      ...["xon-xoff", "forwarded-tcpip", "x11", "auth-agent@openssh.com", "session", "direct-tcpip", "\0", ""],
    )
    .map((name) => string(Buffer.from(name))),
  fc.constantFrom(0, 1, 255).map((byte) => Buffer.from([byte])),
  fc.uint8Array({ maxLength: 20 }).map(string),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);
/** Whole messages for the channel of the command, in any order (RFC 4254, 5.2 and 5.3). */
const messages = [
  Buffer.concat([Buffer.from([94]), uint32(0), string(Buffer.from("x"))]),
  Buffer.concat([Buffer.from([95]), uint32(0), uint32(1), string(Buffer.from("x"))]),
  Buffer.concat([Buffer.from([96]), uint32(0)]),
  Buffer.concat([Buffer.from([97]), uint32(0)]),
  Buffer.concat([Buffer.from([98]), uint32(0), string(Buffer.from("exit-status")), Buffer.from([0]), uint32(1)]),
];
/** Messages about a channel (RFC 4250, 4.1.2) are more frequent than others. */
const number = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 80, max: 100 }) }, fc.integer({ min: 0, max: 255 }));
const odd = fc
  .tuple(number, fc.array(field, { maxLength: 6 }))
  .map(([type, rest]) => Buffer.from([type, ...Buffer.concat(rest)]));
const packets = fc.array(fc.oneof(fc.constantFrom(...messages), odd), { minLength: 1, maxLength: 5 });

it("whatever packets a host sends, its command ends with an error of that host", async () => {
  const user = generateKeyPair();
  await fc.assert(
    fc.asyncProperty(packets, async (payloads) => {
      await using server = await startMisbehavingServer({
        onCommand({ channel, cut }) {
          for (const payload of payloads) send(channel, payload);
          setTimeout(cut, 5);
        },
      });
      const { dialer } = openDialer();
      const ended = await dialer
        .session(targetOn(server, user))
        .run(script("true", { timeoutSeconds: 5 }))
        .catch((error: unknown) => error);
      await dialer.close();
      expect(ended).toBeInstanceOf(HostError);
    }),
    { numRuns: 300 },
  );
});
