import { isObject, type JsonObject, objectAt } from "./world/kube/json.ts";

/** How kstatus (sigs.k8s.io/cli-utils), and therefore Flux and others, reads an object of a custom kind. */
export type Reading = "InProgress" | "Failed" | "Current" | "Terminating";

/** The rules of kstatus for custom resources, in its order: deletion, generation, Reconciling, Stalled, Ready, else Current. */
export function readAsKstatus(object: JsonObject): Reading {
  const metadata = objectAt(object, "metadata");
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  const status = objectAt(object, "status");
  if (status.observedGeneration !== undefined && status.observedGeneration !== metadata.generation) return "InProgress";
  const conditions = (Array.isArray(status.conditions) ? status.conditions : []).filter(isObject);
  const statusOf = (type: string) => conditions.find((one) => one.type === type)?.status;
  if (statusOf("Reconciling") === "True") return "InProgress";
  if (statusOf("Stalled") === "True") return "Failed";
  const ready = statusOf("Ready");
  return ready === undefined || ready === "True" ? "Current" : "InProgress";
}

/**
 * Whether `kubectl wait --for=condition=TYPE` ends: the condition is True and not older than the object's generation.
 */
export function endsKubectlWait(object: JsonObject, type: string): boolean {
  const { conditions } = objectAt(object, "status");
  const found = (Array.isArray(conditions) ? conditions : []).filter(isObject).find((one) => one.type === type);
  const { generation } = objectAt(object, "metadata");
  const stale =
    typeof found?.observedGeneration === "number" &&
    typeof generation === "number" &&
    found.observedGeneration < generation;
  return found?.status === "True" && !stale;
}
