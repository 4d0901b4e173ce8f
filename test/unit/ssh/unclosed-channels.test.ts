import type { ServerChannel } from "ssh2";
import { afterEach, describe, expect, it } from "vitest";
import type { HostDialer } from "../../../src/ssh/host-session.ts";
import { generateKeyPair } from "../../generate-key.ts";
import { startMisbehavingServer } from "../../integration/ssh/misbehaving-server.ts";
import { failureOf, openDialer, script, targetOn } from "../../integration/ssh/targets.ts";
import { bytesInUse } from "../heap.ts";

const user = generateKeyPair();
const dialers: HostDialer[] = [];
afterEach(async () => {
  await Promise.all(dialers.splice(0).map((dialer) => dialer.close()));
});

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A host that answers each command with so much text and never closes its channel, before `close` tells it to. */
async function neverClosing(output = "") {
  const closes: (() => void)[] = [];
  const withhold = (channel: ServerChannel) => {
    const close = channel.close.bind(channel);
    closes.push(() => close());
    Object.assign(channel, { close: () => undefined });
  };
  const server = await startMisbehavingServer({
    onCommand({ request, channel, answer }) {
      withhold(channel);
      if (request.script.text !== "sleep 99") return answer(output);
      channel.stderr.write(`${request.nonce} begin 4711 4710 99\n`);
      channel.write(`${request.nonce} begin\n`);
    },
  });
  const { dialer, events } = openDialer({ limits: { graceSeconds: 0.1, killSeconds: 5 } });
  dialers.push(dialer);
  const session = dialer.session(targetOn(server, user));
  const limits = { maxOutputBytes: 4 * 2 ** 20 };
  return {
    server,
    run: (text = "true", timeoutSeconds = 20) => session.run(script(text, { timeoutSeconds, ...limits })),
    close: () => {
      for (const close of closes.splice(0)) close();
    },
    /** Why connections ended. */
    left: () => events.flatMap((event) => (event.kind === "disconnected" ? [event.why] : [])),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const why = "the host left 9 channels unclosed";

describe("a host that does not close the channels of ended commands", () => {
  it("fills no memory with what they printed", async () => {
    await using host = await neverClosing("x".repeat(1_900_000));
    await host.run();
    await wait(300);
    const before = bytesInUse();
    for (let count = 0; count < 6; count++) await host.run();
    await wait(300);
    expect(host.left()).toEqual([]);
    expect(bytesInUse() - before).toBeLessThan(6 * 2 ** 20);
  });

  it("keeps its connection with eight of them, and is left at the ninth", async () => {
    await using host = await neverClosing();
    await Promise.all(Array.from({ length: 8 }, () => host.run()));
    await wait(300);
    expect(host.left()).toEqual([]);
    await host.run();
    await wait(300);
    expect(host.left()).toEqual([why]);
    expect(await host.run()).toMatchObject({ exitCode: 0 });
    expect(host.server.seen.connections).toBe(2);
  });

  it("is kept where it closes them later", async () => {
    await using host = await neverClosing();
    for (let round = 0; round < 2; round++) {
      await Promise.all(Array.from({ length: 8 }, () => host.run()));
      await wait(300);
      host.close();
      await wait(100);
    }
    expect(host.left()).toEqual([]);
    expect(host.server.seen.connections).toBe(1);
  });

  it("is left also where it does not close those that end scripts", async () => {
    await using host = await neverClosing();
    await Promise.all(Array.from({ length: 5 }, () => failureOf(host.run("sleep 99", 0.2))));
    await wait(500);
    expect(host.left()).toEqual([why]);
  });
});
