import { describe, expect, it } from "vitest";
import { parseRack } from "../../src/sim/rack-file.ts";
import { aoeServer, aoeVolume, device, file, logicalVolume, xenHost } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { clients, eventually, exportsOf, message, minutes, rig, volumeReady, word } from "./rig.ts";

const nic = (index: number) => [
  { name: "eth0", mac: `52:54:00:99:00:1${index}`, segment: "management" },
  { name: "eth1", mac: `52:54:00:99:01:1${index}`, segment: "san" },
];

/** A server with every kind of disk that must not be exported, and one that may be. */
const rack = () =>
  parseRack({
    hosts: {
      san: {
        roles: ["server"],
        ssh: { port: 2210 },
        interfaces: nic(0),
        disks: [
          {
            path: "/dev/vda",
            size: "4Gi",
            signature: "ext4",
            mountPoint: "/",
            links: ["/dev/disk/by-id/system"],
          },
          { path: "/dev/vdb", size: "2Gi" },
          { path: "/dev/vdc", size: "8Gi", volumeGroup: "san" },
          { path: "/dev/vdd", size: "1Gi", signature: "ext4", mountPoint: "/srv/data" },
        ],
        directories: ["/srv/aoe", "/srv/other"],
        files: [
          { path: "/srv/other/private.img", size: "16Mi" },
          { path: "/srv/aoe/empty.img", text: "" },
        ],
        symlinks: {
          "/srv/aoe/link.img": "/srv/other/private.img",
          "/srv/aoe/dir": "/srv/other",
        },
        packages: ["lvm2", "vblade", "aoetools"],
      },
      bella: {
        roles: ["dom0"],
        ssh: { port: 2212 },
        interfaces: nic(2),
        disks: [{ path: "/dev/vda", size: "4Gi", signature: "ext4", mountPoint: "/" }],
        packages: ["aoetools"],
      },
    },
  });

const allowed = ["/dev/vdb", "/dev/vd[a-d]", "/dev/disk/by-id/*", "/srv/aoe/*", "san/aoe-*"];
const server = aoeServer("san", 2210, allowed);
const good = aoeVolume("good", "san", [0, 1], device("/dev/vdb"), ["bella"]);
const bad = (backing: object, rest: object = {}) => aoeVolume("bad", "san", [0, 2], backing, ["bella"], rest);

/** Whatever is wrong with volume `bad`, only volume `good` is exported and attached. */
async function refused(stage: Stage, reason: string, words: readonly string[]): Promise<void> {
  await eventually(stage, () => [word(stage, "AoeVolume", "bad", "Exported"), volumeReady(stage, "good")], [
    `False/${reason}`,
    "True/Ready",
  ]);
  const said = message(stage, "AoeVolume", "bad", "Ready");
  for (const one of words) expect(said).toContain(one);
  expect(exportsOf(stage, "san")).toEqual(["e0.1 eth1 /dev/vdb"]);
  expect(clients(stage, "good")).toEqual({ bella: "Attached" });
  await stage.advance(minutes(5));
  const effects = stage.effects.done.length;
  await stage.advance(minutes(10));
  // Retries do not change the status.
  expect(stage.effects.done.slice(effects).filter(({ what }) => what.startsWith("apply aoevolumes "))).toEqual([]);
  expect(stage.effects.done.length - effects).toBeLessThan(10);
}

describe("a backing that must not be exported", () => {
  const objects = (volume: ReturnType<typeof bad>) => [server, xenHost("bella", 2212), good, volume];

  it("a file outside the bounds", async () => {
    const stage = rig({ rack, objects: objects(bad(file("/srv/other/private.img", "16Mi"))) });
    await refused(stage, "BackingOutsideBounds", ["/srv/other/private.img", "allowedBackings", "owner of the server"]);
  });

  it("a link inside the bounds that leads outside", async () => {
    const stage = rig({ rack, objects: objects(bad(file("/srv/aoe/link.img", "16Mi"))) });
    await refused(stage, "BackingOutsideBounds", ["/srv/other/private.img"]);
  });

  it("a new file behind a directory that is a link", async () => {
    const wide = aoeServer("san", 2210, [...allowed, "/srv/aoe/dir/*"]);
    const stage = rig({
      rack,
      objects: [wide, xenHost("bella", 2212), good, bad(file("/srv/aoe/dir/new.img", "16Mi"))],
    });
    await refused(stage, "BackingOutsideBounds", ["/srv/other/new.img"]);
  });

  it("a device that is the system disk under another name", async () => {
    const stage = rig({ rack, objects: objects(bad(device("/dev/disk/by-id/system"))) });
    await refused(stage, "BackingInUse", ["mounted on /"]);
  });

  it("a device that is mounted", async () => {
    const stage = rig({ rack, objects: objects(bad(device("/dev/vdd"))) });
    await refused(stage, "BackingInUse", ["/srv/data"]);
  });

  it("a device that LVM uses", async () => {
    const lv = aoeVolume("lv", "san", [0, 3], logicalVolume("aoe-lv", "64Mi"), ["bella"]);
    const stage = rig({ rack, objects: [server, xenHost("bella", 2212), good, lv] });
    await eventually(stage, () => volumeReady(stage, "lv"), "True/Ready");
    stage.apply(bad(device("/dev/vdc")));
    await eventually(stage, () => volumeReady(stage, "bad"), "False/BackingInUse");
    expect(message(stage, "AoeVolume", "bad", "Ready")).toContain("LVM");
    expect(exportsOf(stage, "san")).toEqual(["e0.1 eth1 /dev/vdb", "e0.3 eth1 /dev/san/aoe-lv"]);
  });

  it("a device that is not there", async () => {
    const stage = rig({ rack, objects: objects(bad(device("/dev/vdq"))) });
    await refused(stage, "BackingMissing", ["/dev/vdq does not exist on AoeServer san"]);
  });

  it("something that is no device at all", async () => {
    const stage = rig({ rack, objects: objects(bad(device("/etc/shadow"))) });
    await refused(stage, "BackingOutsideBounds", ["/etc/shadow"]);
  });

  it("an empty device", async () => {
    const stage = rig({ rack, objects: objects(bad(device("/srv/aoe/empty.img"))) });
    await refused(stage, "BackingEmpty", ["/srv/aoe/empty.img"]);
  });

  it("a logical volume outside the bounds, and one of no volume group", async () => {
    const stage = rig({ rack, objects: objects(bad(logicalVolume("root", "64Mi"))) });
    await refused(stage, "BackingOutsideBounds", ["san/root"]);
  });
});

describe("a server that cannot give the space", () => {
  const objects = [server, xenHost("bella", 2212), bad(file("/srv/aoe/new.img", "1Gi"))];
  const spaceless = [server, xenHost("bella", 2212), bad(logicalVolume("aoe-big", "64Gi"))];

  it("because the file system is read-only; it goes on once that is mended", async () => {
    const stage = rig({ rack, objects, prepare: (one) => one.rack.setReadOnly("san", "/srv/aoe", "ReadOnly") });
    await eventually(stage, () => volumeReady(stage, "bad"), "False/ReadOnlyFileSystem");
    stage.rack.setReadOnly("san", "/srv/aoe", "ReadWrite");
    await eventually(stage, () => volumeReady(stage, "bad"), "True/Ready");
  });

  it("because the volume group is full", async () => {
    const stage = rig({ rack, objects: spaceless });
    await eventually(stage, () => volumeReady(stage, "bad"), "False/NoSpace");
    expect(message(stage, "AoeVolume", "bad", "Ready")).toContain("Free space on the file system");
  });
});

describe("an interface that is not there", () => {
  it("of the volume: says which there are", async () => {
    const wide = aoeServer("san", 2210, allowed, { interfaces: [{ name: "eth1" }, { name: "eth9" }] });
    const stage = rig({
      rack,
      objects: [wide, xenHost("bella", 2212), good, bad(device("/dev/vdd"), { interface: "eth9" })],
    });
    await refused(stage, "InterfaceMissing", ["eth9", "eth0, eth1"]);
  });

  it("of a client: says so at the host and at the volume", async () => {
    const lost = xenHost("bella", 2212, { aoe: { interfaces: ["eth7"] } });
    const stage = rig({ rack, objects: [server, lost, good] });
    await eventually(stage, () => word(stage, "XenHost", "bella", "AoeReady"), "False/InterfaceMissing");
    expect(message(stage, "XenHost", "bella", "Ready")).toContain("eth0, eth1");
    await eventually(stage, () => word(stage, "AoeVolume", "good", "Exported"), "False/AddressUnverified");
    expect(message(stage, "AoeVolume", "good", "Ready")).toContain(
      'XenHost bella cannot check the segment yet (a row could not be read (aoecfg: bind funky: No such device): "eth7")',
    );
  });
});
