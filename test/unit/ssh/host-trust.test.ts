import { describe, expect, it } from "vitest";
import type { SshTarget } from "../../../src/ssh/host-session.ts";
import { hostKeyAlgorithms, hostTrust, refusal } from "../../../src/ssh/host-trust.ts";
import { parsePublicKey } from "../../../src/ssh/public-key.ts";
import { ed25519Fingerprint, publicKeys } from "./keys.ts";

type Source = Pick<SshTarget, "host" | "port" | "hostKeys" | "knownHosts" | "hostKeyPolicy">;
const { ed25519, ecdsa, rsa } = publicKeys;

function key(line: string) {
  const parsed = parsePublicKey(line);
  if (parsed === undefined) throw new Error(`not a key: ${line}`);
  return parsed;
}
function verdict(source: Partial<Source>, presented: string, seenBefore?: string) {
  const target: Source = { host: "bella", port: 22, hostKeys: [], hostKeyPolicy: "Pinned", ...source };
  const error = refusal(hostTrust(target, seenBefore === undefined ? undefined : key(seenBefore)), key(presented));
  return error === undefined ? "trusted" : error.code;
}

describe("a host that presents its key", () => {
  it.each<[string, Partial<Source>, string]>([
    ["is trusted with the pinned one", { hostKeys: [rsa, `${ed25519} root@bella`] }, "trusted"],
    ["is refused with another than the pinned one", { hostKeys: [rsa] }, "HostKeyMismatch"],
    ["is unknown when nothing is pinned", {}, "HostKeyUnknown"],
    ["is trusted by known_hosts", { knownHosts: `bella ${ed25519}` }, "trusted"],
    ["is refused when known_hosts names another key", { knownHosts: `bella ${ecdsa}` }, "HostKeyMismatch"],
    [
      "is judged by hostKeys before known_hosts",
      { hostKeys: [rsa], knownHosts: `bella ${ed25519}` },
      "HostKeyMismatch",
    ],
    [
      "is refused with a revoked key, pinned or not",
      { hostKeys: [ed25519], knownHosts: `@revoked * ${ed25519}` },
      "HostKeyMismatch",
    ],
    ["is trusted on first use", { hostKeyPolicy: "TrustOnFirstUse" }, "trusted"],
    [
      "is refused on first use with a revoked key",
      { hostKeyPolicy: "TrustOnFirstUse", knownHosts: `@revoked * ${ed25519}` },
      "HostKeyMismatch",
    ],
    [
      "is refused under TrustOnFirstUse once a key is recorded",
      { hostKeyPolicy: "TrustOnFirstUse", hostKeys: [rsa] },
      "HostKeyMismatch",
    ],
  ])("%s", (_name, source, expected) => {
    expect(verdict(source, ed25519)).toBe(expected);
  });

  it("is held to the key that this process saw first", () => {
    expect(verdict({ hostKeyPolicy: "TrustOnFirstUse" }, ed25519, ed25519)).toBe("trusted");
    expect(verdict({ hostKeyPolicy: "TrustOnFirstUse" }, rsa, ed25519)).toBe("HostKeyMismatch");
  });

  it("is shown to whoever has to pin it", () => {
    const trust = hostTrust({ host: "bella", port: 22, hostKeys: [], hostKeyPolicy: "Pinned" }, undefined);
    expect(refusal(trust, key(ed25519))?.message).toBe(
      `no host key is pinned for bella:22; it presented ${ed25519Fingerprint} (${ed25519}): compare it on the host's console, then pin it`,
    );
  });

  it("is not trusted through a certificate authority, and the message says why", () => {
    const source: Source = {
      host: "bella",
      port: 22,
      hostKeys: [],
      hostKeyPolicy: "Pinned",
      knownHosts: `@cert-authority * ${rsa}`,
    };
    expect(refusal(hostTrust(source, undefined), key(ed25519))?.message).toMatch(/host certificates are not supported/);
  });

  it("is asked for a key of a pinned type first", () => {
    const trust = hostTrust({ host: "bella", port: 22, hostKeys: [rsa], hostKeyPolicy: "Pinned" }, undefined);
    expect(hostKeyAlgorithms(trust).slice(0, 3)).toEqual(["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]);
  });

  it("is not judged by a host key that nobody can read", () => {
    expect(() => verdict({ hostKeys: ["ssh-ed25519 nonsense"] }, ed25519)).toThrow(
      expect.objectContaining({ code: "HostKeyUnknown", started: false }),
    );
  });
});
