import { generateKeyPairSync, getDiffieHellman } from "node:crypto";
import ssh2 from "ssh2";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import type { HostDialer } from "../../../src/ssh/host-session.ts";
import { generateKeyPair } from "../../generate-key.ts";
import { eventually } from "../eventually.ts";
import { longestStall, rekeyForEver, startGroupExchanger, startLaxServer, startTalker } from "./hostile-server.ts";
import { floodWith, globalRequest, sendPacket, string, uint32 } from "./packets.ts";
import { failureOf, openDialer, script, targetOn } from "./targets.ts";

const user = generateKeyPair();
const dialers: HostDialer[] = [];
function open(options: Parameters<typeof openDialer>[0] = {}) {
  const opened = openDialer(options);
  dialers.push(opened.dialer);
  return opened;
}
afterEach(async () => {
  await Promise.all(dialers.splice(0).map((dialer) => dialer.close()));
});

const rsaKey = (modulusLength: number) =>
  generateKeyPairSync("rsa", {
    modulusLength,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "pkcs1", format: "pem" },
  }).privateKey;

/** A public key whose exponent is as long as its modulus: verifying with it takes long. */
const rsaKeyBlob = Buffer.concat([
  string("ssh-rsa"),
  string(Buffer.concat([Buffer.from([0]), Buffer.alloc(384, 0x81)])),
  string(Buffer.concat([Buffer.from([0]), Buffer.alloc(1024, 0x83)])),
]);

/** The longest time of one of our handshakes on a busy machine; a prime of 8192 bits takes half a minute. */
const soon = 500;

describe("a host that chooses what is computed", () => {
  it.each([
    ["diffie-hellman-group-exchange-sha256", getDiffieHellman("modp18").getPrime()],
    ["diffie-hellman-group-exchange-sha1", Buffer.alloc(2048, 0xff)],
    ["diffie-hellman-group18-sha512", Buffer.alloc(0)],
    ["diffie-hellman-group17-sha512", Buffer.alloc(0)],
    ["diffie-hellman-group1-sha1", Buffer.alloc(0)],
  ])("by offering only %s is left before anything is computed", async (keyExchange, prime) => {
    await using server = await startGroupExchanger(keyExchange, Buffer.concat([Buffer.from([0]), prime]));
    const target = targetOn({ port: server.port, hostKey: generateKeyPair().publicKey }, user);
    let failure: unknown;
    const stall = await longestStall(async () => {
      failure = await failureOf(open().dialer.session(target).run(script("true")));
    });
    expect(failure).toEqual({
      code: "Unreachable",
      started: false,
      message: `127.0.0.1:${server.port} broke off the SSH handshake: Handshake failed: no matching key exchange algorithm`,
    });
    expect(server.seen).toEqual({ connections: 1, groups: 0 });
    expect(stall).toBeLessThan(soon);
  });

  it("by a host key of a size of its own is refused, and its signature not looked at", async () => {
    await using server = await startLaxServer({ hostKey: rsaKey(1024) });
    expect(await failureOf(open().dialer.session(targetOn(server, user)).run(script("true")))).toEqual({
      code: "HostKeyMismatch",
      started: false,
      message: `the host key of 127.0.0.1:${server.port} has 1024 bits; RSA keys from 2048 to 8192 bits are accepted`,
    });
    expect(server.seen.authentications).toBe(0);
  });

  it("by asking for new keys again and again is left", async () => {
    await using server = await startLaxServer({ onReady: rekeyForEver });
    const { dialer, events } = open();
    const run = failureOf(dialer.session(targetOn(server, user)).run(script("true")));
    expect(await run).toMatchObject({ code: "ConnectionLost" });
    await eventually("the connection is given up", () => events.some(({ kind }) => kind === "disconnected"), 10);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "disconnected", why: "the host asked for new keys 11 times in a minute" }),
    );
  });
});

describe("a host that sends packets for nothing", () => {
  const unsolicited = "the host sent more than 50 unsolicited packets in 10 seconds";

  it.each([
    ["global requests", globalRequest("x")],
    ["its host keys", globalRequest("hostkeys-00@openssh.com", string("no key"))],
    ["packets to ignore", Buffer.concat([Buffer.from([2]), string("x")])],
    ["debug messages", Buffer.concat([Buffer.from([4, 0]), string("x"), string("")])],
    ["complaints", Buffer.concat([Buffer.from([3]), uint32(0)])],
    [
      "channels",
      Buffer.concat([Buffer.from([90]), string("x11"), ...[0, 1, 1].map(uint32), string("127.0.0.1"), uint32(1)]),
    ],
    [
      "requests on a channel",
      Buffer.concat([Buffer.from([98]), uint32(0), string("keepalive@openssh.com"), Buffer.from([1])]),
    ],
    ["banners", Buffer.concat([Buffer.from([53]), string("x"), string("")])],
    ["packets of no known type", Buffer.from([200])],
  ])("is left: %s", async (_what, payload) => {
    await using server = await startLaxServer({ onReady: (client) => floodWith(client, payload) });
    const { dialer, events } = open();
    expect(await failureOf(dialer.session(targetOn(server, user)).run(script("true")))).toMatchObject({
      code: expect.stringMatching(/^(ConnectionLost|Unreachable)$/),
      message: expect.stringContaining(unsolicited),
    });
    await eventually("the connection is given up", () => events.some(({ kind }) => kind === "disconnected"), 10);
    expect(events).toContainEqual(expect.objectContaining({ kind: "disconnected", why: unsolicited }));
  });

  it.each([
    ["ignored", Buffer.concat([Buffer.from([2]), string("x")])],
    ["empty", Buffer.alloc(0)],
  ])("is left in the handshake: %s ones", async (_what, payload) => {
    await using server = await startTalker(payload, 200);
    const target = targetOn({ port: server.port, hostKey: generateKeyPair().publicKey }, user);
    expect(await failureOf(open().dialer.session(target).run(script("true")))).toEqual({
      code: "Unreachable",
      started: false,
      message: `127.0.0.1:${server.port} was left during the SSH handshake: ${unsolicited}`,
    });
  });

  it("is tried again later and later, although it lets us in", async () => {
    await using server = await startLaxServer({ onReady: (client) => floodWith(client, globalRequest("x")) });
    let ahead = 0;
    const clock = { ...systemClock, random: () => 1, monotonic: () => systemClock.monotonic() + ahead };
    const backoff = { baseMilliseconds: 100_000, maxMilliseconds: 1_000_000 };
    const { dialer, events } = open({ clock, limits: { backoff } });
    const run = () => failureOf(dialer.session(targetOn(server, user)).run(script("true")));
    for (const [index, seconds] of [100, 200, 400].entries()) {
      await run();
      const left = () => events.filter(({ kind }) => kind === "disconnected").length > index;
      await eventually("the connection is given up", left, 10);
      const { code, started, message } = await run();
      expect({ code, started }).toEqual({ code: "Unreachable", started: false });
      const [, next] = / \(attempt \d, the next one in (\d+) s\)$/.exec(message) ?? [];
      expect(message).toBe(
        `127.0.0.1:${server.port} was left: ${unsolicited} (attempt ${index + 1}, the next one in ${next} s)`,
      );
      expect(Number(next)).toBeLessThanOrEqual(seconds);
      expect(Number(next)).toBeGreaterThan(seconds - 30);
      ahead += 500_000;
    }
  });

  it("now and then, as sshd does, is answered and kept", async () => {
    await using server = await startLaxServer({
      onReady(client) {
        for (let count = 0; count < 30; count += 1) sendPacket(client, globalRequest("keepalive@openssh.com"));
      },
    });
    const { dialer, kinds } = open();
    const run = dialer.session(targetOn(server, user)).run(script("true", { timeoutSeconds: 0.5 }));
    expect(await failureOf(run)).toMatchObject({ code: "TimedOut" });
    expect(kinds()).not.toContain("disconnected");
  });
});

describe("host keys that a host lists after login", () => {
  it("are neither read nor asked for, and denied", async () => {
    const answers: string[] = [];
    await using server = await startLaxServer({
      onReady(client) {
        const protocol: unknown = Reflect.get(client, "_protocol");
        const handlers: unknown = Reflect.get(Object(protocol), "_handlers");
        Object.assign(Object(handlers), {
          REQUEST_FAILURE: () => answers.push("denied"),
          REQUEST_SUCCESS: () => answers.push("accepted"),
          GLOBAL_REQUEST: (_protocol: unknown, name: string) => answers.push(name),
        });
        // ssh2 breaks the connection off when it reads this.
        sendPacket(client, globalRequest("hostkeys-00@openssh.com", uint32(7)));
        sendPacket(client, globalRequest("hostkeys-00@openssh.com", string(rsaKeyBlob)));
      },
    });
    const { dialer, kinds } = open();
    const run = dialer.session(targetOn(server, user)).run(script("true", { timeoutSeconds: 0.5 }));
    expect(await failureOf(run)).toMatchObject({ code: "TimedOut" });
    expect(answers).toEqual(["denied", "denied"]);
    expect(kinds()).not.toContain("disconnected");
  });
});

describe("a user's key", () => {
  it.each([
    ["RSA", rsaKey(4096)],
    ["ECDSA P-256", ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 }).private],
    ["ECDSA P-521", ssh2.utils.generateKeyPairSync("ecdsa", { bits: 521 }).private],
  ])("of %s logs in, signed outside of the event loop", async (_type, privateKey) => {
    await using server = await startLaxServer();
    const { dialer, kinds } = open();
    const run = dialer.session(targetOn(server, { privateKey })).run(script("true", { timeoutSeconds: 0.2 }));
    await failureOf(run);
    expect(kinds()).toContain("connected");
  });
});
