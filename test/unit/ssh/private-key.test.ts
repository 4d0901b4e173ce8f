import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { createKeyOpener } from "../../../src/ssh/key-opener.ts";
import { createKeyReader, credentialIdentity } from "../../../src/ssh/private-key.ts";
import { encryptedKey, longKey, publicKeys, slowKey } from "./keys.ts";

const target = (privateKey: string, passphrase?: string) => ({
  host: "bella",
  port: 22,
  user: "root",
  become: "None" as const,
  hostKeys: [],
  hostKeyPolicy: "Pinned" as const,
  credential: { privateKey, ...(passphrase === undefined ? {} : { passphrase }), version: "1" },
});
const invalid = (why: string) =>
  expect.objectContaining({
    code: "CredentialInvalid",
    started: false,
    message: `the private key for bella:22 cannot be used: ${why}`,
  });

const rsaKey = (modulusLength: number) =>
  generateKeyPairSync("rsa", {
    modulusLength,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "pkcs1", format: "pem" },
  }).privateKey;

/** The slow key with a 1 after its rounds in the options of bcrypt, where ssh2 does not look. */
function withRoundsAfterRounds(): string {
  const [first = "", ...lines] = slowKey.trim().split("\n");
  const bytes = Buffer.from(lines.slice(0, -1).join(""), "base64");
  const rounds = bytes.indexOf(Buffer.from([0, 0, 0, 65]));
  const options = bytes.lastIndexOf(Buffer.from([0, 0, 0, 24]), rounds);
  const more = Buffer.concat([bytes.subarray(0, rounds + 4), Buffer.from([0, 0, 0, 1]), bytes.subarray(rounds + 4)]);
  more.writeUInt32BE(28, options);
  return `${first}\n${more.toString("base64")}\n${lines.at(-1)}\n`;
}

/** A key with an allowed modulus, but with a prime and an exponent that would take minutes to compute. */
function monstrousKey(): string {
  const { n = "", e = "", d = "", q = "", dq = "", qi = "" } = createPrivateKey(rsaKey(2048)).export({ format: "jwk" });
  const tagged = (tag: number, content: Buffer) => {
    const length = Buffer.alloc(3, 0x82);
    length.writeUInt16BE(content.length, 1);
    return Buffer.concat([Buffer.from([tag]), length, content]);
  };
  const integer = (bytes: Buffer) => tagged(2, Buffer.concat([Buffer.from([0]), bytes]));
  const numbers = [n, e, d].map((number) => Buffer.from(number, "base64url"));
  const huge = Buffer.alloc(2000, 0xff);
  const rest = [huge, Buffer.from(q, "base64url"), huge, ...[dq, qi].map((number) => Buffer.from(number, "base64url"))];
  const der = tagged(0x30, Buffer.concat([tagged(2, Buffer.from([0])), ...[...numbers, ...rest].map(integer)]));
  return `-----BEGIN RSA PRIVATE KEY-----\n${der.toString("base64")}\n-----END RSA PRIVATE KEY-----\n`;
}

const opener = createKeyOpener();
afterAll(() => opener.close());
const never = new AbortController().signal;

describe("a private key", () => {
  it("is opened with its passphrase, once", async () => {
    const read = createKeyReader(opener);
    const first = await read(target(encryptedKey, "open sesame"), never);
    expect(first.comment).toBe("locked");
    expect(await read(target(encryptedKey, "open sesame"), never)).toBe(first);
  });

  it("is opened in a thread of its own: nothing else waits for it", async () => {
    const opening = createKeyReader(opener)(target(longKey, "open sesame"), never);
    const before = process.threadCpuUsage();
    expect(await opening).toMatchObject({ comment: "locked" });
    // CPU time in microseconds. 64 rounds take seconds.
    expect(process.threadCpuUsage(before).user).toBeLessThan(300_000);
  });

  it("with headers without an end is looked at in a thread of its own, without a passphrase too", async () => {
    const headers = `-----BEGIN RSA PRIVATE KEY-----\n${"a:b\n".repeat(4000)}`;
    const before = process.threadCpuUsage();
    await expect(createKeyReader(opener)(target(headers), never)).rejects.toThrow(
      invalid("it must be a private key in OpenSSH or PEM (RSA, EC) form"),
    );
    // Some sixty thousand if this thread parsed it itself.
    expect(process.threadCpuUsage(before).user).toBeLessThan(20_000);
  });

  it("that takes longer than an attempt is there for the next one", async () => {
    const read = createKeyReader(opener);
    const impatient = AbortSignal.abort();
    await expect(read(target(encryptedKey, "open sesame"), impatient)).rejects.toThrow(
      expect.objectContaining({
        code: "Unreachable",
        message: "the private key for bella:22 is still being opened with its passphrase",
      }),
    );
    expect(await read(target(encryptedKey, "open sesame"), never)).toMatchObject({ comment: "locked" });
  });

  it.each([
    [
      "is encrypted and comes without passphrase",
      encryptedKey,
      undefined,
      "it is encrypted and the Secret has no ssh-passphrase",
    ],
    ["comes with the wrong passphrase", encryptedKey, "hunter2", "the ssh-passphrase does not open it"],
    ["is no key", "hello", undefined, "it must be a private key in OpenSSH or PEM (RSA, EC) form"],
    ["is a public key", publicKeys.ed25519, undefined, "it is a public key"],
    [
      "would keep the operator busy for long",
      slowKey,
      "open sesame",
      "it is encrypted with 65 rounds of bcrypt, at most 64 are accepted: ssh-keygen -p -a 16",
    ],
    [
      "hides its rounds behind a character that is not base64",
      slowKey.replace("KEY-----\n", "KEY-----\n!"),
      "open sesame",
      "it is not a whole private key in OpenSSH form",
    ],
    [
      "hides its rounds before another number",
      withRoundsAfterRounds(),
      "open sesame",
      "it is encrypted with 65 rounds of bcrypt, at most 64 are accepted: ssh-keygen -p -a 16",
    ],
    [
      "is longer than any key",
      `${encryptedKey}${" ".repeat(16 * 1024)}`,
      "open sesame",
      `it has ${encryptedKey.length + 16 * 1024} characters, at most 16384 are accepted`,
    ],
    ["is weak", rsaKey(1024), undefined, "it has 1024 bits; RSA keys from 2048 to 8192 bits are accepted"],
    [
      "has primes that do not fit its modulus",
      monstrousKey(),
      undefined,
      "it is an RSA key whose primes do not fit its modulus",
    ],
  ])("that %s is refused with what to do", async (_name, key, passphrase, why) => {
    const read = createKeyReader(opener);
    const attempt = () => read(target(key, passphrase), never);
    await expect(attempt()).rejects.toThrow(invalid(why));
    await expect(attempt()).rejects.toThrow(invalid(why));
  });

  it("is known by a digest that tells nothing of it", () => {
    const one = credentialIdentity({ privateKey: encryptedKey, passphrase: "open sesame", version: "1" });
    expect(one).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(credentialIdentity({ privateKey: encryptedKey, passphrase: "open sesame", version: "2" })).not.toBe(one);
  });
});
