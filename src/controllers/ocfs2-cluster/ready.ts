import type { Ocfs2Cluster } from "../../api/kinds.ts";
import type { Ocfs2ClusterSpec, Ocfs2ClusterStatus } from "../../api/ocfs2-cluster.ts";
import { type ConditionUpdate, summarise } from "../../runtime/conditions.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { heldBack } from "../conclude.ts";
import { no } from "../finding.ts";
import type { Pass } from "../reconciler.ts";

/** Condition types that a cluster always has, besides Ready, which needs them all. */
export const owned = ["Configured", "Online", "Formatted", "Mounted", "Healthy"] as const;

/** Ready of a cluster, from its other conditions. */
export function ready(
  status: Ocfs2ClusterStatus,
  { object, directives }: Pick<Pass<Ocfs2Cluster, Ocfs2ClusterSpec, Ocfs2ClusterStatus>, "object" | "directives">,
): ConditionUpdate {
  if (isDeleting(object)) return no("Ready", "Deleting", "The cluster is being deleted");
  const summary = summarise(status.conditions ?? [], {
    type: "Ready",
    required: owned,
    readyMessage: "Every file system is mounted on every node",
  });
  if (summary.status !== "True") return heldBack(summary, directives);
  // Waiting for an unmount is no failure of the condition, but the spec is not in effect yet.
  const waiting = status.conditions?.find(({ reason }) => reason === "PendingRestart" || reason === "PendingUnmount");
  return waiting === undefined
    ? summary
    : { type: "Ready", status: "False", reason: waiting.reason, message: waiting.message };
}
