import ssh2 from "ssh2";
import { describe, expect, it } from "vitest";
import { generateKeyPair } from "../../generate-key.ts";

describe("a generated key pair", () => {
  it("signs and verifies, every time", () => {
    const message = Buffer.from("message");
    const verdicts = Array.from({ length: 600 }, () => {
      const pair = generateKeyPair("demo");
      const [secret] = [ssh2.utils.parseKey(pair.privateKey)].flat();
      const [known] = [ssh2.utils.parseKey(pair.publicKey)].flat();
      if (secret === undefined || known === undefined || secret instanceof Error || known instanceof Error)
        return "unreadable";
      return [secret.comment, known.comment, known.verify(message, secret.sign(message))].join();
    });
    expect(new Set(verdicts)).toEqual(new Set(["demo,demo,true"]));
  });
});
