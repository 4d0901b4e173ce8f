import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureExport, ensureLogicalVolume, installPackages, prepareInitiator } from "../../src/host/actions.ts";
import { known, startHost, type TestHost } from "./host.ts";

const owner = { namespace: "san", name: "disk", uid: "88888888-1111" };

describe("a host on which nothing is prepared", () => {
  let server: TestHost;
  beforeAll(async () => {
    server = await startHost({ image: "minimal" });
  });
  afterAll(() => server?.stop());

  it("tells what it can, and what it has not", async () => {
    const facts = await server.probe({
      roles: ["Server", "Client"],
      segments: ["eth0"],
      backings: ["/dev/null", "/etc"],
    });
    expect(known(facts.system)).toMatchObject({ init: "other", packageManager: "apt" });
    expect(
      known(facts.interfaces)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["eth0", "lo"]);
    expect(known(facts.exports)).toEqual([]);
    expect(known(facts.backings).map(({ path, kind }) => ({ path, kind }))).toEqual([
      { path: "/dev/null", kind: "Other" },
      { path: "/etc", kind: "Other" },
    ]);
    expect(known(facts.packages).has("vblade")).toBe(false);
    expect(known(facts.tools).has("vblade")).toBe(false);
    expect(facts.logicalVolumes).toEqual({ state: "absent" });
    expect(facts.responders).toEqual({ state: "absent" });
    expect(facts.aoeDevices).toEqual({ state: "absent" });
    expect(known(facts.blockDevices).length).toBeGreaterThan(0);
  });

  it("refuses what it cannot do, and says what is missing", async () => {
    const address = { owner, shelf: 0, slot: 1, interface: "eth0", options: [], allowedBackings: ["/srv/*"] };
    expect(await server.act(ensureExport({ ...address, backing: "/srv/a", restart: "Forbidden" }))).toEqual({
      kind: "refused",
      reason: "ToolMissing",
      message: "the package vblade is not installed",
    });
    const volume = { owner, volumeGroup: "san", name: "data", sizeBytes: 512, allowedBackings: ["san/*"] };
    expect(await server.act(ensureLogicalVolume(volume))).toMatchObject({ kind: "refused", reason: "ToolMissing" });
    expect(await server.act(prepareInitiator({ interfaces: ["eth7"] }))).toMatchObject({ reason: "InterfaceMissing" });
  });

  it("gets packages, although the lists are gone and somebody else holds dpkg's lock for a while", async () => {
    await server.sh(`
      rm -rf /var/lib/apt/lists/*
      setsid perl -e 'use Fcntl; open my $f, ">", "/var/lib/dpkg/lock-frontend"; fcntl($f, F_SETLK, pack("s s l l i", F_WRLCK, 0, 0, 0, 0)) or die; sleep 4' </dev/null >/dev/null 2>&1 &`);
    expect(await server.act(installPackages(["ed", "vblade"]))).toEqual({ kind: "done", detail: "installed" });
    expect(await server.act(installPackages(["ed", "vblade"]))).toEqual({ kind: "done", detail: "unchanged" });
    expect(known((await server.probe()).packages).get("vblade")).toMatch(/^25-/);
  });

  it("says which package there is not", async () => {
    expect(await server.act(installPackages(["no-such-package-anywhere"]))).toEqual({
      kind: "refused",
      reason: "PackagesUnavailable",
      message: expect.stringContaining("no-such-package-anywhere"),
    });
  });

  it("still refuses an export, since nothing would bring it back after a reboot", async () => {
    await server.sh("truncate -s 1M /srv/a");
    const request = { owner, shelf: 0, slot: 1, interface: "eth0", options: [], allowedBackings: ["/srv/*"] };
    expect(await server.act(ensureExport({ ...request, backing: "/srv/a", restart: "Forbidden" }))).toMatchObject({
      kind: "refused",
      reason: "InitNotSupported",
    });
  });
});
