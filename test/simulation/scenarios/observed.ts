import type { KubeObject } from "../../../src/runtime/kube-api.ts";
import { loadRack, tutorialRack } from "../../../src/sim/rack-file.ts";
import { conditionOf, type Scenario, type Stage } from "../stage.ts";
import { isObject, objectAt } from "../world/kube/json.ts";
import { missingInClusters } from "./cluster.ts";
import { missingEverywhere, nameOf, objects } from "./ground-truth.ts";
import { keySecret, type Manifest } from "./objects.ts";
import { tutorialObjects } from "./tutorial.ts";

const machines = ["AoeServer", "XenHost"];
const manage = "the machines are managed";

/** The object with this `spec.management`, if it represents a machine. */
export const withManagement = (object: Manifest, management: "Manage" | "Observe"): Manifest =>
  machines.includes(object.kind ?? "") && isObject(object.spec)
    ? { ...object, spec: { ...object.spec, management } }
    : object;

/** Sets `spec.management` of every machine. */
export function setManagement(stage: Stage, management: "Manage" | "Observe"): void {
  for (const kind of machines)
    for (const object of objects(stage, kind))
      stage.patch(kind, { namespace: "san", name: nameOf(object) }, { spec: { management } });
}

const manifests = (): KubeObject[] => [
  keySecret,
  ...tutorialObjects(["AoeServer", "XenHost", "AoeVolume", "Ocfs2Cluster"])
    .filter(({ metadata }) => metadata.name !== "scratch")
    .map((object) => withManagement(object, "Observe")),
];

export const observed: Scenario = {
  name: "observed",
  share: 0.1,
  says: "the cluster of examples/tutorial on bare machines that are observed first, and managed later or never",
  rack: () => loadRack(tutorialRack),
  manifests,
  edits: [{ name: manage, act: (stage) => setManagement(stage, "Manage") }],
  missing: (stage, done) =>
    done.has(manage) ? [...missingEverywhere(stage), ...missingInClusters(stage)] : missingWhileObserved(stage),
};

/** Every machine must report what would be done, and must not report that it is ready. */
function missingWhileObserved(stage: Stage): string[] {
  return machines.flatMap((kind) =>
    objects(stage, kind).flatMap((object) => {
      const { status, reason } = conditionOf(object, "Ready");
      const { plan } = objectAt(object, "status");
      const steps = Array.isArray(plan) ? plan.length : 0;
      return status === "False" && reason === "ObserveOnly" && steps > 0
        ? []
        : [`${kind}/${nameOf(object)} has Ready=${status} (${reason}) and ${steps} steps in its plan`];
    }),
  );
}
