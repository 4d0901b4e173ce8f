import { describe, expect, it } from "vitest";
import { finalizer } from "../../src/api/common.ts";
import { claimMachine, probe, revalidate } from "../../src/host/actions.ts";
import { directHostKey, endpoint } from "../../src/sim/dialer.ts";
import {
  createImage,
  createLogicalVolume,
  extendLogicalVolume,
  remove,
  resizeImage,
  writeText,
} from "../../src/sim/model/storage.ts";
import { endVblade, startVblade } from "../../src/sim/model/vblade.ts";
import { broken, byCommand, stageFor } from "./misdeeds.ts";
import { aoeVolume, at, device } from "./scenarios/objects.ts";
import { withManagement } from "./scenarios/observed.ts";
import { tutorialObjects } from "./scenarios/tutorial.ts";

const launch = { by: "None", instance: "" } as const;

describe("an operator that does what it must not", () => {
  it("is caught exporting the system's disk", () => {
    const stage = stageFor();
    byCommand(stage, () =>
      startVblade(stage.rack.world, stage.rack.host("san"), ["9", "9", "eth1", "/dev/vda"], launch),
    );
    expect(broken(stage)).toEqual(["nothing outside the bounds", "nothing outside the bounds"]);
  });

  it("is caught exporting on an interface that the owner of the server does not list", () => {
    const stage = stageFor();
    const san = stage.rack.host("san");
    byCommand(stage, () => startVblade(stage.rack.world, san, ["0", "1", "eth0", "/dev/vdb"], launch));
    expect(stage.violations).toEqual([
      expect.stringContaining("exports /dev/vdb on eth0, which its owner does not list"),
    ]);
  });

  it("is caught serving what earlier volumes left, in a new logical volume and in one that grows", () => {
    const stage = stageFor();
    const { world } = stage.rack;
    const san = stage.rack.host("san");
    const group = { name: "vg", extentBytes: 2 ** 22, sizeBytes: 2 ** 30, physicalVolumes: [], volumes: new Map() };
    san.volumeGroups.set("vg", group);
    byCommand(stage, () => createLogicalVolume(world, san, group, "data", 2 ** 26));
    byCommand(stage, () => startVblade(world, san, ["0", "1", "eth1", "/dev/vg/data"], launch));
    byCommand(stage, () =>
      extendLogicalVolume(world, san, group, { name: "data", bytes: 2 ** 27, extents: "FromBefore" }),
    );
    expect(broken(stage).filter((name) => name !== "nothing outside the bounds")).toEqual([
      "what is new is blank before it is served",
      "what is new is blank before it is served",
    ]);
  });

  it("is caught exporting one disk twice, and one address twice", () => {
    const stage = stageFor();
    const { world } = stage.rack;
    const san = stage.rack.host("san");
    byCommand(stage, () => startVblade(world, san, ["0", "1", "eth1", "/dev/vdb"], launch));
    expect(broken(stage)).toEqual([]);
    byCommand(stage, () => startVblade(world, san, ["0", "7", "eth1", "/dev/vdb"], launch));
    expect(broken(stage)).toEqual(["exports are unique", "bytes have one writer"]);
    createImage(world, san, "/srv/aoe/b.img", 4096);
    byCommand(stage, () => startVblade(world, san, ["0", "7", "eth1", "/srv/aoe/b.img"], launch));
    expect(broken(stage)).toEqual(["exports are unique", "bytes have one writer", "exports are unique"]);
  });

  it("is caught stopping what is not its own, and changing its configuration", () => {
    const stage = stageFor();
    const { world } = stage.rack;
    const san = stage.rack.host("san");
    const started = startVblade(world, san, ["0", "1", "eth1", "/dev/vdb"], launch);
    const path = "/etc/vblade.conf.d/theirs.conf";
    san.rootFileSystem.nodes.set("/etc/vblade.conf.d", { kind: "Directory", inode: 99 });
    writeText(world, san, path, "shelf=0\nslot=1\nnetif=eth1\nfilename=/dev/vdb\n");
    byCommand(stage, () => "pid" in started && endVblade(world, san, started.pid, "test"));
    byCommand(stage, () =>
      writeText(world, san, path, "# xensan: san/x 1\nshelf=0\nslot=1\nnetif=eth1\nfilename=/dev/vdb\n"),
    );
    expect(broken(stage)).toEqual(["foreign exports untouched"]);
    byCommand(stage, () => remove(world, san, path));
    expect(broken(stage)).toEqual(["foreign exports untouched"]);
    writeText(world, san, path, "shelf=0\nslot=1\nnetif=eth1\nfilename=/dev/vdb\n");
    byCommand(stage, () => remove(world, san, path));
    expect(broken(stage)).toEqual(["foreign exports untouched", "foreign exports untouched"]);
  });

  it("is caught deleting, shrinking and replacing what holds data", () => {
    const stage = stageFor();
    const { world } = stage.rack;
    const san = stage.rack.host("san");
    byCommand(stage, () => createImage(world, san, "/srv/aoe/a.img", 4096));
    expect(broken(stage)).toEqual([]);
    byCommand(stage, () => resizeImage(world, san, "/srv/aoe/a.img", 512));
    byCommand(stage, () => createImage(world, san, "/srv/aoe/a.img", 4096));
    byCommand(stage, () => remove(world, san, "/srv/aoe/a.img"));
    const lost = "backings are never lost";
    expect(broken(stage)).toEqual([lost, lost, "recorded is never re-created", lost]);
  });

  it("is caught stopping an export under an open device", async () => {
    const stage = stageFor();
    const { world } = stage.rack;
    const san = stage.rack.host("san");
    const target = { shelf: 0, slot: 1, device: "152:0", up: true, sizeBytes: 512, payload: 1024, firmware: 0x4019 };
    const mac = san.interfaces.get("eth1")?.mac ?? "";
    const targets = new Map([[mac, { mac, interfaces: new Set(["eth1"]) }]]);
    stage.rack.host("bella").running.aoe.devices.set("e0.1", { ...target, targets, openers: [], content: undefined });
    const started = byCommand(stage, () => startVblade(world, san, ["0", "1", "eth1", "/dev/vdb"], launch));
    expect(stage.hold("bella", "e0.1", "mount /srv/xen")).toBeTypeOf("function");
    await stage.advance(60_000);
    byCommand(stage, () => "pid" in started && endVblade(world, san, started.pid, "test"));
    expect(broken(stage)).toContain("held devices stay");
  });

  it("is caught letting go of a volume whose export is still configured", () => {
    const stage = stageFor();
    const san = stage.rack.host("san");
    stage.apply({
      ...aoeVolume("x", "san", [0, 5], device("/dev/vdb"), []),
      metadata: { ...at("x"), finalizers: [finalizer] },
    });
    const uid = JSON.stringify(stage.find("AoeVolume", at("x"))?.metadata).match(/"uid":"([^"]+)"/)?.[1] ?? "";
    san.rootFileSystem.nodes.set("/etc/vblade.conf.d", { kind: "Directory", inode: 99 });
    writeText(stage.rack.world, san, "/etc/vblade.conf.d/x.conf", `# xensan: san/x ${uid}\nshelf=0\n`);
    stage.delete("AoeVolume", at("x"));
    stage.patch("AoeVolume", at("x"), { metadata: { finalizers: null } });
    expect(broken(stage)).toEqual(["the finalizer stays while anything is left"]);
    // Nor may anything begin afterwards.
    byCommand(stage, () =>
      startVblade(stage.rack.world, stage.rack.host("san"), ["0", "9", "eth1", "/dev/vdb"], {
        by: "Systemd",
        instance: "e0.9",
      }),
    );
    expect(broken(stage).filter((name) => name?.includes("finalizer"))).toHaveLength(2);
  });

  it("is caught changing a machine that is observed only", async () => {
    const stage = stageFor(async ({ dialer }) => {
      const { host, port, user } = endpoint(stage.rack, "bella");
      const credential = { privateKey: "any", version: "1" };
      const trust = { become: "None", hostKeys: [directHostKey("bella")], hostKeyPolicy: "Pinned" } as const;
      const session = dialer.session({ host, port, user, credential, ...trust });
      for (const { script, args, timeoutSeconds } of [
        probe({ roles: ["Client"], backings: [], segments: [] }),
        claimMachine(),
      ])
        await session.run({ script, args, timeoutSeconds });
    });
    const [bella] = tutorialObjects(["XenHost"]).filter(({ metadata }) => metadata.name === "bella");
    if (bella === undefined) throw new Error("no bella");
    stage.delete("XenHost", at("bella"));
    stage.apply(withManagement(bella, "Observe"));
    stage.startOperator();
    await stage.advance(30_000);
    expect(stage.violations).toContainEqual(
      expect.stringContaining("observed machines are left alone: bella: claim-machine, although management is Observe"),
    );
  });

  it("is caught acting on a host it has not looked at", async () => {
    const stage = stageFor(async ({ dialer }) => {
      const { host, port, user } = endpoint(stage.rack, "bella");
      const credential = { privateKey: "any", version: "1" };
      const trust = { become: "None", hostKeys: [directHostKey("bella")], hostKeyPolicy: "Pinned" } as const;
      const { script, args, timeoutSeconds } = revalidate({ shelf: 0, slot: 1, expectBytes: 512 });
      await dialer.session({ host, port, user, credential, ...trust }).run({ script, args, timeoutSeconds });
    });
    stage.startOperator();
    await stage.advance(1_000);
    expect(broken(stage)).toContain("unknown is not absent");
  });
});
