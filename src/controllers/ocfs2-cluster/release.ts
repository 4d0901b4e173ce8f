import type { Reason } from "../../api/reasons.ts";
import type { Release } from "../converge.ts";
import { yes } from "../finding.ts";
import { declaredAnew } from "./declared-anew.ts";
import { keptByRival, removal, restOf } from "./ensure-left.ts";
import { assessRest } from "./ensure-mounted.ts";
import { type ClusterFinding, nodeProblem, nothingFound } from "./finding.ts";
import type { ClusterObservation, ObservedNode } from "./observation.ts";

/** Removes a deleted cluster: unmounts it everywhere, then removes it everywhere. The data stays on its volumes. */
export function release(cluster: ClusterObservation): Release<ClusterFinding> {
  const nodes = cluster.nodes.filter((node) => wasTouched(cluster, node));
  const anew = declaredAnew(cluster);
  if (anew.length > 0)
    return blocked(
      "DeclaredAnew",
      `cluster.conf or /etc/fstab has the mark of another Ocfs2Cluster of this name: ${anew.map(({ host, uid }) => `${host} (uid ${uid})`).join(", ")}. xensan unmounts and removes nothing of it. Set the annotation xensan.dev/abandon=${cluster.owner.name}, and apply the object again where it is wanted`,
      [],
    );
  const away = nodes.flatMap((node) => keptByRival(cluster, node) ?? nodeProblem(node) ?? []);
  const rests = nodes.flatMap((node) =>
    cluster.filesystems.map((one) => ({ node, ...assessRest(cluster, one, node) })),
  );
  const mounted = rests.filter(({ assessment }) => assessment.status !== "True");
  const steps = mounted.flatMap(({ step }) => step ?? []);
  const [problem] = away;
  if (problem !== undefined) {
    const message = `${away.map(({ subject, message: words }) => `${subject} ${words}`).join("; ")}. Or set the annotation xensan.dev/abandon=${cluster.owner.name} to remove this object and leave mounts and configuration in place`;
    return blocked(problem.reason, message, steps);
  }
  if (mounted.length > 0)
    return blocked(
      "Deleting",
      mounted.map(({ assessment }) => `${assessment.subject} ${assessment.message}`).join("; "),
      steps,
    );
  const busy = nodes.filter((node) => node.state === "Found" && node.busy);
  if (busy.length > 0) return blocked("Deleting", `Waiting for a running step on ${names(busy)}`, []);
  // Nothing is visible, but a command of a process that died may still be running: the script waits for its lock.
  const left = nodes.filter((node) => restOf(cluster, node) !== undefined || (node.state === "Found" && !node.removed));
  if (left.length === 0) return { kind: "Released" };
  return blocked(
    "Deleting",
    `The cluster is being removed from ${names(left)}`,
    left.map((node) => removal(cluster, node)),
  );
}

/**
 * A host that was never reached, whose XenHost was released, or that was seen to belong to another cluster has nothing
 * of ours.
 */
const wasTouched = (cluster: ClusterObservation, node: ObservedNode) =>
  node.state === "Invalid" ||
  (node.state === "NotFound" && node.heard !== undefined) ||
  (node.state === "Found" &&
    !node.neverReached &&
    (node.rival === undefined || keptByRival(cluster, node) !== undefined));

const names = (nodes: readonly ObservedNode[]) => nodes.map(({ host }) => host).join(", ");

function blocked(reason: Reason, message: string, steps: ClusterFinding["steps"]): Release<ClusterFinding> {
  return { kind: "Open", finding: { ...nothingFound, conditions: [yes("DeletionBlocked", reason, message)], steps } };
}
