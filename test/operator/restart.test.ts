import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../src/runtime/kube-api.ts";
import { aoeServer, aoeVolume, at, device, keySecret, xenHost } from "../simulation/scenarios/objects.ts";
import { conditionOf, type Stage } from "../simulation/stage.ts";
import { eventually, exportsOf, message, minutes, rig, volumeReady, word } from "./rig.ts";

const objects = [
  aoeServer("san", 2210, ["/dev/vdb", "/dev/vdc"]),
  xenHost("bella", 2212),
  xenHost("brutus", 2213),
  aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["bella", "brutus"]),
  aoeVolume("boot", "san", [0, 2], device("/dev/vdc"), ["bella"]),
];

/** Everything is Ready, and the operator has stopped. */
async function converged(log?: (line: string) => void): Promise<Stage> {
  const stage = rig({ objects, ...(log === undefined ? {} : { log }) });
  await eventually(stage, () => [volumeReady(stage, "data"), volumeReady(stage, "boot")], ["True/Ready", "True/Ready"]);
  await stage.advance(minutes(2));
  stage.life.end();
  return stage;
}

describe("a restart of the operator", () => {
  it("judges each volume once, when its hosts have answered, and writes nothing", async () => {
    const lines: string[] = [];
    const stage = await converged((line) => lines.push(line));
    const effects = stage.effects.done.length;
    lines.length = 0;
    stage.startOperator();
    await stage.advance(minutes(5));
    const judged = lines
      .map((line): unknown => JSON.parse(line))
      .filter((line) => isReconciled(line) && line.controller === "aoevolume")
      .map((line) => (isReconciled(line) ? line.name : ""));
    expect(judged.sort()).toEqual(["boot", "data"]);
    expect(stage.effects.done.slice(effects)).toEqual([]);
  });

  it("writes nothing of a volume before the last of its hosts has answered or failed", async () => {
    const stage = await converged();
    const effects = stage.effects.done.length;
    stage.rack.faults = ({ host, at }) => (host === "brutus" && at === "Connect" ? { kind: "Hang" } : undefined);
    const path = "/etc/vblade.conf.d/e0.2.conf";
    const original = stage.rack.readFile("san", path) ?? "";
    stage.rack.writeFile("san", path, original.replace(/options=.*/, "options='-r'"));
    stage.startOperator();
    // The other volume is not affected by this host.
    await eventually(stage, () => stage.rack.readFile("san", path), original, 0.1);
    await stage.advance(20_000);
    expect(stage.effects.done.slice(effects).filter(({ what }) => what.includes("data"))).toEqual([]);
    await eventually(stage, () => word(stage, "AoeVolume", "data", "Attached"), "Unknown/ClientNotReady");
    expect(word(stage, "AoeVolume", "data", "Exported")).toBe("True/Exported");
  });

  it("says at once what is new: a spec that changed meanwhile", async () => {
    const stage = await converged();
    stage.rack.faults = ({ host, at }) => (host === "brutus" && at === "Connect" ? { kind: "Hang" } : undefined);
    stage.apply(aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["bella", "brutus"], { access: "ReadOnly" }));
    stage.startOperator();
    await eventually(stage, () => word(stage, "AoeVolume", "data", "Attached"), "Unknown/Pending", 0.2);
  });
});

describe("a volume that was deleted while the operator was away", () => {
  it("stays until a dom0 that nobody listed, and that may hold its device, has been asked", async () => {
    const stage = await converged();
    const close = stage.hold("brutus", "e0.2", "process 99 dd");
    expect(close).toBeTypeOf("function");
    stage.delete("AoeVolume", at("boot"));
    stage.rack.faults = ({ host, at: point }) =>
      host === "brutus" && point === "Connect" ? { kind: "Hang" } : undefined;
    stage.startOperator();
    const blocked = () => word(stage, "AoeVolume", "boot", "DeletionBlocked");
    await eventually(stage, blocked, "True/ClientUnknown", 1);
    expect(message(stage, "AoeVolume", "boot", "DeletionBlocked")).toContain(
      "XenHost san/brutus has not been probed yet",
    );
    await stage.advance(minutes(5));
    expect(message(stage, "AoeVolume", "boot", "DeletionBlocked")).toContain("XenHost san/brutus cannot be reached");
    expect(exportsOf(stage, "san")).toContain("e0.2 eth1 /dev/vdc");
    stage.rack.faults = () => undefined;
    await eventually(stage, blocked, "True/ClientHoldsDevice", 10);
    close?.();
    await eventually(stage, () => stage.find("AoeVolume", at("boot")), undefined);
  });
});

const elsewhere = (object: KubeObject) => ({ ...object, metadata: { ...object.metadata, namespace: "elsewhere" } });
const brutus = { namespace: "elsewhere", name: "brutus" };
/** A volume, and a XenHost of another namespace that sees its export. */
async function beside(): Promise<Stage> {
  const stage = rig({
    objects: [
      aoeServer("san", 2210, ["/dev/vdb"]),
      xenHost("bella", 2212),
      aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["bella"]),
      elsewhere(keySecret),
      elsewhere(xenHost("brutus", 2213)),
    ],
  });
  await eventually(
    stage,
    () => [volumeReady(stage, "data"), conditionOf(stage.find("XenHost", brutus), "Reachable").status],
    ["True/Ready", "True"],
  );
  return stage;
}

describe("a volume that is deleted after another process took over", () => {
  it("stays as long as a XenHost that somebody left in another namespace, and that had the device, cannot be reached", async () => {
    const stage = await beside();
    await stage.advance(minutes(2));
    stage.life.end();
    stage.rack.faults = ({ host, at: point }) =>
      host === "brutus" && point === "Connect" ? { kind: "Hang" } : undefined;
    stage.startOperator();
    stage.delete("AoeVolume", at("data"));
    await eventually(stage, () => word(stage, "AoeVolume", "data", "DeletionBlocked"), "True/ClientUnknown", 1);
    await stage.advance(minutes(5));
    expect(message(stage, "AoeVolume", "data", "DeletionBlocked")).toContain(
      "XenHost elsewhere/brutus cannot be reached",
    );
    expect(exportsOf(stage, "san")).toEqual(["e0.1 eth1 /dev/vdb"]);
    stage.rack.faults = () => undefined;
    await eventually(stage, () => stage.find("AoeVolume", at("data")), undefined);
  });
});

describe("a host of another namespace that never named the server of a volume", () => {
  it("keeps no volume by a device without the server's MAC address, held or not", async () => {
    const stage = await beside();
    stage.hold("brutus", "e0.1", "process 99 dd");
    const held = stage.rack.host("brutus").running.aoe.devices.get("e0.1");
    held?.targets.clear();
    if (held !== undefined) held.targets.set = () => held.targets;
    await stage.advance(minutes(5));
    expect(held?.targets.size).toBe(0);
    stage.delete("AoeVolume", at("data"));
    await eventually(stage, () => stage.find("AoeVolume", at("data")), undefined);
  });

  it("keeps no volume while it cannot be reached", async () => {
    const stage = await beside();
    stage.life.end();
    stage.rack.faults = ({ host, at: point }) =>
      host === "brutus" && point === "Connect" ? { kind: "Hang" } : undefined;
    const devices = [{ target: "e0.1", state: "up", size: "1Gi", serverMAC: "02:00:00:00:00:99" }];
    stage.patch("XenHost", brutus, { status: { aoe: { interfaces: ["eth1"], devices } } });
    stage.startOperator();
    stage.delete("AoeVolume", at("data"));
    await eventually(stage, () => stage.find("AoeVolume", at("data")), undefined);
  });
});

const isReconciled = (line: unknown): line is { controller: string; name: string } =>
  typeof line === "object" && line !== null && "msg" in line && line.msg === "reconciled" && "controller" in line;
