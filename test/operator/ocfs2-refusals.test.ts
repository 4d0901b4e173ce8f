import { describe, expect, it } from "vitest";
import { type Content, overwrite } from "../../src/sim/model/content.ts";
import { createVolume } from "../../src/sim/model/ocfs2-volume.ts";
import { unpack } from "../../src/sim/model/packages.ts";
import { startVblade } from "../../src/sim/model/vblade.ts";
import { parseRack } from "../../src/sim/rack-file.ts";
import { aoeServer, aoeVolume, at, device, ocfs2Cluster, xenHost } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { commands, eventually, message, minutes, rig, word } from "./rig.ts";

const uuid = "11111111-1111-4111-8111-111111111111";
const objects = [
  aoeServer("san", 2210, ["/dev/vdb"]),
  xenHost("bella", 2212),
  xenHost("brutus", 2213),
  aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["bella", "brutus"]),
];
const cluster = ocfs2Cluster("xen", ["bella", "brutus"]);

/** The disk behind the volume. */
function disk(stage: Stage): Content {
  const { content } = stage.rack.backingOf("san", "/dev/vdb");
  if (content === undefined) throw new Error("the rack has no /dev/vdb");
  return content;
}

function putOcfs2(stage: Stage, change: object = {}) {
  const ocfs2 = createVolume({
    uuid,
    label: "data",
    cluster: "data",
    globalHeartbeat: false,
    nodeSlots: 8,
    sizeBytes: 2 ** 31,
    ...change,
  });
  overwrite(disk(stage), { signature: "ocfs2", uuid, label: ocfs2.label, ocfs2 });
  return ocfs2;
}

const formats = (sent: readonly string[]) => sent.filter((line) => line.endsWith("format-filesystem"));

describe("a volume that is not blank", () => {
  for (const signature of ["ext4", "LVM2_member", "dos", "crypto_LUKS"])
    it(`is not formatted over ${signature}, and says so`, async () => {
      const stage = rig({
        objects: [...objects, cluster],
        prepare: (before) => overwrite(disk(before), { signature }),
      });
      const sent = commands(stage);
      await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Formatted"), "False/NotBlank");
      expect(message(stage, "Ocfs2Cluster", "xen", "Formatted")).toBe(
        `data: /dev/etherd/e0.1 holds ${signature}, so xensan does not format it. Use another volume, or erase this one by hand`,
      );
      await stage.advance(minutes(10));
      expect(formats(sent)).toEqual([]);
      expect(disk(stage).signature).toBe(signature);
    });

  it("is not formatted over data without a signature", async () => {
    const stage = rig({ objects: [...objects, cluster], prepare: (before) => overwrite(disk(before), { data: true }) });
    const sent = commands(stage);
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Formatted"), "False/NotBlank");
    await stage.advance(minutes(10));
    expect(formats(sent)).toEqual([]);
  });

  it("is not taken from another cluster", async () => {
    const stage = rig({ objects: [...objects, cluster], prepare: (before) => putOcfs2(before, { cluster: "old" }) });
    const sent = commands(stage);
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Formatted"), "False/ForeignFilesystem");
    await stage.advance(minutes(10));
    expect(formats(sent)).toEqual([]);
  });

  it("is adopted when it has our label and cluster", async () => {
    const stage = rig({ objects: [...objects, cluster], prepare: (before) => putOcfs2(before) });
    const sent = commands(stage);
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Ready"), "True/Ready");
    expect(formats(sent)).toEqual([]);
    expect(message(stage, "Ocfs2Cluster", "xen", "Formatted")).toBe("Every file system is on its volume: data");
  });

  it("is not mounted while a host that nobody declared writes its heartbeat", async () => {
    const stage = rig({
      objects: [...objects, cluster],
      prepare: (before) => putOcfs2(before).beats.set(5, { from: 0, until: undefined, writer: undefined }),
    });
    const sent = commands(stage);
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Formatted"), "False/ForeignHeartbeat");
    await stage.advance(minutes(10));
    expect(sent.filter((line) => /(format|mount)-filesystem$/.test(line))).toEqual([]);
    disk(stage).ocfs2?.beats.delete(5);
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Ready"), "True/Ready");
  });

  it("is not mounted while a host with the number of one of ours, which is not ours, has it mounted", async () => {
    const stage = rig({
      objects: [...objects, cluster],
      prepare: (before) => putOcfs2(before).beats.set(0, { from: 0, until: undefined, writer: undefined }),
    });
    const sent = commands(stage);
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Formatted"), "False/ForeignHeartbeat");
    await stage.advance(minutes(5));
    expect(sent.filter((line) => /(format|mount)-filesystem$/.test(line))).toEqual([]);
  });
});

describe("a recorded file system", () => {
  it("that disappears is an alarm, never a reason to format", async () => {
    const stage = rig({ objects: [...objects, cluster] });
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Ready"), "True/Ready");
    const sent = commands(stage);
    for (const host of ["bella", "brutus"]) stage.rack.powerOff(host);
    overwrite(disk(stage), {});
    for (const host of ["bella", "brutus"]) stage.rack.powerOn(host);
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Formatted"), "False/FilesystemMissing");
    await stage.advance(minutes(10));
    expect(formats(sent)).toEqual([]);
    expect(disk(stage).signature).toBe("");
    // Taken out of the spec, it leaves the nodes; added again, it is a new one.
    stage.patch("Ocfs2Cluster", at("xen"), { spec: { filesystems: [] } });
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Ready"), "True/Ready");
    stage.apply(cluster);
    await eventually(stage, () => disk(stage).signature, "ocfs2");
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Ready"), "True/Ready");
    expect(formats(sent)).toHaveLength(1);
    expect(stage.violations.splice(0)).toEqual([expect.stringContaining("formatted at most once")]);
  });
});

describe("a device that is not what the volume says", () => {
  it("from another server behind the same address is not formatted", async () => {
    const stage = rig({ objects: [...objects, cluster] });
    const sent = commands(stage);
    // Before the operator has looked at the device, another server answers for its address.
    let swapped = false;
    stage.rack.subscribe((event) => {
      if (event.kind !== "ClusterOnline" || swapped) return;
      swapped = true;
      stage.clock.after(1, () => {
        const { world } = stage.rack;
        const oldie = stage.rack.host("oldie");
        unpack(oldie, "vblade");
        stage.rack.killVblade("san");
        stage.rack.setInterface("san", "eth1", "Down");
        startVblade(world, oldie, ["0", "1", "eth1", "/dev/sdb"], { by: "None", instance: "" });
      });
    });
    await stage.advance(minutes(10));
    expect(formats(sent)).toEqual([]);
    expect(word(stage, "Ocfs2Cluster", "xen", "Ready")).toBe("Unknown/VolumeNotReady");
  });
});

describe("a node that dies when it is to format, and never comes back", () => {
  /** The chosen node goes down for good: before mkfs.ocfs2 began, or in its middle. */
  async function lost(when: "CommandBegun" | "FormatBegun") {
    const stage = rig({ objects: [...objects, cluster] });
    let died: string | undefined;
    stage.rack.subscribe((event) => {
      if (
        event.kind !== when ||
        died !== undefined ||
        (event.kind === "CommandBegun" && event.script !== "format-filesystem")
      )
        return;
      died = event.host;
      stage.clock.after(1, () => stage.rack.powerOff(event.host));
    });
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Formatted"), "Unknown/FormatUnknown");
    const said = message(stage, "Ocfs2Cluster", "xen", "Formatted");
    const approval = /xensan\.dev\/approve=(\S+):/.exec(said)?.[1] ?? "";
    expect(said).toContain("make sure that it is off and stays off, look at /dev/etherd/e0.1 on another node");
    await stage.advance(minutes(30));
    expect(word(stage, "Ocfs2Cluster", "xen", "Formatted")).toBe("Unknown/FormatUnknown");
    const victim = died ?? "";
    return { stage, approval, victim, other: victim === "bella" ? "brutus" : "bella" };
  }
  const approve = (stage: Stage, value: string) =>
    stage.patch("Ocfs2Cluster", at("xen"), { metadata: { annotations: { "xensan.dev/approve": value } } });
  const begun = (stage: Stage) =>
    stage.rack.events.flatMap((event) => (event.kind === "FormatBegun" ? [event.host] : []));

  it("is waited for until a person says that it is off: then another formats what is blank", async () => {
    const { stage, approval, victim, other } = await lost("CommandBegun");
    approve(stage, `FormatElsewhere:${uuid}`);
    await stage.advance(minutes(5));
    expect(begun(stage)).toEqual([]);
    approve(stage, approval);
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Formatted"), "True/Formatted");
    expect(begun(stage)).toEqual([other]);
    stage.rack.powerOn(victim);
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Ready"), "True/Ready", 15);
    expect(begun(stage)).toEqual([other]);
  });

  it("is waited for, and what it left is not formatted again whatever a person says", async () => {
    const { stage, approval, victim } = await lost("FormatBegun");
    approve(stage, approval);
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Formatted"), "False/NotBlank");
    await stage.advance(minutes(10));
    expect(begun(stage)).toEqual([victim]);
  });
});

describe("eight nodes", () => {
  const names = Array.from({ length: 8 }, (_, index) => `node${index}`);
  it("share one file system, formatted once", async () => {
    const rack = () =>
      parseRack({
        hosts: {
          san: {
            roles: ["server"],
            ssh: { port: 2210 },
            interfaces: [
              { name: "eth0", mac: "52:54:00:99:00:10", segment: "management", address: "10.98.0.10/24" },
              { name: "eth1", mac: "52:54:00:99:01:10", segment: "san", address: "10.99.0.10/24" },
            ],
            disks: [
              { path: "/dev/vda", size: "4Gi", signature: "ext4", mountPoint: "/" },
              { path: "/dev/vdb", size: "2Gi" },
            ],
          },
          ...Object.fromEntries(
            names.map((name, index) => [
              name,
              {
                roles: ["dom0"],
                ssh: { port: 2220 + index },
                interfaces: [
                  {
                    name: "eth0",
                    mac: `52:54:00:99:00:2${index}`,
                    segment: "management",
                    address: `10.98.0.1${index + 2}/24`,
                  },
                  {
                    name: "eth1",
                    mac: `52:54:00:99:01:2${index}`,
                    segment: "san",
                    address: `10.99.0.1${index + 2}/24`,
                  },
                ],
                disks: [{ path: "/dev/vda", size: "4Gi", signature: "ext4", mountPoint: "/" }],
              },
            ]),
          ),
        },
      });
    const stage = rig({
      rack,
      objects: [
        aoeServer("san", 2210, ["/dev/vdb"]),
        ...names.map((name, index) => xenHost(name, 2220 + index)),
        aoeVolume("data", "san", [0, 1], device("/dev/vdb"), names),
        ocfs2Cluster("xen", names, {}, { journalSize: "8Mi" }),
      ],
    });
    const sent = commands(stage);
    await eventually(stage, () => word(stage, "Ocfs2Cluster", "xen", "Ready"), "True/Ready", 15);
    expect(formats(sent)).toHaveLength(1);
  });
});
