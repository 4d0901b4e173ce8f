import { describe, expect, it } from "vitest";
import { removeExport } from "../../src/host/actions.ts";
import { addressed } from "../../src/host/addressee.ts";
import { placeFile } from "../../src/sim/model/filesystem.ts";
import { aoeServer, aoeVolume, at, device, xenHost } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { commands, eventually, exportsOf, message, minutes, rig, status, volumeReady, word } from "./rig.ts";

const objects = [
  aoeServer("san", 2210, ["/dev/vdb"]),
  xenHost("bella", 2212),
  aoeVolume("data", "san", [0, 1], device("/dev/vdb"), ["bella"]),
];
const acting = (sent: readonly string[]) => sent.filter((one) => !one.endsWith(" probe"));
const claim = (stage: Stage) => stage.rack.readFile("san", "/var/lib/xensan/claims/AoeServer");
const reachable = (stage: Stage) => word(stage, "AoeServer", "san", "Reachable");

describe("another machine at the address of an AoeServer", () => {
  it("is not taken for it, and nothing is done there until a person approves its machine-id", async () => {
    const stage = rig({ objects });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    const { machineId } = stage.rack.host("san");
    expect(status(stage, "AoeServer", "san").machineID).toBe(machineId);
    const sent = commands(stage);
    stage.rack.replaceMachine("san", "0123456789abcdef0123456789abcdef");
    stage.rack.killVblade("san");
    stage.rack.writeFile("san", "/etc/vblade.conf.d/e0.1.conf", "shelf=7\n");
    await eventually(stage, () => reachable(stage), "False/MachineChanged");
    await stage.advance(minutes(10));
    expect([reachable(stage), volumeReady(stage, "data")]).toEqual(["False/MachineChanged", "Unknown/ServerNotReady"]);
    expect(acting(sent).filter((one) => one.startsWith("san "))).toEqual([]);
    expect(message(stage, "AoeServer", "san", "Reachable")).toContain(machineId);
    const approve = "Machine:0123456789abcdef0123456789abcdef";
    stage.patch("AoeServer", at("san"), { metadata: { annotations: { "xensan.dev/approve": approve } } });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    expect(status(stage, "AoeServer", "san").machineID).toBe("0123456789abcdef0123456789abcdef");
  });

  it("is refused by the script that acts, should it come between the look and the act", async () => {
    const stage = rig({ objects });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    stage.life.end();
    const owner = { namespace: "san", name: "data", uid: "u1" };
    const remove = removeExport({ owner, shelf: 0, slot: 1, interface: "eth1" });
    const { script, args } = addressed(remove, { machineId: "0123456789abcdef0123456789abcdef" });
    const process = stage.rack.start(stage.rack.host("san"), script.name, args);
    await stage.advance(minutes(1));
    expect(process.stdout).toMatch(/^refused\tMachineChanged\t/);
    expect(exportsOf(stage, "san")).toEqual(["e0.1 eth1 /dev/vdb"]);
  });
});

describe("a machine that somebody has", () => {
  const elsewhere = "other-cluster prod/storage";
  const claimed = (text: string) =>
    rig({
      objects,
      prepare: (stage) => {
        placeFile(stage.rack.host("san").rootFileSystem, "/var/lib/xensan/claims/AoeServer", { text: `${text}\n` });
      },
    });

  it("is claimed by the first object that acts on it", async () => {
    const stage = rig({ objects });
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    expect(claim(stage)).toBe("management san/san\n");
  });

  it.each([
    ["another management cluster", elsewhere],
    ["another object of this cluster", "management prod/storage"],
  ])("%s: nothing is changed, and the holder is named", async (_whose, holder) => {
    const stage = claimed(holder);
    await eventually(stage, () => word(stage, "AoeServer", "san", "Prepared"), "False/ClaimedElsewhere");
    await stage.advance(minutes(10));
    expect([claim(stage), exportsOf(stage, "san")]).toEqual([`${holder}\n`, []]);
    const [, object = ""] = holder.split(" ");
    expect(message(stage, "AoeServer", "san", "Prepared")).toContain(object);
  });

  it("moves by one word of a person that names the holder", async () => {
    const stage = claimed(elsewhere);
    await eventually(stage, () => word(stage, "AoeServer", "san", "Prepared"), "False/ClaimedElsewhere");
    const say = (text: string) =>
      stage.patch("AoeServer", at("san"), { metadata: { annotations: { "xensan.dev/approve": text } } });
    say("Claim:somebody-else prod/storage");
    await stage.advance(minutes(5));
    expect(claim(stage)).toBe(`${elsewhere}\n`);
    say(`Claim:${elsewhere}`);
    await eventually(stage, () => volumeReady(stage, "data"), "True/Ready");
    expect(claim(stage)).toBe("management san/san\n");
  });
});
