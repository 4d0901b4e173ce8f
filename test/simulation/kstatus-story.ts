import { loadRack, tutorialRack } from "../../src/sim/rack-file.ts";
import { realOperator } from "./operator-process.ts";
import { aoeVolume, at, device, keySecret, type Manifest } from "./scenarios/objects.ts";
import { tutorialObjects } from "./scenarios/tutorial.ts";
import type { Scenario } from "./stage.ts";
import { Stage } from "./stage.ts";
import { silent } from "./trace.ts";
import type { JsonObject } from "./world/kube/json.ts";

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

/**
 * The story that kstatus is shown: the tutorial from its first moment, the volume `gone` without a disk, the migration
 * `noop`. Calls `look` with all objects before the operator starts and after each second. End `stage.life` afterwards.
 */
export async function tellKstatusStory(look: (objects: readonly JsonObject[]) => void): Promise<Stage> {
  const stage = new Stage({ seed: "kstatus/0", scenario, operator: realOperator, trace: silent });
  const list = (kind: string) => stage.server.list(stage.server.kindNamed(kind), { namespace: "san" }).items;
  const after = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      await stage.advance(1_000);
      look(kinds.flatMap(list));
    }
  };
  for (const object of [keySecret, ...tutorialObjects(kinds)]) stage.apply(object);
  look(kinds.flatMap(list));
  stage.startOperator();
  await after(1);
  stage.apply(aoeVolume("gone", "san", [0, 9], device("/dev/vdz"), ["bella"]));
  await after(180);
  stage.apply(migration("noop", "brutus"));
  await after(30);
  return stage;
}
