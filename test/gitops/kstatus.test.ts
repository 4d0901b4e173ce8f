import { execFile } from "node:child_process";
import { once } from "node:events";
import { expect, inject, it } from "vitest";
import { z } from "zod";
import { readAsKstatus } from "../simulation/kstatus.ts";
import { tellKstatusStory } from "../simulation/kstatus-story.ts";
import { type JsonObject, objectAt } from "../simulation/world/kube/json.ts";

const readingSchema = z.object({ status: z.string(), message: z.string() });

/** What sigs.k8s.io/cli-utils reads in each object. */
async function realReadings(objects: readonly string[]) {
  let output = "";
  const child = execFile(inject("clients").kstatus, { maxBuffer: 64 * 1024 * 1024 }, (_error, stdout) => {
    output = stdout;
  });
  child.stdin?.end(objects.join("\n"));
  const [code] = await once(child, "close");
  expect(code).toBe(0);
  return output
    .trim()
    .split("\n")
    .map((line) => readingSchema.parse(JSON.parse(line)));
}

/** States that the story has no moment of: on its way out, changed since the operator looked, never looked at. */
function variants(object: JsonObject): JsonObject[] {
  const metadata = objectAt(object, "metadata");
  const { status: _status, ...unseen } = object;
  return [
    { ...object, metadata: { ...metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } },
    { ...object, metadata: { ...metadata, generation: 1_000 } },
    unseen,
  ];
}

it("the real kstatus reads every state of every kind as the transcription does", async () => {
  const states = new Map<string, JsonObject>();
  let last: readonly JsonObject[] = [];
  const stage = await tellKstatusStory((objects) => {
    last = objects;
    for (const object of objects) states.set(JSON.stringify(object), object);
  });
  stage.life.end();
  for (const object of last.flatMap(variants)) states.set(JSON.stringify(object), object);

  const real = await realReadings([...states.keys()]);
  const compared = [...states.values()].map((object, index) => ({
    object: `${object.kind}/${objectAt(object, "metadata").name}`,
    real: real[index]?.status,
    transcribed: readAsKstatus(object),
  }));
  expect(compared.filter((one) => one.real !== one.transcribed)).toEqual([]);
  expect(new Set(compared.map(({ real: status }) => status))).toEqual(
    new Set(["InProgress", "Failed", "Current", "Terminating"]),
  );
});
