import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { definitions, type KindName } from "../../src/api/kinds.ts";
import { parseSpec } from "../../src/api/parse.ts";
import { loadRack, tutorialRack } from "../../src/sim/rack-file.ts";
import { type ImportedObject, imported } from "./imported.ts";
import { realOperator } from "./operator-process.ts";
import { keySecret } from "./scenarios/objects.ts";
import { tutorialObjects } from "./scenarios/tutorial.ts";
import type { Scenario } from "./stage.ts";
import { conditionOf, Stage } from "./stage.ts";
import { silent } from "./trace.ts";
import { objectAt } from "./world/kube/json.ts";

const kinds = ["AoeServer", "XenHost", "AoeVolume", "Ocfs2Cluster", "XenDomain"];
const scenario: Scenario = {
  name: "import",
  share: 0,
  says: "the rack of examples/tutorial, imported as it stands",
  rack: () => loadRack(tutorialRack),
  manifests: () => [keySecret, ...tutorialObjects(kinds)],
  missing: () => [],
};

/** Fields of the spec that differ from the tutorial's, with defaults filled in. */
function differences({ kind, metadata: { name }, spec }: ImportedObject): string[] {
  const declared = tutorialObjects([kind]).find(({ metadata }) => metadata.name === name);
  const judge = (given: unknown): Record<string, unknown> => {
    const parsed = parseSpec(kindNamed(kind), { metadata: { name }, spec: given });
    if (!parsed.ok) throw new Error(`${kind} ${name}: ${parsed.message}`);
    return { ...parsed.spec };
  };
  const [was, is] = [judge(declared?.spec), judge(spec)];
  const fields = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return fields
    .filter((field) => !isDeepStrictEqual(was[field], is[field]))
    .map((field) => `${kind} ${name}: ${field}`);
}

const kindNamed = (kind: string): KindName => {
  const found = Object.values(definitions).find((definition) => definition.kind === kind);
  if (found === undefined) throw new Error(`no kind ${kind}`);
  return found.kind;
};

describe("the tutorial's rack, imported", () => {
  it("is written as it was declared, and applying that changes nothing", async () => {
    const stage = new Stage({ seed: "import", scenario, operator: realOperator, trace: silent });
    for (const object of scenario.manifests()) stage.apply(object);
    stage.startOperator();
    await stage.advance(240_000);
    const { objects, notImported } = await imported(stage);
    expect(notImported).toEqual([]);
    expect(objects.flatMap(differences)).toEqual([
      "AoeServer san: ssh",
      "AoeServer san: interfaces",
      "AoeServer san: management",
      "AoeServer san: packages",
      "AoeServer san: allowedBackings",
      "XenHost bella: ssh",
      "XenHost bella: management",
      "XenHost bella: packages",
      "XenHost bella: allowed",
      "XenHost brutus: ssh",
      "XenHost brutus: management",
      "XenHost brutus: packages",
      "XenHost brutus: allowed",
      "Ocfs2Cluster xen: filesystems",
      "XenDomain vm-test: uuid",
    ]);
    for (const object of objects) stage.apply(object);
    await stage.advance(120_000);
    const outcomes = objects.map(({ kind, metadata: { name } }) => {
      const object = stage.find(kind, { namespace: "san", name }) ?? {};
      const { plan } = objectAt(object, "status");
      return { name: `${kind} ${name}`, ready: conditionOf(object, "Ready").status, plan };
    });
    expect(outcomes).toEqual(
      objects.map(({ kind, metadata: { name } }) => ({
        ...{ name: `${kind} ${name}`, ready: "True", plan: undefined },
      })),
    );
    expect(stage.violations).toEqual([]);
    stage.life.end();
  });
});
