import { describe, expect, it } from "vitest";
import type { Stage } from "../simulation/stage.ts";
import { eventually } from "./rig.ts";
import { configuration, migration, outcome, said, seen, xenRig } from "./xen-rig.ts";

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
