import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ensureExport,
  ensureFile,
  ensureLogicalVolume,
  installPackages,
  prepareInitiator,
  probe,
} from "../../src/host/actions.ts";
import { outcomeOf } from "../../src/host/outcome.ts";
import { parseProbe } from "../../src/host/parse-probe.ts";
import { known, startHost, type TestHost } from "./host.ts";

const interfaces = [{ name: "eth0", segment: "rack" }];
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
    const address = {
      owner,
      shelf: 0,
      slot: 1,
      interface: "eth0",
      interfaces,
      options: [],
      allowedBackings: ["/srv/*"],
    };
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
    const request = {
      owner,
      shelf: 0,
      slot: 1,
      interface: "eth0",
      interfaces,
      options: [],
      allowedBackings: ["/srv/*"],
    };
    expect(await server.act(ensureExport({ ...request, backing: "/srv/a", restart: "Forbidden" }))).toMatchObject({
      kind: "refused",
      reason: "InitNotSupported",
    });
  });
});

describe("a host with a user who is not root", () => {
  let server: TestHost;
  beforeAll(async () => {
    server = await startHost({ image: "minimal" });
    await server.sh(`
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends sudo
      for user in admin guest; do
        useradd -m -s /bin/sh "$user"
        install -d -m 700 -o "$user" "/home/$user/.ssh"
        install -m 600 -o "$user" /root/.ssh/authorized_keys "/home/$user/.ssh/authorized_keys"
      done
      echo 'admin ALL=(root) NOPASSWD: ALL' >/etc/sudoers.d/admin`);
  });
  afterAll(() => server?.stop());
  const make = ensureFile({ owner, path: "/srv/a.img", sizeBytes: 2 ** 20, allowedBackings: ["/srv/*"] });

  it("is worked on as root where sudo asks for no password", async () => {
    expect(outcomeOf(await server.runAs("admin", make))).toEqual({ kind: "done", detail: "created" });
    expect(await server.sh("stat -c '%U %s' /srv/a.img")).toBe("root 1048576\n");
    const looked = await server.runAs("admin", probe({ roles: ["Server"], backings: ["/srv/a.img"], segments: [] }));
    expect(known(parseProbe(looked.stdout).backings)).toMatchObject([{ path: "/srv/a.img", sizeBytes: 2 ** 20 }]);
  });

  it("is left alone where it does", async () => {
    await expect(server.runAs("guest", make)).rejects.toMatchObject({
      code: "BecomeFailed",
      started: false,
      message: expect.stringContaining("a password is required"),
    });
  });
});
