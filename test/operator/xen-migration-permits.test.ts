import { describe, expect, it } from "vitest";
import { nameOf, objects } from "../simulation/scenarios/ground-truth.ts";
import { at } from "../simulation/scenarios/objects.ts";
import type { Stage } from "../simulation/stage.ts";
import { eventually, minutes, status, word } from "./rig.ts";
import { configuration, dom0, migration, outcome, said, seen, uuid, xenRig } from "./xen-rig.ts";

const second = "37baabc6-98d5-48a2-9634-a38b12e29c46";

/** From bella to brutus, and from brutus to caesar: neither blocks the other. */
const two = [
  migration("one", { targetHostRef: { name: "brutus" } }),
  migration("two", { domain: second, targetHostRef: { name: "caesar" } }),
];

function prepare(stage: Stage): void {
  stage.rack.xen.createDomain("brutus", configuration({ name: "other", uuid: second }));
}

/** The maximum number of simultaneous migrations. */
function atOnce(stage: Stage): () => number {
  let most = 0;
  stage.rack.subscribe((event) => {
    if (event.kind !== "MigrationPhase") return;
    most = Math.max(most, stage.rack.xen.migrations().filter(({ sender }) => sender === "Working").length);
  });
  return () => most;
}

describe("migrations in nobody's way", () => {
  it("go side by side", async () => {
    const stage = await xenRig({ prepare });
    const most = atOnce(stage);
    for (const one of two) stage.apply(one);
    await eventually(stage, () => ["one", "two"].map((name) => outcome(stage, name)), Array(2).fill("True/Succeeded"));
    expect(most()).toBe(2);
  });

  it("go one after the other where the whole fleet may have one, and the second says what it waits for", async () => {
    const stage = await xenRig({ prepare, config: { migrationsAtOnce: 1 } });
    const most = atOnce(stage);
    for (const one of two) stage.apply(one);
    await eventually(stage, () => outcome(stage, "two"), "Unknown/WaitingForPermit", 2);
    expect(said(stage, "two", "Admitted")).toMatch(/^Number 1 in the queue, behind san\/one/);
    await eventually(stage, () => ["one", "two"].map((name) => outcome(stage, name)), Array(2).fill("True/Succeeded"));
    expect(most()).toBe(1);
    expect(seen(stage)).toEqual({ bella: [], brutus: ["vm-test"], caesar: ["other"] });
  });
});

describe("many migrations of one domain", () => {
  it("have a turn each, and others that wait come between", async () => {
    const stage = await xenRig({
      prepare: ({ rack }) => rack.xen.createDomain("bella", configuration({ name: "other", uuid: second })),
      config: { migrationsAtOnce: 1 },
    });
    const begun: string[] = [];
    stage.rack.subscribe((event) => {
      if (event.kind === "MigrationPhase" && event.phase === "Started") begun.push(event.uuid);
    });
    const many = ["brutus", "caesar", "brutus", "caesar", "brutus"];
    for (const [index, name] of many.entries()) stage.apply(migration(`many-${index}`, { targetHostRef: { name } }));
    await stage.advance(2000);
    stage.apply(migration("late", { domain: second, targetHostRef: { name: "caesar" } }));
    await eventually(stage, () => outcome(stage, "late"), "True/Succeeded", 20);
    expect(begun).toEqual([uuid, second]);
  });
});

describe("a migration behind one that waits for a person's word", () => {
  /** vm-test is suspended on bella and cannot be resumed; vm-two runs there. */
  async function stuck(): Promise<Stage> {
    const stage = await xenRig({
      prepare: ({ rack }) => rack.xen.createDomain("bella", configuration({ name: "vm-two", uuid: second })),
    });
    stage.rack.xen.atPhase("StopCopy", () => stage.rack.xen.killSender("vm-test", "Unit"));
    stage.apply(migration("go", { targetHostRef: { name: "brutus" } }));
    await eventually(stage, () => outcome(stage, "go"), "Unknown/ApprovalNeeded", 5);
    return stage;
  }
  const approve = (stage: Stage) => {
    const approval = `DestroySource:${status(stage, "XenMigration", "go").operationID}`;
    stage.patch("XenMigration", at("go"), { metadata: { annotations: { "xensan.dev/approve": approval } } });
  };

  it("ends after its time, and moves nothing days later", async () => {
    const stage = await stuck();
    stage.apply(migration("late", { domain: second, targetHostRef: { name: "caesar" }, timeoutSeconds: 600 }));
    await stage.advance(minutes(9));
    expect(outcome(stage, "late")).toBe("Unknown/WaitingForPermit");
    await eventually(stage, () => outcome(stage, "late"), "False/NotAdmitted", 2);
    expect(said(stage, "late")).toMatch(
      /^The migration got no permit within 600 s\. Number 1 in the queue, behind san\/go: one migration per domain/,
    );
    expect(word(stage, "XenMigration", "late", "Admitted")).toBe("False/WaitingForPermit");
    approve(stage);
    await eventually(stage, () => outcome(stage, "go"), "False/DomainGone", 5);
    await stage.advance(minutes(10));
    expect(seen(stage)).toEqual({ bella: ["vm-two"], brutus: [], caesar: [] });
  });

  it("waits for hours if a drain created it, and is not created again", async () => {
    const stage = await stuck();
    stage.apply(dom0("bella", { maintenance: "Drain" }));
    const drains = () =>
      objects(stage, "XenMigration")
        .map(nameOf)
        .filter((name) => name.startsWith("drain-"));
    await eventually(stage, () => drains().map((name) => outcome(stage, name)), ["Unknown/WaitingForPermit"], 2);
    await stage.advance(minutes(150));
    // What is refused for a moment does not end it either.
    for (const host of ["brutus", "caesar"] as const) stage.apply(dom0(host, { maintenance: "Cordon" }));
    await eventually(stage, () => drains().map((name) => outcome(stage, name)), ["Unknown/NoTarget"], 2);
    for (const host of ["brutus", "caesar"] as const) stage.apply(dom0(host));
    await eventually(stage, () => drains().map((name) => outcome(stage, name)), ["Unknown/WaitingForPermit"], 2);
    approve(stage);
    await eventually(stage, () => word(stage, "XenHost", "bella", "Drained"), "True/Drained", 10);
    expect(drains()).toHaveLength(1);
    expect(Object.values(seen(stage)).flat()).toEqual(["vm-two"]);
  });
});
