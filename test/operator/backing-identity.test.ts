import { describe, expect, it } from "vitest";
import { isSameBacking } from "../../src/controllers/aoe-volume/ensure-address.ts";
import { resolve } from "../../src/sim/model/storage.ts";
import { parseRack } from "../../src/sim/rack-file.ts";
import { aoeServer, aoeVolume, at, device, file, logicalVolume, xenHost } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { commands, eventually, exportsOf, message, minutes, rig, status, volumeReady, word } from "./rig.ts";

const nic = (index: number) => [
  { name: "eth0", mac: `52:54:00:99:00:1${index}`, segment: "management" },
  { name: "eth1", mac: `52:54:00:99:01:1${index}`, segment: "san" },
];

/** A server with two disks of the same size, image files on a file system of their own, and LVM. */
const rack = (init: "systemd" | "sysvinit") => () =>
  parseRack({
    hosts: {
      san: {
        roles: ["server"],
        init,
        ssh: { port: 2210 },
        interfaces: nic(0),
        disks: [
          { path: "/dev/vda", size: "4Gi", signature: "ext4", mountPoint: "/" },
          { path: "/dev/vdb", size: "2Gi", serial: "WD-B" },
          { path: "/dev/vdc", size: "2Gi", serial: "WD-C" },
          { path: "/dev/vdd", size: "8Gi", volumeGroup: "san" },
          { path: "/dev/vde", size: "8Gi", signature: "ext4", mountPoint: "/srv/aoe" },
          { path: "/dev/vdf", size: "1Gi" },
          { path: "/dev/vdg", size: "1Gi" },
        ],
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

const image = "/srv/aoe/data.img";
const allowed = ["/dev/vd[bc]", "/dev/vdf", "/dev/disk/by-id/*", "/srv/aoe/*", "san/*"];
const volumes = {
  file: aoeVolume("data", "san", [0, 1], file(image, "512Mi"), ["bella"]),
  disk: aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["bella"]),
  lv: aoeVolume("data", "san", [0, 1], logicalVolume("data", "512Mi"), ["bella"]),
};

function stageWith(volume: (typeof volumes)[keyof typeof volumes], init: "systemd" | "sysvinit" = "systemd"): Stage {
  return rig({ rack: rack(init), objects: [aoeServer("san", 2210, allowed), xenHost("bella", 2212), volume] });
}

const exported = (stage: Stage) => [word(stage, "AoeVolume", "data", "Exported"), exportsOf(stage, "san")];
const making = /ensure-file|ensure-logical-volume|format/;

describe.each(["systemd", "sysvinit"] as const)(
  "on %s, a SAN that comes back without the file system of its images",
  (init) => {
    it("serves nothing and makes nothing, until it is mounted again", async () => {
      const stage = stageWith(volumes.file, init);
      await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
      const identity = status(stage, "AoeVolume", "data").backing;
      const san = stage.rack.host("san");
      const whole = san.fstab;
      san.fstab = whole.filter(({ mountPoint }) => mountPoint !== "/srv/aoe");
      san.rootFileSystem.nodes.set("/srv/aoe", { kind: "Directory", inode: san.rootFileSystem.nextInode++ });
      const sent = commands(stage);
      stage.rack.reset("san");
      await eventually(stage, () => exported(stage), ["False/BackingMissing", []]);
      await stage.advance(minutes(10));
      expect(exported(stage)).toEqual(["False/BackingMissing", []]);
      expect(sent.filter((one) => making.test(one))).toEqual([]);
      expect(message(stage, "AoeVolume", "data", "Exported")).toContain(image);
      san.fstab = whole;
      stage.rack.reset("san");
      await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
      expect(status(stage, "AoeVolume", "data").backing).toEqual(identity);
    });

    it("is right also for an object without status, as a backup brings it back", async () => {
      const stage = stageWith(volumes.file, init);
      await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
      stage.rack.removeFile("san", image);
      stage.rack.reset("san");
      stage.patch("AoeVolume", at("data"), { metadata: { annotations: { "xensan.dev/abandon": "data" } } });
      stage.delete("AoeVolume", at("data"));
      await eventually(stage, () => stage.find("AoeVolume", at("data")), undefined);
      stage.apply(volumes.file);
      await eventually(stage, () => exported(stage), ["False/BackingMissing", []]);
      await stage.advance(minutes(10));
      expect(exported(stage)).toEqual(["False/BackingMissing", []]);
      expect(stage.rack.backingOf("san", image).kind).toBe("Missing");
    });
  },
);

describe.each(["systemd", "sysvinit"] as const)(
  "on %s, disks that swap their names at a boot, with the operator down",
  (init) => {
    it("are told apart by what they say of themselves: the right one is served", async () => {
      const stage = stageWith(volumes.disk, init);
      await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
      expect(status(stage, "AoeVolume", "data").backing).toEqual({
        identity: "serial:WD-B",
        path: "/dev/disk/by-id/virtio-WD-B",
        size: "2Gi",
      });
      stage.life.end();
      stage.rack.swapDisks("san", "/dev/vdb", "/dev/vdc");
      await stage.advance(minutes(2));
      const [one] = stage.rack.exports();
      expect(one?.process.content).toBe(stage.rack.backingOf("san", "/dev/vdc").content);
      stage.startOperator();
      await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    });

    it("are not served under a name that another one has now", async () => {
      const stage = stageWith(volumes.disk, init);
      await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
      stage.life.end();
      const [path, text] =
        init === "systemd" ? ["/etc/vblade.conf.d/e0.1.conf", "virtio-WD-B"] : ["/etc/inittab", "virtio-WD-B"];
      const edited = (stage.rack.readFile("san", path) ?? "").replace(`/dev/disk/by-id/${text}`, "/dev/vdb");
      stage.rack.writeFile("san", path, edited);
      stage.rack.swapDisks("san", "/dev/vdb", "/dev/vdc");
      await stage.advance(minutes(5));
      expect(exportsOf(stage, "san")).toEqual([]);
    });
  },
);

describe("a recorded backing", () => {
  it("of LVM that is gone is missing, and is not made again", async () => {
    const stage = stageWith(volumes.lv);
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    const group = stage.rack.host("san").volumeGroups.get("san");
    const one = group?.volumes.get("data");
    if (group === undefined || one === undefined) throw new Error("no logical volume");
    group.volumes.delete("data");
    stage.rack.host("san").blocks.delete(one.device);
    stage.rack.reset("san");
    await eventually(stage, () => exported(stage), ["False/BackingMissing", []]);
    await stage.advance(minutes(5));
    expect([...group.volumes.keys()]).toEqual([]);
  });

  it("that a person gives up is made anew, once", async () => {
    const stage = stageWith(volumes.file);
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    const before = status(stage, "AoeVolume", "data").backing;
    const identity = String(Object(before).identity);
    stage.rack.removeFile("san", image);
    stage.rack.reset("san");
    await eventually(stage, () => exported(stage), ["False/BackingMissing", []]);
    expect(message(stage, "AoeVolume", "data", "Exported")).toContain(`ReplaceBacking:${identity}`);
    const approve = `ReplaceBacking:${identity}`;
    stage.patch("AoeVolume", at("data"), { metadata: { annotations: { "xensan.dev/approve": approve } } });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    const after = String(Object(status(stage, "AoeVolume", "data").backing).identity);
    expect([identity, after]).toEqual([expect.stringMatching(/^file:/), expect.stringMatching(/^file:/)]);
    expect(after).not.toBe(identity);
    // The same annotation allows nothing more.
    stage.rack.removeFile("san", image);
    stage.rack.reset("san");
    await eventually(stage, () => exported(stage), ["False/BackingMissing", []]);
  });

  it("that is there when it is given up is not made anew when it is lost later", async () => {
    const stage = stageWith(volumes.file);
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    const approve = `ReplaceBacking:${String(Object(status(stage, "AoeVolume", "data").backing).identity)}`;
    stage.patch("AoeVolume", at("data"), { metadata: { annotations: { "xensan.dev/approve": approve } } });
    await eventually(stage, () => status(stage, "AoeVolume", "data").endedApproval, approve, 2);
    stage.rack.removeFile("san", image);
    stage.rack.reset("san");
    await eventually(stage, () => exported(stage), ["False/BackingMissing", []]);
    await stage.advance(minutes(10));
    expect(exported(stage)).toEqual(["False/BackingMissing", []]);
    expect(message(stage, "AoeVolume", "data", "Exported")).toContain("an approval counts once: first remove one");
    // Removed and set again it is a new word.
    stage.patch("AoeVolume", at("data"), { metadata: { annotations: { "xensan.dev/approve": null } } });
    await eventually(stage, () => status(stage, "AoeVolume", "data").endedApproval, undefined, 2);
    stage.patch("AoeVolume", at("data"), { metadata: { annotations: { "xensan.dev/approve": approve } } });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
  });

  it("that says nothing of itself has to be listed by its exact name", async () => {
    const named = stageWith(aoeVolume("data", "san", [0, 1], device("/dev/vdf"), ["bella"]));
    await eventually(named, () => volumeReady(named, "data"), "True/Ready");
    expect(status(named, "AoeVolume", "data").backing).toEqual({
      identity: `unnamed:${2 ** 30}`,
      path: "/dev/vdf",
      size: "1Gi",
    });
    const objects = [
      aoeServer("san", 2210, ["/dev/vd?"]),
      xenHost("bella", 2212),
      aoeVolume("data", "san", [0, 1], device("/dev/vdg"), ["bella"]),
    ];
    const globbed = rig({ rack: rack("systemd"), objects });
    await eventually(globbed, () => exported(globbed), ["False/BackingNotUsable", []]);
  });
});

describe("a recorded backing that has lost its end", () => {
  const half = 2 ** 28;
  const whole = 2 ** 29;
  /** As truncate(1) or lvreduce does: the rest is gone from this name, and its identity is the same. */
  function cut(stage: Stage, path: string, bytes: number): void {
    const san = stage.rack.host("san");
    const { node } = resolve(san, path);
    const block = node?.kind === "Block" ? san.blocks.get(node.device) : undefined;
    if (block !== undefined) block.sizeBytes = bytes;
    if (node?.kind === "File") node.sizeBytes = bytes;
  }
  const bytes = (stage: Stage, path: string) => stage.rack.backingOf("san", path).sizeBytes;

  it.each([
    ["of a file", volumes.file, image],
    ["of LVM", volumes.lv, "/dev/san/data"],
  ] as const)("%s is neither grown nor served, and is as before once it is restored", async (_, volume, path) => {
    const stage = stageWith(volume);
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    cut(stage, path, half);
    const sent = commands(stage);
    await eventually(stage, () => exported(stage), ["False/BackingChanged", [`e0.1 eth1 ${path}`]]);
    expect(message(stage, "AoeVolume", "data", "Exported")).toContain(`has ${half} bytes, but ${whole} were recorded`);
    await stage.advance(minutes(10));
    // The vblade that runs is left alone; one that the server started by itself at a boot is not taken for right.
    expect(exported(stage)).toEqual(["False/BackingChanged", [`e0.1 eth1 ${path}`]]);
    stage.rack.reset("san");
    await stage.advance(minutes(10));
    expect([word(stage, "AoeVolume", "data", "Exported"), bytes(stage, path)]).toEqual(["False/BackingChanged", half]);
    expect(sent.filter((one) => /ensure-(file|logical-volume|export)/.test(one))).toEqual([]);
    cut(stage, path, whole);
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    expect(status(stage, "AoeVolume", "data").size).toBe("512Mi");
  });

  it("is grown once a person has given up the rest, and not a second time by the same word", async () => {
    const stage = stageWith(volumes.file);
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    cut(stage, image, half);
    await eventually(stage, () => word(stage, "AoeVolume", "data", "Exported"), "False/BackingChanged");
    const text = message(stage, "AoeVolume", "data", "Exported");
    const approve = /xensan\.dev\/approve=(ReplaceBacking:\S+)/.exec(text)?.[1];
    stage.patch("AoeVolume", at("data"), { metadata: { annotations: { "xensan.dev/approve": approve } } });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    expect(bytes(stage, image)).toBe(whole);
    cut(stage, image, half);
    await eventually(stage, () => word(stage, "AoeVolume", "data", "Exported"), "False/BackingChanged");
    await stage.advance(minutes(10));
    expect([word(stage, "AoeVolume", "data", "Exported"), bytes(stage, image)]).toEqual(["False/BackingChanged", half]);
  });
});

describe("two identities of one backing", () => {
  it.each([
    ["serial:WD-1", "serial:WD-1", true],
    ["serial:WD-1", "serial:WD-2", false],
    ["file:ab-cd:12:1700000000", "file:ab-cd:12:0", true],
    ["file:ab-cd:12:1700000000", "file:ab-cd:12:1700000001", false],
    ["file:ab-cd:12:0", "file:ab-cd:13:0", false],
    ["file:ab-cd:12:0", "file:xx-yy:12:0", false],
    ["unnamed:1024", "unnamed:2048", false],
  ])("%s and %s: %s", (one, other, same) => {
    expect([isSameBacking(one, other), isSameBacking(other, one)]).toEqual([same, same]);
  });
});
