import { generateKeyPairSync, getDiffieHellman } from "node:crypto";
import ssh2 from "ssh2";
import { afterEach, describe, expect, it } from "vitest";
import type { HostDialer } from "../../../src/ssh/host-session.ts";
import { generateKeyPair } from "../../generate-key.ts";
import { eventually } from "../eventually.ts";
import { longestStall, rekeyForEver, startGroupExchanger, startLaxServer } from "./hostile-server.ts";
import { failureOf, openDialer, script, targetOn } from "./targets.ts";

const user = generateKeyPair();
const dialers: HostDialer[] = [];
function open() {
  const opened = openDialer();
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
