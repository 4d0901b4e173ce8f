import { describe, expect, it } from "vitest";
import {
  deleteFile,
  deleteLogicalVolume,
  discover,
  type ExportRequest,
  ensureExport,
  ensureFile,
  ensureLogicalVolume,
  installPackages,
  interfaceUp,
  prepareInitiator,
  removeExport,
  revalidate,
} from "../../../src/host/actions.ts";
import { startVblade } from "../../../src/sim/model/vblade.ts";
import { allowedBackings, changedRack, known, owner, type Stage, stage } from "./tutorial.ts";

const file = { owner, path: "/srv/aoe/data.img", allowedBackings };
const gib = 1024 ** 3;
const target = { shelf: 0, slot: 1 };

const exportOf = (change: Partial<ExportRequest> = {}) =>
  ensureExport({
    ...target,
    owner,
    interface: "eth1",
    interfaces: [{ name: "eth1", segment: "rack" }],
    backing: "/srv/aoe/data.img",
    options: [],
    restart: "Forbidden",
    allowedBackings,
    ...change,
  });

/** A server with vblade and one exported file. */
async function exporting(it: Stage): Promise<Stage> {
  await it.act("san", installPackages(["vblade"]));
  await it.act("san", ensureFile({ ...file, sizeBytes: gib }));
  expect(await it.act("san", exportOf())).toEqual({ kind: "done", detail: expect.stringMatching(/^started pid \d+$/) });
  return it;
}

const sysvinit = changedRack(({ hosts }) => {
  for (const host of Object.values(hosts)) host.init = "sysvinit";
});

describe.each([
  ["systemd", undefined],
  ["sysvinit", sysvinit],
])("the way from YAML to a disk on the wire, on %s", (init, rackFile) => {
  const fresh = () => stage(rackFile === undefined ? {} : { file: rackFile });

  it("works on a fresh rack, survives a reboot of everything, and is undone", async () => {
    const it = await exporting(fresh());
    for (const dom0 of ["bella", "brutus"]) {
      expect(await it.act(dom0, installPackages(["aoetools"]))).toEqual({ kind: "done", detail: "installed" });
      expect(await it.act(dom0, prepareInitiator({ interfaces: ["eth1"] }))).toEqual({
        kind: "done",
        detail: "prepared",
      });
      expect(await it.act(dom0, discover({ targets: [target], waitSeconds: 10 }))).toEqual({
        kind: "done",
        detail: "found",
      });
    }
    for (const host of ["san", "bella", "brutus"]) it.rack.reset(host);
    it.pass(45);
    expect(known((await it.facts("bella")).aoeDevices)).toEqual([
      {
        shelf: 0,
        slot: 1,
        up: true,
        flags: [],
        macs: ["52:54:00:99:01:10"],
        interfaces: ["eth1"],
        payload: 1024,
        sizeBytes: gib,
        users: [],
      },
    ]);
    expect(known((await it.facts("bella")).responders)).toEqual([{ interface: "eth1", shelf: 0, slot: 1, config: "" }]);
    expect(await it.act("san", removeExport({ ...target, owner, interface: "eth1" }))).toEqual({
      kind: "done",
      detail: "removed",
    });
    expect(await it.act("san", deleteFile(file))).toEqual({ kind: "done", detail: "deleted" });
    expect(await it.act("san", deleteFile(file))).toEqual({ kind: "done", detail: "absent" });
    expect(known((await it.facts("san", ["/srv/aoe/data.img"])).exports)).toEqual([]);
  });

  it("changes nothing the second time", async () => {
    const it = await exporting(fresh());
    it.happened();
    expect(await it.act("san", exportOf())).toEqual({ kind: "done", detail: expect.stringMatching(/^unchanged pid/) });
    expect(await it.act("san", ensureFile({ ...file, sizeBytes: gib }))).toEqual({ kind: "done", detail: "unchanged" });
    expect(await it.act("san", installPackages(["vblade"]))).toEqual({ kind: "done", detail: "unchanged" });
    expect(await it.act("san", interfaceUp("eth1"))).toEqual({ kind: "done", detail: "unchanged" });
    expect(it.happened()).toEqual([]);
  });

  it("takes over a vblade that somebody started by hand, and never runs two", async () => {
    const it = fresh();
    await it.act("san", installPackages(["vblade"]));
    await it.act("san", ensureFile({ ...file, sizeBytes: gib }));
    const argv = ["0", "1", "eth1", "/srv/aoe/data.img"];
    const started = startVblade(it.rack.world, it.rack.host("san"), argv, { by: "None", instance: "" });
    const pid = "pid" in started ? started.pid : 0;
    it.happened();
    const outcome = await it.act("san", exportOf());
    if (init === "systemd") expect(outcome).toEqual({ kind: "done", detail: `adopted pid ${pid}` });
    else expect(outcome).toMatchObject({ kind: "refused", reason: "RestartForbidden" });
    expect(it.happened().filter((event) => event.kind === "VbladeStopped")).toEqual([]);
    expect(await it.act("san", exportOf({ restart: "IfNeeded" }))).toMatchObject({ kind: "done" });
    it.pass(60);
    expect(it.rack.exports().map(({ process }) => process.by)).toEqual([init === "systemd" ? "Systemd" : "Inittab"]);
  });

  it("replaces a vblade that differs only when that is allowed", async () => {
    const it = await exporting(fresh());
    const changed = { options: ["-r"] } as const;
    expect(await it.act("san", exportOf(changed))).toMatchObject({ kind: "refused", reason: "RestartForbidden" });
    expect(await it.act("san", exportOf({ ...changed, restart: "IfNeeded" }))).toEqual({
      kind: "done",
      detail: expect.stringMatching(/^restarted pid/),
    });
    expect(it.rack.exports().map(({ process }) => process.access)).toEqual(["ReadOnly"]);
  });

  it("never lets two vblades be configured for one address", async () => {
    const it = await exporting(fresh());
    const other = { owner: { namespace: "san", name: "other", uid: "0c2d" }, backing: "/dev/vdb" };
    expect(await it.act("san", exportOf(other))).toEqual({
      kind: "refused",
      reason: "AddressTaken",
      message: "e0.1 on eth1 belongs to san/data 0a1b",
    });
    expect(await it.act("san", exportOf({ ...other, slot: 2, backing: "/srv/aoe/data.img" }))).toMatchObject({
      kind: "refused",
      reason: "BackingExported",
    });
  });
});

describe("bounds", () => {
  const it0 = () =>
    stage({
      file: changedRack(({ hosts }) => {
        const san = hosts.san;
        if (san === undefined) return;
        san.symlinks = { "/srv/aoe/shadow.img": "/etc/shadow", "/srv/aoe/nowhere": "/nope" };
        san.files = [
          { path: "/etc/shadow", size: "1Mi" },
          { path: "/srv/elsewhere/disk.img", size: "1Mi" },
        ];
        san.packages = ["vblade", "lvm2"];
      }),
    });

  it.each([
    ["the running system's disk", "/dev/vda", ["/dev/*"], "BackingInUse", "/dev/vda is mounted on /"],
    ["a disk not listed", "/dev/vdb", ["/srv/aoe/*"], "BackingOutsideBounds", undefined],
    ["a file that leads out of the bounds", "/srv/aoe/shadow.img", ["/srv/aoe/*"], "BackingOutsideBounds", undefined],
    ["a symlink to nothing", "/srv/aoe/nowhere", ["/srv/aoe/*"], "BackingMissing", undefined],
    ["a directory", "/srv/aoe", ["/srv/*"], "BackingNotUsable", undefined],
    ["a file in a directory of the system", "/etc/shadow", ["/etc/*"], "BackingNotUsable", undefined],
    ["a file one directory deeper", "/srv/elsewhere/disk.img", ["/srv/*"], "BackingOutsideBounds", undefined],
    ["what is not there", "/srv/aoe/nope.img", ["/srv/aoe/*"], "BackingMissing", "/srv/aoe/nope.img does not exist"],
  ])("%s is refused", async (_what, backing, globs, reason, message) => {
    const outcome = await it0().act("san", exportOf({ backing, allowedBackings: globs }));
    expect(outcome).toEqual({ kind: "refused", reason, message: message ?? expect.stringContaining(backing) });
  });

  it("a physical volume, a disk below an exported logical volume, and a bind mount are refused", async () => {
    const it = it0();
    const volume = { owner, volumeGroup: "san", name: "data", allowedBackings };
    await it.act("san", ensureLogicalVolume({ ...volume, sizeBytes: gib }));
    const disk = await it.act("san", exportOf({ backing: "/dev/vdc", allowedBackings: ["/dev/vdc"] }));
    expect(disk).toMatchObject({ kind: "refused", reason: "BackingInUse" });
    const san = it.rack.host("san");
    const root = san.running.mounts[0];
    if (root === undefined) throw new Error("no root");
    san.running.mounts.push({ ...root, mountPoint: "/srv/aoe", root: "/srv/elsewhere" });
    const bind = await it.act("san", exportOf({ backing: "/srv/aoe/disk.img" }));
    expect(bind).toEqual({
      kind: "refused",
      reason: "BackingOutsideBounds",
      message: "/srv/aoe/disk.img is also /srv/elsewhere/disk.img (a bind mount), which is not in allowedBackings",
    });
  });
});

describe("logical volumes", () => {
  const volume = { owner, volumeGroup: "san", name: "data", allowedBackings };

  it("are made in whole extents, grown, exported by a name that lasts, and deleted only when nothing serves them", async () => {
    const it = stage();
    await it.act("san", installPackages(["vblade"]));
    expect(await it.act("san", ensureLogicalVolume({ ...volume, sizeBytes: gib + 1 }))).toEqual({
      kind: "done",
      detail: "created",
    });
    expect(await it.act("san", ensureLogicalVolume({ ...volume, sizeBytes: 2 * gib }))).toEqual({
      kind: "done",
      detail: "grown",
    });
    await it.act(
      "san",
      exportOf({ backing: "/dev/mapper/san-data", allowedBackings: [...allowedBackings, "/dev/mapper/*"] }),
    );
    const facts = await it.facts("san");
    expect(known(facts.logicalVolumes)).toMatchObject([
      { volumeGroup: "san", name: "data", sizeBytes: 2 * gib, path: "/dev/san/data" },
    ]);
    expect(known(facts.exports)).toMatchObject([{ backing: "/dev/san/data", backingIdentity: "block:253:0" }]);
    expect(await it.act("san", deleteLogicalVolume(volume))).toMatchObject({
      kind: "refused",
      reason: "StillExported",
    });
    await it.act("san", removeExport({ ...target, owner, interface: "eth1" }));
    expect(await it.act("san", deleteLogicalVolume(volume))).toEqual({ kind: "done", detail: "deleted" });
  });

  it("that the host itself uses do not grow", async () => {
    const it = stage();
    await it.act("san", ensureLogicalVolume({ ...volume, sizeBytes: gib }));
    const san = it.rack.host("san");
    const root = san.running.mounts[0];
    const device = san.volumeGroups.get("san")?.volumes.get("data")?.device;
    if (root === undefined || device === undefined) throw new Error("no root or no volume");
    san.running.mounts.push({ ...root, mountPoint: "/var/mail", fileSystem: { ...root.fileSystem, device } });
    expect(await it.act("san", ensureLogicalVolume({ ...volume, sizeBytes: 2 * gib }))).toEqual({
      kind: "refused",
      reason: "BackingInUse",
      message: "san/data is mounted on /var/mail",
    });
  });

  it("do not outgrow their group, and are not deleted for a stranger", async () => {
    const it = stage();
    expect(await it.act("san", ensureLogicalVolume({ ...volume, sizeBytes: 9 * gib }))).toMatchObject({
      kind: "refused",
      reason: "NoSpace",
    });
    await it.act("san", ensureLogicalVolume({ ...volume, sizeBytes: gib }));
    const stranger = { namespace: "san", name: "data", uid: "ffff" };
    expect(await it.act("san", deleteLogicalVolume({ ...volume, owner: stranger }))).toMatchObject({
      kind: "refused",
      reason: "NotOurs",
    });
  });
});

describe("a host that is not well", () => {
  it("refuses on a read-only or full disk", async () => {
    const it = stage();
    it.rack.setReadOnly("san", "/srv/aoe", "ReadOnly");
    expect(await it.act("san", ensureFile({ ...file, sizeBytes: gib }))).toMatchObject({
      reason: "ReadOnlyFileSystem",
    });
    expect(await it.act("san", installPackages(["vblade"]))).toMatchObject({ reason: "ReadOnlyFileSystem" });
    it.rack.setReadOnly("san", "/srv/aoe", "ReadWrite");
    it.rack.setFreeBytes("san", "/srv/aoe", 0);
    expect(await it.act("san", ensureFile({ ...file, sizeBytes: gib }))).toMatchObject({ reason: "NoSpace" });
    expect(it.rack.readFile("san", "/srv/aoe/data.img")).toBeUndefined();
  });

  it("waits for the dpkg lock and gives up politely", async () => {
    const it = stage();
    it.rack.setDpkgLock("san", "Held");
    expect(await it.act("san", installPackages(["vblade"]))).toMatchObject({ kind: "busy" });
    it.rack.setDpkgLock("san", "Free");
    expect(await it.act("san", installPackages(["vblade"]))).toEqual({ kind: "done", detail: "installed" });
  });

  it("says that a kernel was built without AoE", async () => {
    const it = stage({
      file: changedRack(({ hosts }) => {
        if (hosts.bella !== undefined) hosts.bella.aoe = "Missing";
      }),
    });
    await it.act("bella", installPackages(["aoetools"]));
    expect((await it.facts("bella")).aoe).toEqual({ state: "absent" });
    expect(await it.act("bella", prepareInitiator({ interfaces: ["eth1"] }))).toMatchObject({
      reason: "KernelWithoutAoe",
    });
  });

  it("reports an export that does not stay up, with vblade's own words", async () => {
    const it = await exporting(stage());
    it.rack.setInterface("san", "eth1", "Down");
    expect(await it.act("san", exportOf())).toEqual({
      kind: "refused",
      reason: "ExportFailed",
      message: "e0.1 on eth1 does not stay up: putpkt aoe id: Network is down read network: Network is down",
    });
    expect(await it.act("san", interfaceUp("eth1"))).toEqual({ kind: "done", detail: "up" });
    it.pass(10);
    expect(await it.act("san", exportOf())).toMatchObject({ kind: "done" });
  });

  it("names the targets that do not answer, and knows what a revalidate found", async () => {
    const it = await exporting(stage());
    await it.act("bella", installPackages(["aoetools"]));
    await it.act("bella", prepareInitiator({ interfaces: ["eth1"] }));
    expect(await it.act("bella", discover({ targets: [target, { shelf: 7, slot: 7 }], waitSeconds: 3 }))).toEqual({
      kind: "refused",
      reason: "TargetMissing",
      message: "no answer within 3 s from e7.7 (missing)",
    });
    expect(await it.act("bella", revalidate({ ...target, expectBytes: 2 * gib }))).toEqual({
      kind: "done",
      detail: `bytes ${gib}`,
    });
    expect(await it.act("bella", revalidate({ shelf: 7, slot: 7, expectBytes: gib }))).toMatchObject({
      reason: "TargetMissing",
    });
  });
});
