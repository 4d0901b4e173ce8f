import { describe, expect, it } from "vitest";
import { nameOf, objects } from "../simulation/scenarios/ground-truth.ts";
import { at } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { eventually, message, minutes, status, word } from "./rig.ts";
import { configuration, dom0, migration, outcome, seen, uuid, xenRig } from "./xen-rig.ts";

const second = "37baabc6-98d5-48a2-9634-a38b12e29c46";
const two = (stage: Stage) => {
  stage.rack.xen.createDomain("bella", configuration({ name: "vm-two", uuid: second }));
};
const drained = (stage: Stage) => word(stage, "XenHost", "bella", "Drained");
const migrations = (stage: Stage) => objects(stage, "XenMigration").map(nameOf).sort();

describe("a host that is drained", () => {
  it("moves one domain after the other to hosts that fit, and says when it is empty", async () => {
    const stage = await xenRig({ prepare: two });
    expect(drained(stage)).toBe("False/NotDraining");
    stage.apply(dom0("bella", { maintenance: "Drain" }));
    let most = 0;
    stage.rack.subscribe(() => {
      most = Math.max(most, stage.rack.xen.migrations().length);
    });
    await eventually(stage, () => drained(stage), "False/Draining", 2);
    await eventually(stage, () => drained(stage), "True/Drained", 10);
    expect(most).toBe(1);
    expect(seen(stage).bella).toEqual([]);
    expect(migrations(stage)).toHaveLength(2);
    for (const name of migrations(stage)) {
      await eventually(stage, () => outcome(stage, name), "True/Succeeded", 1);
      expect(stage.find("XenMigration", at(name))).toMatchObject({
        metadata: {
          labels: { "xensan.dev/drain": "bella" },
          ownerReferences: [{ kind: "XenHost", name: "bella", controller: true }],
        },
        spec: { sourceHostRef: { name: "bella" } },
      });
    }
    await stage.advance(minutes(20));
    expect(migrations(stage)).toHaveLength(2);
  });

  it("names what cannot leave", async () => {
    const stage = await xenRig({
      objects: [dom0("brutus", { maintenance: "Cordon" }), dom0("caesar", { maintenance: "Cordon" })],
    });
    stage.apply(dom0("bella", { maintenance: "Drain" }));
    await eventually(stage, () => drained(stage), "False/DrainBlocked", 3);
    expect(message(stage, "XenHost", "bella", "Drained")).toBe(
      "vm-test: NoTarget: No XenHost fits. brutus: spec.maintenance of XenHost brutus is Cordon. caesar: spec.maintenance of XenHost caesar is Cordon",
    );
    stage.apply(dom0("caesar"));
    await eventually(stage, () => drained(stage), "True/Drained", 5);
    expect(seen(stage)).toEqual({ bella: [], brutus: [], caesar: ["vm-test"] });
  });

  it("withdraws what has not begun when it is to stay as it is, and lets go on what has", async () => {
    const stage = await xenRig({ prepare: two });
    stage.rack.xen.atPhase("Precopy", () => stage.apply(dom0("bella")));
    stage.apply(dom0("bella", { maintenance: "Drain" }));
    await eventually(stage, () => migrations(stage).length, 2, 3);
    await eventually(stage, () => migrations(stage).length, 1, 3);
    await eventually(stage, () => outcome(stage, migrations(stage)[0] ?? ""), "True/Succeeded", 5);
    expect(drained(stage)).toBe("False/NotDraining");
    expect(Object.values(seen(stage)).flat().sort()).toEqual(["vm-test", "vm-two"]);
    expect(seen(stage).bella).toHaveLength(1);
  });

  it("does not wait for somebody's migration that may never begin", async () => {
    const paused = { annotations: { "xensan.dev/paused": "true" } };
    const stage = await xenRig({
      prepare: two,
      objects: [
        migration("paused", { targetHostRef: { name: "brutus" } }, paused),
        migration("refused", { domain: second, targetHostRef: { name: "nowhere" } }),
      ],
    });
    await stage.advance(minutes(1));
    stage.apply(dom0("bella", { maintenance: "Drain" }));
    await eventually(stage, () => drained(stage), "True/Drained", 10);
  });

  it("is not asked to take domains", async () => {
    const stage = await xenRig({ objects: [dom0("brutus", { maintenance: "Drain" })] });
    stage.apply(migration("go", { targetHostRef: { name: "brutus" } }));
    await eventually(stage, () => word(stage, "XenMigration", "go", "Admitted"), "False/TargetCordoned", 3);
  });
});

describe("several migrations at once", () => {
  it("queue for their permits, the oldest first, and each names who is before it", async () => {
    const stage = await xenRig({ prepare: two });
    stage.apply(migration("a", { domain: uuid, targetHostRef: { name: "brutus" } }));
    await eventually(stage, () => outcome(stage, "a"), "Unknown/Migrating", 2);
    await stage.advance(2_000);
    stage.apply(migration("b", { domain: second, targetHostRef: { name: "caesar" } }));
    await stage.advance(2_000);
    stage.apply(migration("c", { domain: second, targetHostRef: { name: "brutus" } }));
    await eventually(
      stage,
      () => [outcome(stage, "b"), outcome(stage, "c")],
      ["Unknown/WaitingForPermit", "Unknown/WaitingForPermit"],
      1,
    );
    expect(message(stage, "XenMigration", "b", "Admitted")).toBe(
      "Number 1 in the queue, behind san/a: one migration per domain, one out of and one into each host at a time, and as many in the fleet as --migrations-at-once allows",
    );
    expect(message(stage, "XenMigration", "c", "Admitted")).toMatch(/^Number 2 in the queue, behind san\/a, san\/b:/);
    await eventually(stage, () => outcome(stage, "b"), "True/Succeeded", 5);
    expect(seen(stage)).toEqual({ bella: [], brutus: ["vm-test"], caesar: ["vm-two"] });
    expect(status(stage, "XenMigration", "b")).toMatchObject({
      sourceHostRef: { name: "bella" },
      targetHostRef: { name: "caesar" },
    });
  });
});

describe("a finished migration", () => {
  it("is deleted when its time has come", async () => {
    const stage = await xenRig({ objects: [migration("go", { ttlSecondsAfterFinished: 600 })] });
    await eventually(stage, () => outcome(stage, "go"), "True/Succeeded", 5);
    await stage.advance(minutes(9));
    expect(outcome(stage, "go")).toBe("True/Succeeded");
    await eventually(stage, () => stage.find("XenMigration", at("go")), undefined, 2);
  });

  it("is kept until ten younger ones of its domain have finished", async () => {
    const stage = await xenRig();
    for (let index = 0; index < 12; index++) {
      stage.apply(migration(`m${index}`, { abort: "Requested", domain: uuid }));
      await stage.advance(2_000);
    }
    for (let index = 0; index < 12; index++) {
      stage.apply(migration(`n${index}`, { domain: uuid }));
      await eventually(stage, () => outcome(stage, `n${index}`), "True/Succeeded", 5);
    }
    await stage.advance(minutes(1));
    expect(migrations(stage).filter((name) => name.startsWith("n"))).toEqual([
      "n10",
      "n11",
      "n2",
      "n3",
      "n4",
      "n5",
      "n6",
      "n7",
      "n8",
      "n9",
    ]);
  });
});
