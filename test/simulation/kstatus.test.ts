import { expect, it } from "vitest";
import { argoHealth } from "./argo-health.ts";
import { endsKubectlWait, type Reading, readAsKstatus } from "./kstatus.ts";
import { tellKstatusStory } from "./kstatus-story.ts";
import { at } from "./scenarios/objects.ts";
import { conditionOf } from "./stage.ts";
import { isObject, type JsonObject, objectAt } from "./world/kube/json.ts";

it("kstatus reads what a person would, and no time is that of the schema's default", async () => {
  const seen: (readonly JsonObject[])[] = [];
  const stage = await tellKstatusStory((objects) => seen.push(objects));
  const readings = (objects: readonly JsonObject[] = []) =>
    Object.fromEntries(
      objects.map((object) => [`${object.kind}/${objectAt(object, "metadata").name}`, readAsKstatus(object)]),
    );
  expect(new Set(Object.values(readings(seen[0])))).toEqual(new Set(["InProgress"]));
  const { "AoeVolume/gone": gone, ...others } = readings(seen.at(-1));
  expect(gone).toBe("Failed");
  expect(new Set(Object.values(others))).toEqual(new Set(["Current"]));
  // `kubectl wait --for=condition=Ready` ends for each kind when kstatus says Current, at every moment of the story.
  const apart = seen.flat().flatMap((object) => {
    const reading = readAsKstatus(object);
    return endsKubectlWait(object, "Ready") === (reading === "Current") ? [] : [{ kind: object.kind, reading }];
  });
  expect(apart).toEqual([]);
  const noop = stage.find("XenMigration", at("noop"));
  expect(conditionOf(noop, "Succeeded")).toEqual({
    status: "True",
    reason: "AlreadyThere",
    message: "vm-test already runs on brutus: nothing was moved",
  });
  const times = (seen.at(-1) ?? []).flatMap((object) => {
    const { conditions } = objectAt(object, "status");
    return (Array.isArray(conditions) ? conditions : []).filter(isObject).map((one) => String(one.lastTransitionTime));
  });
  expect(times.filter((time) => time.startsWith("1970"))).toEqual([]);
  expect(stage.violations).toEqual([]);
  stage.life.end();
});

const asArgo: Readonly<Record<Reading, string>> = {
  Current: "Healthy",
  InProgress: "Progressing",
  Failed: "Degraded",
  Terminating: "Progressing",
};

it("Argo CD, taught by docs/how-to/wait-until-ready.md, sees in every state what kstatus sees", async () => {
  const states = new Map<string, JsonObject>();
  const stage = await tellKstatusStory((objects) => {
    for (const object of objects) states.set(JSON.stringify(object), object);
  });
  stage.life.end();
  const healthOf = await argoHealth();
  for (const object of [...states.values()]) {
    const { status: _status, ...unseen } = object;
    const metadata = objectAt(object, "metadata");
    const deleted = { ...object, metadata: { ...metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
    for (const variant of [unseen, deleted]) states.set(JSON.stringify(variant), variant);
  }
  const wrong = [...states.values()].flatMap((object) => {
    const { status, message } = healthOf(object);
    const expected = object.status === undefined ? "Progressing" : asArgo[readAsKstatus(object)];
    return status === expected ? [] : [{ kind: object.kind, status, message, expected }];
  });
  expect(wrong).toEqual([]);
});

it("Argo CD calls what is paused before it is ready Suspended", async () => {
  const condition = (type: string, status: string): JsonObject => ({
    ...{ type, status, reason: type, message: `${type} is ${status}` },
  });
  const volume = (...conditions: JsonObject[]) => ({
    metadata: { name: "data", generation: 1 },
    status: { conditions },
  });
  const healthOf = await argoHealth();
  const paused = condition("Paused", "True");
  expect([
    healthOf(volume(condition("Ready", "False"), paused)),
    healthOf(volume(condition("Ready", "True"), paused)),
  ]).toEqual([
    { status: "Suspended", message: "Ready: Ready is False" },
    { status: "Healthy", message: "Ready: Ready is True" },
  ]);
});
