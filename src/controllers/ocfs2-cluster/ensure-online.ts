import { type ClusterRequest, clusterOnline } from "../../host/ocfs2-actions.ts";
import type { ActiveCluster } from "../../host/ocfs2-facts.ts";
import { regionName } from "../gone/heartbeats.ts";
import {
  type Assessment,
  bad,
  type ClusterFinding,
  type ClusterStep,
  fine,
  nodeProblem,
  nothingFound,
  open,
  stepOn,
  together,
} from "./finding.ts";
import { clusterRequest, isMountedNow, mustWait, sameNodes, sameTimeouts, timing } from "./members.ts";
import { type ClusterObservation, listedNodes, type ObservedNode, type ReadyNode, readyNode } from "./observation.ts";

/** Ensures that the cluster is active in the kernel of every node, with the same nodes and timeouts. */
export function ensureOnline(cluster: ClusterObservation): ClusterFinding {
  const request = clusterRequest(cluster);
  const { waitsFor } = timing(cluster);
  const assessed = listedNodes(cluster).map((node) => assess(cluster, node, request));
  const pending =
    waitsFor.length === 0
      ? []
      : [
          fine(
            "PendingRestart",
            "PendingRestart",
            `the timeouts of the spec take effect after every file system is unmounted everywhere: unmount the file systems on ${waitsFor.join(", ")}. ${contract(cluster)}`,
          ),
        ];
  const names = listedNodes(cluster)
    .map(({ host }) => host)
    .join(", ");
  return {
    ...nothingFound,
    conditions: [
      together("Online", [...assessed.map(({ assessment }) => assessment), ...pending], {
        reason: "Online",
        message: `${names} are online. ${contract(cluster)}`,
      }),
    ],
    steps: assessed.flatMap(({ steps }) => steps),
  };
}

/** The timeouts as one contract, for messages. */
export function contract(cluster: ClusterObservation): string {
  const seconds = deadSeconds(cluster);
  const aoe = aoeSeconds(cluster);
  const after =
    aoe === undefined ? "" : aoe === 0 ? "; AoE itself retries forever" : `; AoE itself gives up after ${aoe} s`;
  return `A host that cannot write its heartbeat for ${seconds} s, (heartbeatThreshold - 1) * 2, resets itself${after}`;
}

/** After how many seconds without a write a node of this cluster resets itself. */
export const deadSeconds = (cluster: ClusterObservation) => (timing(cluster).timeouts.heartbeatThreshold - 1) * 2;

/** The shortest time after which the AoE driver of a node fails a request; 0: never; undefined: unknown. */
export function aoeSeconds({ nodes }: ClusterObservation): number | undefined {
  const known = nodes.flatMap((node) => {
    const aoe = readyNode(node)?.facts.aoe;
    return aoe?.state === "known" ? (aoe.value.deadSeconds ?? []) : [];
  });
  const ends = known.filter((seconds) => seconds > 0);
  if (ends.length > 0) return Math.min(...ends);
  return known.length > 0 ? 0 : undefined;
}

function assess(
  cluster: ClusterObservation,
  node: ObservedNode,
  request: ClusterRequest,
): { assessment: Assessment; steps: readonly ClusterStep[] } {
  const { host } = node;
  const problem = nodeProblem(node);
  const ready = readyNode(node);
  if (problem !== undefined || ready === undefined)
    return { assessment: problem ?? open(host, "Pending", "Waiting for a probe"), steps: [] };
  const only = (assessment: Assessment) => ({ assessment, steps: [] });
  if (mustWait(cluster, node)) return only(bad(host, "NodeLeaving", "waits until the former node has left"));
  const { o2cb } = ready.facts;
  if (o2cb.state === "unknown")
    return only(open(host, "FactsUnknown", `did not report whether O2CB is online: ${o2cb.why}`));
  if (o2cb.state === "known" && o2cb.value.kernel === "Missing")
    return only(
      bad(host, "KernelWithoutOcfs2", "its kernel is built without OCFS2: boot a kernel that has it, such as Debian's"),
    );
  if (o2cb.state === "known" && o2cb.value.activeUnreadable === true)
    return only(open(host, "FactsUnknown", "reported a cluster that is online, and it could not be read"));
  const active = o2cb.state === "known" ? o2cb.value.active : undefined;
  const step = stepOn(host, clusterOnline(request));
  if (active === undefined)
    return { assessment: bad(host, "Progressing", "the cluster is not online yet"), steps: [step] };
  if (active.name !== request.cluster)
    return only(
      bad(host, "ForeignCluster", `cluster ${active.name} is online on the host: take that cluster offline first`),
    );
  const wrong = difference(active, request);
  if (wrong === undefined) return only(fine(host, "Online", "is online"));
  const busy = cluster.filesystems.some((one) => isMountedNow(node, one) !== "No");
  if (wrong.offline && busy)
    return only(
      fine(
        host,
        "PendingRestart",
        `${wrong.what}: unmount the file systems on the host, then xensan brings the cluster online again`,
      ),
    );
  return { assessment: bad(host, "Progressing", wrong.what), steps: [step] };
}

/** What is wrong now, and whether it can change only while the cluster is offline. */
function difference(active: ActiveCluster, request: ClusterRequest): { what: string; offline: boolean } | undefined {
  if (active.heartbeatMode !== request.heartbeatMode)
    return { what: "another heartbeat mode is active", offline: true };
  if (!sameTimeouts(request.timeouts, active)) return { what: "other timeouts are active", offline: true };
  if (!sameNodes(active.nodes, request.nodes)) return { what: "other nodes are registered", offline: false };
  if (active.fenceMethod !== request.fenceMethod) return { what: "another fence method is active", offline: false };
  const written = new Set(active.regions.map(({ uuid }) => uuid));
  const regions = request.regions.map(({ uuid }) => uuid);
  const wanted = new Set(regions.map(regionName));
  const missing = regions.filter((region) => !written.has(regionName(region)));
  if (missing.length > 0) return { what: `the heartbeat on ${missing.join(", ")} is not written`, offline: false };
  // A local heartbeat starts and ends with its mount.
  const former = request.heartbeatMode === "Global" ? [...written].filter((region) => !wanted.has(region)) : [];
  if (former.length > 0)
    return {
      what: `the heartbeat on ${former.join(", ")} is still written, although the cluster no longer has that file system`,
      offline: true,
    };
  return undefined;
}

/** True if the cluster is active in the node's kernel, so that file systems can be mounted. */
export function isOnline({ facts }: Pick<ReadyNode, "facts">, request: ClusterRequest): boolean {
  if (facts.o2cb.state !== "known") return false;
  const { active } = facts.o2cb.value;
  return active?.name === request.cluster && difference(active, request) === undefined;
}
