import { describe, expect, it } from "vitest";
import { apiVersion } from "../../src/api/common.ts";
import { at, sharedFilesystem, xenDomain } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { abandon } from "./rack-story.ts";
import { commands, domainHost, eventually, minutes, rig, status, word } from "./rig.ts";
import { configuration, migration, outcome, said, seen, uuid, xenRig } from "./xen-rig.ts";

const nodes = ["bella", "brutus"];
const to = (target: string) => ({ targetHostRef: { name: target } });

/** Restores an object as from a backup: with another uid and no status. */
async function bringBack(stage: Stage, object: ReturnType<typeof migration>): Promise<void> {
  const { name } = object.metadata;
  stage.delete("XenMigration", at(name));
  await eventually(stage, () => stage.find("XenMigration", at(name)), undefined, 1);
  stage.apply(object);
}

/** Removes the operator's record of its migrations from the status of the domain. */
function loseMigrations(stage: Stage): void {
  const { migrations: _lost, ...kept } = status(stage, "XenDomain", "vm");
  const object = { apiVersion, kind: "XenDomain", metadata: at("vm"), status: kept };
  stage.server.apply(stage.server.kindNamed("XenDomain"), object, { manager: "xensan", status: true, force: true });
}

describe("a migration that a backup brings back", () => {
  it("moves nothing, and says when it was done", async () => {
    const [monday, tuesday] = [migration("monday", to("brutus")), migration("tuesday", to("caesar"))];
    const stage = await xenRig({ objects: [monday] });
    await eventually(stage, () => outcome(stage, "monday"), "True/Succeeded", 5);
    const began = String(status(stage, "XenMigration", "monday").startTime);
    stage.apply(tuesday);
    await eventually(stage, () => outcome(stage, "tuesday"), "True/Succeeded", 5);
    await bringBack(stage, monday);
    await bringBack(stage, tuesday);
    await eventually(stage, () => outcome(stage, "monday"), "True/AlreadyDone", 2);
    await eventually(stage, () => outcome(stage, "tuesday"), "True/AlreadyDone", 2);
    expect(said(stage, "monday")).toContain(`was already begun at ${began}, according to XenHost bella (operation `);
    expect(status(stage, "XenMigration", "monday").operationID).toBeUndefined();
    await stage.advance(minutes(5));
    expect(seen(stage)).toEqual({ bella: [], brutus: [], caesar: ["vm-test"] });
  });

  it("is not begun again after it failed, and does not call that a success", async () => {
    const go = migration("go", to("brutus"));
    const stage = await xenRig({ prepare: (it) => it.rack.xen.failStart("vm-test") });
    stage.apply(go);
    await eventually(stage, () => outcome(stage, "go"), "False/MigrationFailed", 10);
    await bringBack(stage, go);
    await eventually(stage, () => outcome(stage, "go"), "False/AlreadyDone", 2);
    expect(said(stage, "go")).toContain("The earlier run failed. xensan does not repeat it: ");
    expect(seen(stage)).toEqual({ bella: ["vm-test"], brutus: [], caesar: [] });
  });

  it("waits while the first one is under way, and then ends", async () => {
    const go = migration("go", to("brutus"));
    const stage = await xenRig();
    stage.rack.xen.atPhase("Precopy", () => {
      stage.patch("XenMigration", at("go"), { metadata: { annotations: { "xensan.dev/abandon": "go" } } });
      stage.delete("XenMigration", at("go"));
      stage.clock.after(1000, () => stage.apply(go));
    });
    stage.apply(go);
    await eventually(stage, () => outcome(stage, "go"), "Unknown/DomainMigrating", 5);
    await eventually(stage, () => outcome(stage, "go"), "True/AlreadyDone", 5);
    expect(seen(stage)).toEqual({ bella: [], brutus: ["vm-test"], caesar: [] });
  });

  it("is known to the target alone", async () => {
    const monday = migration("monday", to("brutus"));
    const stage = await xenRig({ objects: [monday] });
    await eventually(stage, () => outcome(stage, "monday"), "True/Succeeded", 5);
    stage.apply(migration("tuesday", to("caesar")));
    await eventually(stage, () => outcome(stage, "tuesday"), "True/Succeeded", 5);
    stage.delete("XenHost", at("bella"));
    await eventually(stage, () => stage.find("XenHost", at("bella")), undefined, 5);
    await bringBack(stage, monday);
    await eventually(stage, () => outcome(stage, "monday"), "False/AlreadyDone", 2);
    expect(said(stage, "monday")).toContain("according to XenHost brutus");
    expect(said(stage, "monday")).toContain("The outcome of the earlier run is not recorded there");
  });
});

describe("a migration whose source dies before anybody has seen it run", () => {
  it("is on its target's record already, and is not begun again for a domain that a person started elsewhere", async () => {
    const go = migration("go", to("brutus"), { annotations: { "xensan.dev/abandon": "go" } });
    const stage = await xenRig({ prepare: (it) => it.rack.xen.atPhase("Connect", () => it.rack.powerOff("bella")) });
    const sent = commands(stage);
    stage.apply(go);
    await eventually(stage, () => stage.rack.host("bella").power, "Off", 5);
    expect(sent.indexOf("brutus record-migration")).toBeGreaterThanOrEqual(0);
    expect(sent.indexOf("brutus record-migration")).toBeLessThan(sent.indexOf("bella start-migration"));
    stage.delete("XenMigration", at("go"));
    await eventually(stage, () => stage.find("XenMigration", at("go")), undefined, 5);
    await abandon(stage, "XenHost", "bella");
    stage.rack.xen.createDomain("caesar", configuration());
    stage.apply(go);
    await eventually(stage, () => outcome(stage, "go"), "False/AlreadyDone", 5);
    expect(said(stage, "go")).toContain("according to XenHost brutus");
    expect(seen(stage)).toEqual({ bella: [], brutus: [], caesar: ["vm-test"] });
  });
});

describe("a migration of another name, or to another host", () => {
  it("is another one", async () => {
    const stage = await xenRig({ objects: [migration("go", to("brutus"))] });
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
    await bringBack(stage, migration("go", to("caesar")));
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
    stage.apply(migration("again", to("brutus")));
    await eventually(stage, () => outcome(stage, "again"), "True/Succeeded", 5);
    expect(seen(stage)).toEqual({ bella: [], brutus: ["vm-test"], caesar: [] });
  });

  it("is begun when the one of its name was never begun", async () => {
    const stage = await xenRig();
    const go = (rest: object) => migration("go", { ...to("brutus"), ...rest });
    stage.apply(go({ abort: "Requested" }));
    await eventually(stage, () => outcome(stage, "go"), "False/AbortRequested", 1);
    await bringBack(stage, go({}));
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
  });
});

describe("an offline migration that a backup brings back", () => {
  async function ground() {
    const stage = rig({
      objects: [...sharedFilesystem(nodes), xenDomain("vm", nodes, { uuid })],
    });
    await eventually(stage, () => word(stage, "XenDomain", "vm", "Ready"), "True/Ready");
    const source = domainHost(stage, "vm");
    const target = source === "bella" ? "brutus" : "bella";
    const move = (name: string, host: string) =>
      migration(name, { domain: undefined, domainRef: { name: "vm" }, ...to(host), mode: "Offline" });
    const [out, back] = [move("out", target), move("back", source)];
    for (const one of [out, back]) {
      stage.apply(one);
      await eventually(stage, () => outcome(stage, one.metadata.name), "True/Succeeded", 5);
    }
    return { stage, source, out };
  }

  it("stops nothing: the status of the XenDomain knows it", async () => {
    const { stage, source, out } = await ground();
    await bringBack(stage, out);
    await eventually(stage, () => outcome(stage, "out"), "True/AlreadyDone", 2);
    expect(said(stage, "out")).toContain("according to the status of XenDomain vm");
    await stage.advance(minutes(5));
    expect(domainHost(stage, "vm")).toBe(source);
    expect(status(stage, "XenDomain", "vm").migrations).toMatchObject([
      { migrationRef: { name: "back" }, outcome: "Succeeded" },
      { migrationRef: { name: "out" }, outcome: "Succeeded" },
    ]);
  });

  it("stops nothing where that status is lost too: the hosts know it", async () => {
    const { stage, source, out } = await ground();
    stage.delete("XenMigration", at("back"));
    stage.delete("XenMigration", at("out"));
    await eventually(stage, () => stage.find("XenMigration", at("out")), undefined, 1);
    stage.life.end();
    loseMigrations(stage);
    stage.startOperator();
    await stage.advance(5000);
    expect(status(stage, "XenDomain", "vm").migrations).toBeUndefined();
    stage.apply(out);
    await eventually(stage, () => outcome(stage, "out"), "False/AlreadyDone", 2);
    await stage.advance(minutes(5));
    expect(domainHost(stage, "vm")).toBe(source);
  });
});
