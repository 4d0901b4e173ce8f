import { removeCluster } from "../../host/ocfs2-actions.ts";
import { ownerUnder } from "../former-uids.ts";
import { confMark } from "./declared-anew.ts";
import { isOurs } from "./ensure-configured.ts";
import { assessRest } from "./ensure-mounted.ts";
import {
  type Assessment,
  bad,
  type ClusterFinding,
  type ClusterStep,
  nodeProblem,
  nothingFound,
  open,
  stepOn,
} from "./finding.ts";
import { clusterRequest, deviceOf, membership, sameNodes, sharedDevice } from "./members.ts";
import { type ClusterObservation, leavingNodes, listedNodes, type ObservedNode, readyNode } from "./observation.ts";

/** How far a node has left the cluster. */
export interface Leaving {
  readonly node: ObservedNode;
  readonly left: boolean;
  readonly assessment: Assessment | undefined;
  readonly steps: readonly ClusterStep[];
}

/**
 * Ensures that hosts that are no longer nodes leave: their file systems are unmounted, then the other nodes forget
 * them, then the cluster is removed from them. With a global heartbeat, which continues without a mount, the others
 * forget them last.
 */
export function ensureLeft(cluster: ClusterObservation): ClusterFinding {
  const leaving = leavingNodes(cluster).map((node) => leave(cluster, node));
  const assessments = leaving.flatMap(({ assessment }) => assessment ?? []);
  const words = assessments.map(({ subject, message }) => `${subject} is no longer a node: ${message}`).join("; ");
  const [first] = assessments;
  return {
    ...nothingFound,
    conditions:
      first === undefined ? [] : [{ type: "Configured", status: first.status, reason: first.reason, message: words }],
    steps: leaving.flatMap(({ steps }) => steps),
  };
}

/** What is left of the cluster on a node that must leave it. */
export function leave(cluster: ClusterObservation, node: ObservedNode): Leaving {
  const { host } = node;
  const gone = { node, left: true, assessment: undefined, steps: [] };
  if (node.state === "NotFound" && node.heard === undefined) return gone;
  if (node.state === "Found" && node.neverReached) return gone;
  const waits = (assessment: Assessment, steps: readonly ClusterStep[] = []): Leaving => ({
    node,
    left: false,
    assessment,
    steps,
  });
  if (node.state === "Found" && node.rival !== undefined) {
    const kept = keptByRival(cluster, node);
    return kept === undefined ? gone : waits(kept);
  }
  const rests = cluster.filesystems.map((one) => assessRest(cluster, one, node));
  const ready = readyNode(node);
  if (ready === undefined) {
    const problem = nodeProblem(node) ?? open(host, "Pending", "Waiting for a probe");
    const advice = problem.reason === "NodeUnreachable" ? adviceOn(node) : "";
    return waits({ ...problem, message: `${problem.message}${advice}` });
  }
  const mounted = rests.filter(({ assessment }) => assessment.status !== "True");
  const [first] = mounted;
  if (first !== undefined)
    return waits(
      { ...first.assessment, subject: host, message: mounted.map(({ assessment }) => assessment.message).join(", ") },
      mounted.flatMap(({ step }) => step ?? []),
    );
  const others = listedNodes(cluster).filter((other) => knows(cluster, other));
  if (others.length > 0)
    return waits(
      bad(
        host,
        "NodeLeaving",
        `${others.map((other) => other.host).join(", ")} must first remove the node from their configuration`,
      ),
    );
  const rest = restOf(cluster, node);
  if (rest === undefined && ready.removed) return gone;
  return waits(bad(host, "NodeLeaving", "the cluster is being removed from the host"), [removal(cluster, node)]);
}

/**
 * Why a host that is another node, or a node of another cluster, may still be this node. Undefined: a current look shows
 * that it is not, or the host has no rival.
 */
export function keptByRival(cluster: ClusterObservation, node: ObservedNode): Assessment | undefined {
  if (node.state !== "Found" || node.rival === undefined) return undefined;
  const { host, name, number, rival, view } = node;
  const same = rival.reason === "SameMachine";
  // Only the name of its XenHost changes.
  if (same && listedNodes(cluster).some((other) => other.number === number && other.name === name)) return undefined;
  if (view.state === "Unreachable") {
    const message = `cannot be reached (${view.reason}): ${view.message}${adviceOn(node)}`;
    return open(host, "NodeUnreachable", message);
  }
  if (view.state === "Pending" || !node.fresh || !node.trusted) return open(host, "Pending", "Waiting for a probe");
  const { facts } = view.snapshot;
  if (facts.o2cb.state === "unknown" || (facts.o2cb.state === "known" && facts.o2cb.value.activeUnreadable === true))
    return open(host, "FactsUnknown", "which cluster is online is not known");
  const { clusterName } = cluster.spec;
  const now = membership(facts, cluster.owner, { clusterName, name });
  if (same && now.number !== undefined && now.number !== number) return undefined;
  const kept = (what: string) => bad(host, rival.reason, `${rival.message}. ${what}`);
  if (now.online) return kept(`O2CB cluster ${clusterName} is still online there: unmount its file systems`);
  for (const filesystem of cluster.filesystems) {
    const path = deviceOf(filesystem);
    if (path === undefined || filesystem.recorded?.uuid === undefined) continue;
    const device = sharedDevice({ facts }, path);
    if (device === undefined) return open(host, "FactsUnknown", "the mount state is not known yet");
    const [mounted] = device.mounts;
    if (mounted !== undefined)
      return kept(`${filesystem.label} is still mounted there on ${mounted.mountPoint}: unmount it`);
  }
  return undefined;
}

/** What a person can do about a node that does not answer. */
function adviceOn(node: ObservedNode): string {
  if (node.state === "Found" && node.beats !== undefined)
    return `. ${node.beats}: repair the network or SSH of the host, or switch it off`;
  return `. If the host is permanently gone, delete its XenHost with the annotation xensan.dev/abandon=${node.host}`;
}

/** True for a reachable node that still knows other nodes than the present members. */
function knows(cluster: ClusterObservation, node: ObservedNode): boolean {
  const o2cb = readyNode(node)?.facts.o2cb;
  if (o2cb?.state !== "known") return false;
  const { nodes } = clusterRequest(cluster);
  const { configuration, active } = o2cb.value;
  const configured = configuration?.state === "Readable" ? configuration.nodes : nodes;
  return !sameNodes(configured, nodes) || !sameNodes(active?.nodes ?? nodes, nodes);
}

/** What is left of the cluster on a node; undefined: nothing. */
export function restOf(cluster: ClusterObservation, node: ObservedNode): string | undefined {
  const ready = readyNode(node);
  if (ready === undefined) return "its state is unknown";
  const { o2cb } = ready.facts;
  if (o2cb.state === "unknown") return o2cb.why;
  if (o2cb.state === "absent") return undefined;
  const { active, activeUnreadable, configuration } = o2cb.value;
  if (activeUnreadable === true) return "which cluster is online could not be read";
  if (active?.name === cluster.spec.clusterName) return "the cluster is online";
  return configuration?.state === "Readable" && isOurs(configuration.owner, cluster)
    ? "cluster.conf exists"
    : undefined;
}

/** The step that removes the configuration of the cluster from a node. */
export const removal = ({ owner, spec }: ClusterObservation, node: ObservedNode): ClusterStep =>
  stepOn(node.host, removeCluster({ owner: ownerUnder(confMark(node), owner), cluster: spec.clusterName }));
