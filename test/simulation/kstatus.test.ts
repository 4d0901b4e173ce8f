import { expect, it } from "vitest";
import { loadRack, tutorialRack } from "../../src/sim/rack-file.ts";
import { readAsKstatus } from "./kstatus.ts";
import { realOperator } from "./operator-process.ts";
import type { Scenario } from "./scenario.ts";
import { aoeVolume, at, device, keySecret, type Manifest } from "./scenarios/objects.ts";
import { tutorialObjects } from "./scenarios/tutorial.ts";
import { conditionOf, Stage } from "./stage.ts";
import { silent } from "./trace.ts";
import { isObject, objectAt } from "./world/kube/json.ts";

const kinds = ["AoeServer", "XenHost", "AoeVolume", "Ocfs2Cluster", "XenDomain", "XenMigration"];
const scenario: Scenario = {
  name: "kstatus",
  share: 0,
  says: "the tutorial, a volume without a disk, and a migration to where the domain is",
  rack: () => loadRack(tutorialRack),
  manifests: () => [],
  missing: () => [],
};
const migration = (name: string, target: string): Manifest => ({
  apiVersion: "xensan.dev/v1alpha1",
  kind: "XenMigration",
  metadata: at(name),
  spec: { domainRef: { name: "vm-test" }, targetHostRef: { name: target } },
});

it("kstatus reads what a person would, and no time is that of the schema's default", async () => {
  const stage = new Stage({ seed: "kstatus/0", scenario, operator: realOperator, trace: silent });
  const list = (kind: string) => stage.server.list(stage.server.kindNamed(kind), { namespace: "san" }).items;
  const readings = () =>
    Object.fromEntries(
      kinds.flatMap((kind) =>
        list(kind).map((object) => [`${kind}/${String(objectAt(object, "metadata").name)}`, readAsKstatus(object)]),
      ),
    );
  for (const object of [keySecret, ...tutorialObjects(kinds)]) stage.apply(object);
  expect(new Set(Object.values(readings()))).toEqual(new Set(["InProgress"]));
  stage.startOperator();
  await stage.advance(1_000);
  stage.apply(aoeVolume("gone", "san", [0, 9], device("/dev/vdz"), ["bella"]));
  await stage.advance(180_000);
  stage.apply(migration("noop", "brutus"));
  await stage.advance(30_000);
  const { "AoeVolume/gone": gone, ...others } = readings();
  expect(gone).toBe("Failed");
  expect(new Set(Object.values(others))).toEqual(new Set(["Current"]));
  const noop = stage.find("XenMigration", at("noop"));
  expect(conditionOf(noop, "Succeeded")).toEqual({
    status: "True",
    reason: "AlreadyThere",
    message: "vm-test runs on brutus already: nothing was moved",
  });
  const times = kinds.flatMap(list).flatMap((object) => {
    const { conditions } = objectAt(object, "status");
    return (Array.isArray(conditions) ? conditions : []).filter(isObject).map((one) => String(one.lastTransitionTime));
  });
  expect(times.filter((time) => time.startsWith("1970"))).toEqual([]);
  expect(stage.violations).toEqual([]);
  stage.life.end();
});
