import { describe, expect, it } from "vitest";
import { parseRack } from "../../src/sim/rack-file.ts";
import { aoeServer, aoeVolume, file, xenHost } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { eventually, exportsOf, message, minutes, rig, volumeReady, word } from "./rig.ts";

const nic = (name: string, segment: string, mac: string) => ({ name, segment, mac });
const disk = { path: "/dev/vda", size: "8Gi", signature: "ext4", mountPoint: "/" };
const dom0 = (segment: string, number: number) => ({
  roles: ["dom0"],
  ssh: { port: 2210 + number },
  interfaces: [
    nic("eth0", "management", `52:54:00:99:00:0${number}`),
    nic("eth1", segment, `52:54:00:99:01:0${number}`),
  ],
  disks: [disk],
  packages: ["aoetools"],
});

/** A server with a card on each of two segments, and a dom0 on each. */
const rack = (init: "systemd" | "sysvinit") => () =>
  parseRack({
    hosts: {
      san: {
        ...{ roles: ["server"], init, ssh: { port: 2210 }, packages: ["vblade"] },
        disks: [disk, { ...disk, path: "/dev/vdb", mountPoint: "/srv/aoe" }],
        interfaces: [
          nic("eth0", "management", "52:54:00:99:00:10"),
          nic("eth1", "a", "52:54:00:99:01:0a"),
          nic("eth2", "b", "52:54:00:99:01:0b"),
        ],
      },
      bella: dom0("a", 1),
      brutus: dom0("b", 2),
    },
  });

/** One shelf.slot on both segments, with different content. */
const volume = (name: string, interfaceName: string, client: string) =>
  aoeVolume(name, "san", [0, 1], file(`/srv/aoe/${name}.img`, "16Mi"), [client], { interface: interfaceName });

async function served(init: "systemd" | "sysvinit"): Promise<Stage> {
  const interfaces = [
    { name: "eth1", segment: "a" },
    { name: "eth2", segment: "b" },
  ];
  const stage = rig({
    rack: rack(init),
    objects: [
      aoeServer("san", 2210, ["/srv/aoe/*"], { interfaces }),
      ...[xenHost("bella", 2211), xenHost("brutus", 2212)],
      ...[volume("one", "eth1", "bella"), volume("two", "eth2", "brutus")],
    ],
  });
  await eventually(stage, () => both(stage), both.ready);
  return stage;
}

const both = Object.assign((stage: Stage) => [volumeReady(stage, "one"), volumeReady(stage, "two")], {
  ready: ["True/Ready", "True/Ready"],
});
const exportedOn = (stage: Stage) => ["one", "two"].map((name) => word(stage, "AoeVolume", name, "Exported"));
const whole = ["e0.1 eth1 /srv/aoe/one.img", "e0.1 eth2 /srv/aoe/two.img"];

describe.each(["systemd", "sysvinit"] as const)("on %s, the network cards of a SAN", (init) => {
  it("that swap their names at a boot with the operator down serve nothing to the other segment, until they swap back", async () => {
    const stage = await served(init);
    stage.life.end();
    stage.rack.swapCards("san", "eth1", "eth2");
    await stage.advance(minutes(3));
    expect(exportsOf(stage, "san")).toEqual([]);
    stage.startOperator();
    await eventually(stage, () => exportedOn(stage), ["False/InterfaceChanged", "False/InterfaceChanged"]);
    await stage.advance(minutes(10));
    expect(exportsOf(stage, "san")).toEqual([]);
    expect(message(stage, "AoeVolume", "one", "Exported")).toContain("the recorded card 52:54:00:99:01:0a is eth2 now");
    stage.rack.swapCards("san", "eth1", "eth2");
    await eventually(stage, () => both(stage), both.ready);
    expect(exportsOf(stage, "san")).toEqual(whole);
  });

  it("one of which is replaced by a new one serve what they served", async () => {
    const stage = await served(init);
    stage.life.end();
    const san = stage.rack.host("san");
    const old = san.interfaces.get("eth1");
    if (old === undefined) throw new Error("no eth1");
    Object.assign(old, { mac: "52:54:00:99:01:0c" });
    stage.rack.reset("san");
    await stage.advance(minutes(3));
    expect(exportsOf(stage, "san")).toEqual(whole);
    stage.startOperator();
    const records = ["e0.1", "e0.1.eth1", "e0.1.eth2", "x000", "x001"];
    const recorded = () =>
      records.map((name) => stage.rack.readFile("san", `/var/lib/xensan/exports/${name}`)).join("");
    await eventually(stage, () => recorded().includes("eth1 52:54:00:99:01:0c\n"), true);
    await eventually(stage, () => both(stage), both.ready);
    expect(exportsOf(stage, "san")).toEqual(whole);
  });
});
