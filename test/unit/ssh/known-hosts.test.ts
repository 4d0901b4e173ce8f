import { describe, expect, it } from "vitest";
import { lookUpKnownHost } from "../../../src/ssh/known-hosts.ts";
import { formatPublicKey } from "../../../src/ssh/public-key.ts";
import { hashedKnownHosts, publicKeys } from "./keys.ts";

function look(text: string, host = "bella.example", port = 22) {
  const { keys, revoked, certificateAuthority } = lookUpKnownHost(text, host, port);
  return { keys: keys.map(formatPublicKey), revoked: revoked.map(formatPublicKey), certificateAuthority };
}
const found = (...keys: string[]) => ({ keys, revoked: [], certificateAuthority: false });

describe("a known_hosts file", () => {
  const { ed25519, ecdsa, rsa } = publicKeys;

  it.each([
    ["a plain name", `bella.example ${ed25519}`, found(ed25519)],
    ["one of several names", `bella,bella.example,192.0.2.7 ${ed25519} root@bella`, found(ed25519)],
    ["several keys", `bella.example ${ed25519}\nbella.example ${rsa}\nbrutus.example ${ecdsa}`, found(ed25519, rsa)],
    ["a name in capitals", `Bella.Example ${ed25519}`, found(ed25519)],
    ["a wildcard", `*.example ${ed25519}\nbell?.example ${rsa}`, found(ed25519, rsa)],
    ["an exclusion", `*.example,!bella.example ${ed25519}`, found()],
    ["an explicit port 22, which is not how OpenSSH writes it", `[bella.example]:22 ${ed25519}`, found()],
    ["another host", `brutus.example ${ed25519}`, found()],
    ["a dot that is no wildcard", `bellaXexample ${ed25519}`, found()],
    [
      "comments, blank lines and broken lines",
      `# a\n\nbella.example\nbella.example ssh-ed25519 %%\nbella.example ${rsa}\r\n`,
      found(rsa),
    ],
    ["a type that is not the key's", `bella.example ssh-rsa ${ed25519.split(" ")[1]}`, found()],
  ])("with %s", (_name, text, expected) => {
    expect(look(text)).toEqual(expected);
  });

  it("with ports tells one server of a host from another", () => {
    const text = `bella.example ${ed25519}\n[bella.example]:2222 ${rsa}`;
    expect(look(text, "bella.example", 2222)).toEqual(found(rsa));
    expect(look(text, "bella.example", 22)).toEqual(found(ed25519));
  });

  it("with hashed names", () => {
    expect(look(hashedKnownHosts, "bella.example")).toEqual(found(ed25519));
    expect(look(hashedKnownHosts, "192.0.2.7")).toEqual(found(ed25519));
    expect(look(hashedKnownHosts, "bella.example", 2222)).toEqual(found(ecdsa));
    expect(look(hashedKnownHosts, "brutus.example")).toEqual(found());
  });

  it("with @revoked keys says so, and never counts them as trusted", () => {
    expect(look(`@revoked * ${rsa}\nbella.example ${ed25519}`)).toEqual({
      keys: [ed25519],
      revoked: [rsa],
      certificateAuthority: false,
    });
  });

  it("with a @cert-authority says so, and does not take the authority's key for the host's", () => {
    expect(look(`@cert-authority *.example ${rsa}`)).toEqual({ keys: [], revoked: [], certificateAuthority: true });
  });

  it.each([
    ["patterns with more stars than the name has letters", "*a", 32 * 1024],
    ["patterns that nearly fit", `*${"a".repeat(62)}b,`, 32 * 1024],
    ["hashed names", `|1|a|b ${ed25519}\n`, 2048 * `|1|a|b ${ed25519}\n`.length],
    ["lines", "a\n", 256 * 1024],
  ])("of as many %s as a Secret may hold is read in no time", (_name, unit, length) => {
    const text = `${unit.repeat(length / unit.length)} ${ed25519}`;
    const started = process.cpuUsage();
    expect(look(text, "a".repeat(253))).toEqual(found());
    expect(process.cpuUsage(started).user).toBeLessThan(200_000);
  });
});
