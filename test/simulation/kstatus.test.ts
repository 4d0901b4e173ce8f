import { expect, it } from "vitest";
import { readAsKstatus } from "./kstatus.ts";
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
  const noop = stage.find("XenMigration", at("noop"));
  expect(conditionOf(noop, "Succeeded")).toEqual({
    status: "True",
    reason: "AlreadyThere",
    message: "vm-test runs on brutus already: nothing was moved",
  });
  const times = (seen.at(-1) ?? []).flatMap((object) => {
    const { conditions } = objectAt(object, "status");
    return (Array.isArray(conditions) ? conditions : []).filter(isObject).map((one) => String(one.lastTransitionTime));
  });
  expect(times.filter((time) => time.startsWith("1970"))).toEqual([]);
  expect(stage.violations).toEqual([]);
  stage.life.end();
});
