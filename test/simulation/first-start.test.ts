import { describe, expect, it } from "vitest";
import { loadRack, tutorialRack } from "../../src/sim/rack-file.ts";
import { realOperator } from "./operator-process.ts";
import { keySecret } from "./scenarios/objects.ts";
import { tutorialObjects } from "./scenarios/tutorial.ts";
import type { Scenario } from "./stage.ts";
import { conditionOf, Stage } from "./stage.ts";
import { silent } from "./trace.ts";
import { type JsonObject, objectAt } from "./world/kube/json.ts";
import { calm, type Weather } from "./world/weather.ts";

const kinds = ["AoeServer", "XenHost", "AoeVolume", "Ocfs2Cluster", "XenDomain", "XenMigration"];
const scenario: Scenario = {
  name: "first start",
  share: 0,
  says: "the whole of examples/tutorial, applied at once",
  rack: () => loadRack(tutorialRack),
  manifests: () => [keySecret, ...tutorialObjects(kinds)],
  missing: () => [],
};

/** A machine that is short of processors: every request and every event is late, but none is lost. */
const slow = (seed: number): Weather => ({ ...calm(), apiLatency: 50 * seed, watchLag: 500 * seed });

/** Everything that was Stalled at any moment: Flux, which waits with kstatus, gives up at once. */
function watchStalled(stage: Stage): Set<string> {
  const stalled = new Set<string>();
  stage.server.onChange(() => {
    for (const kind of kinds)
      for (const object of list(stage, kind)) {
        const { status, message } = conditionOf(object, "Stalled");
        if (status === "True") stalled.add(`${kind}/${String(objectAt(object, "metadata").name)}: ${message}`);
      }
  });
  return stalled;
}

/** Applies everything within some seconds, in any order, as a user or Flux does, and waits until it has converged. */
async function firstStart(seed: number): Promise<{ readonly stage: Stage; readonly stalled: ReadonlySet<string> }> {
  const stage = new Stage({ seed: `first start/${seed}`, scenario, operator: realOperator, trace: silent });
  stage.weather = slow(seed);
  const stalled = watchStalled(stage);
  const random = stage.random.branch("order");
  for (const object of scenario.manifests()) stage.clock.after(random.next() * 3_000, () => stage.apply(object));
  stage.startOperator();
  await stage.advance(240_000);
  return { stage, stalled };
}

const list = (stage: Stage, kind: string): JsonObject[] =>
  stage.server.list(stage.server.kindNamed(kind), { namespace: "san" }).items;
const eventText = (event: JsonObject) =>
  `${String(objectAt(event, "regarding").kind)}/${String(objectAt(event, "regarding").name)} ${String(event.reason)}: ${String(event.note)}`;

describe("a first start in which nothing goes wrong", () => {
  it.each(Array.from({ length: 12 }, (_, seed) => seed))(
    "warns of nothing, and says what was done: seed %i",
    async (seed) => {
      const { stage, stalled } = await firstStart(seed);
      const events = list(stage, "Event");
      expect(stage.violations).toEqual([]);
      expect([...stalled]).toEqual([]);
      expect(events.filter(({ type }) => type !== "Normal").map(eventText)).toEqual([]);
      const reasons = new Set(events.map(({ reason }) => String(reason)));
      // Not Discovered: a dom0 may find the new export before it runs discovery.
      const deeds = ["PackagesInstalled", "InitiatorPrepared", "BackingCreated", "Exported", "Configured"];
      const later = ["Online", "Formatted", "Mounted", "ImageCreated", "Started", "MigrationStarted", "LockTaken"];
      expect([...deeds, ...later].filter((deed) => !reasons.has(deed))).toEqual([]);
      const moved = list(stage, "XenMigration").map((one) => conditionOf(one, "Succeeded").status);
      expect(moved).toEqual(["True"]);
      stage.life.end();
    },
  );
});
