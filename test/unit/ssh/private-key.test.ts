import { describe, expect, it } from "vitest";
import { createKeyReader, credentialIdentity } from "../../../src/ssh/private-key.ts";
import { encryptedKey, publicKeys, slowKey } from "./keys.ts";

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

describe("a private key", () => {
  it("is opened with its passphrase, once", () => {
    const read = createKeyReader();
    const first = read(target(encryptedKey, "open sesame"));
    expect(first.comment).toBe("locked");
    expect(read(target(encryptedKey, "open sesame"))).toBe(first);
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
  ])("that %s is refused with what to do", (_name, key, passphrase, why) => {
    const read = createKeyReader();
    const attempt = () => read(target(key, passphrase));
    expect(attempt).toThrow(invalid(why));
    expect(attempt).toThrow(invalid(why));
  });

  it("is known by a digest that tells nothing of it", () => {
    const one = credentialIdentity({ privateKey: encryptedKey, passphrase: "open sesame", version: "1" });
    expect(one).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect(credentialIdentity({ privateKey: encryptedKey, passphrase: "open sesame", version: "2" })).not.toBe(one);
  });
});
