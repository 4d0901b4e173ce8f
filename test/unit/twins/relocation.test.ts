import { expect, it } from "vitest";
import { prepareRelocation, verifyRelocation } from "../../../src/host/relocation-actions.ts";
import { twins } from "./bench.ts";

const keyOf = (letter: string) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA${letter.repeat(44)}`;
const peer = (name: string, last: number, hostKey = keyOf("H")) => ({
  name,
  address: `10.99.0.${last}`,
  publicKey: `${keyOf(name.charAt(0).toUpperCase())} made on ${name}`,
  hostKeys: [hostKey],
});
const brutus = peer("brutus", 12);
const cato = peer("cato", 13);
const keys = "/root/.ssh/authorized_keys";

twins(["prepare-relocation", "verify-relocation"], "the channel between hosts", (dom0) => {
  const prepare = (senders: readonly (typeof brutus)[], receivers: readonly (typeof brutus)[] = []) =>
    dom0.act(prepareRelocation({ senders, receivers }));
  const prepared = { kind: "done", detail: "prepared" };
  const unchanged = { kind: "done", detail: "unchanged" };

  it("has a key of its own, lets in exactly the named peers, and touches no other line", async () => {
    const own = "ssh-rsa AAAAB3Nza admin@desk\n# a comment\n";
    dom0.write(keys, own);
    expect(await prepare([brutus, cato], [brutus])).toEqual(prepared);
    expect(await prepare([cato, brutus], [brutus])).toEqual(unchanged);
    const entry = (name: string, last: number, key: string) =>
      `restrict,from="10.99.0.${last}",command="/usr/local/lib/xensan/receive-domain" ${keyOf(key)} xensan:${name}\n`;
    expect(dom0.read(keys)).toBe(
      `${own}# xensan: peers that may migrate domains to this host\n${entry("brutus", 12, "B")}${entry("cato", 13, "C")}# xensan: end of peers\n`,
    );
    expect(await prepare([])).toEqual(prepared);
    expect(dom0.read(keys)).toBe(own);
  });

  it("takes out what somebody added between its lines, and mends a block that lost its end", async () => {
    expect(await prepare([brutus])).toEqual(prepared);
    const whole = dom0.read(keys) ?? "";
    dom0.write(keys, `${whole.replace("# xensan: end of peers\n", "")}ssh-rsa AAAAB3Nza admin@desk\n`);
    expect(await prepare([brutus])).toEqual(prepared);
    expect(dom0.read(keys)).toBe(`ssh-rsa AAAAB3Nza admin@desk\n${whole}`);
    expect(await prepare([brutus])).toEqual(unchanged);
  });

  it("keeps its key", async () => {
    await prepare([]);
    const before = dom0.read("/var/lib/xensan/ssh/id_ed25519.pub");
    expect(before).toMatch(/^ssh-ed25519 \S+ xensan migration from bella\n$/);
    await prepare([brutus]);
    expect(dom0.read("/var/lib/xensan/ssh/id_ed25519.pub")).toBe(before);
  });

  it("is verified once the peer answers in the words that were agreed", async () => {
    const verify = (address = brutus.address) => dom0.act(verifyRelocation({ address }));
    expect(await verify()).toMatchObject({ kind: "refused", reason: "PeerRefuses" });
    await prepare([], [brutus]);
    expect(await verify()).toMatchObject({ kind: "refused", reason: "PeerRefuses" });
    expect(await verify("10.99.0.77")).toMatchObject({ kind: "refused", reason: "PeerUnreachable" });
    const hostKey = dom0.befriend(dom0.read("/var/lib/xensan/ssh/id_ed25519.pub") ?? "");
    // Another host key in the same place: written files are not compared between the hosts.
    dom0.write("/var/lib/xensan/ssh/known_hosts", `${brutus.address} ${hostKey}\n`);
    expect(await verify()).toEqual({ kind: "done", detail: "verified" });
  });
});
