import type { HostFacts } from "../../host/facts.ts";
import type { ClusterRequest } from "../../host/ocfs2-actions.ts";
import type { O2cbNode, O2cbTimeouts, SharedDevice } from "../../host/ocfs2-facts.ts";
import type { RegionRequest } from "../../host/ocfs2-values.ts";
import { regionName } from "../gone/heartbeats.ts";
import { isMarkOf, markedName } from "../identity.ts";
import {
  type ClusterObservation,
  leavingNodes,
  listedNodes,
  type ObservedFilesystem,
  type ObservedNode,
  type ReadyNode,
  readyNode,
} from "./observation.ts";

/** The members of the cluster and its timeouts, the same for every node. */

/** The device of the file system, also when it is no longer in the spec. */
export const deviceOf = ({ volume, recorded }: ObservedFilesystem): string | undefined =>
  volume.state === "Found" ? volume.device : recorded?.device;

/** What the node reports about a device; undefined: nothing. */
export function sharedDevice({ facts }: Pick<ReadyNode, "facts">, path: string | undefined): SharedDevice | undefined {
  if (facts.sharedDevices.state !== "known") return undefined;
  return facts.sharedDevices.value.find((one) => one.path === path);
}

/** What a machine is in a cluster. `number`: in the kernel, or at its next boot. */
export interface Membership {
  readonly online: boolean;
  readonly number: number | undefined;
}

/** What the facts of a machine say about the cluster `clusterName` of this owner, in which its host name is `name`. */
export function membership(
  { o2cb }: HostFacts,
  { namespace, name: ownName }: { readonly namespace: string; readonly name: string },
  { clusterName, name }: { readonly clusterName: string; readonly name: string },
): Membership {
  if (o2cb.state !== "known") return { online: false, number: undefined };
  const { active, configuration } = o2cb.value;
  const written = configuration?.state === "Readable" ? configuration : undefined;
  const ours = written !== undefined && isMarkOf({ namespace, name: ownName }, written.owner);
  // Another Ocfs2Cluster may use the same name.
  const foreign = !ours && markedName(written?.owner) !== undefined;
  if (active?.name === clusterName && !foreign)
    return { online: true, number: active.nodes.find(({ local }) => local)?.number };
  const seat = ours ? written.nodes.find((node) => node.name.toLowerCase() === name.toLowerCase()) : undefined;
  return { online: false, number: seat?.number };
}

/** Whether the file system is mounted on the node, or will be at the next boot through us. */
export function isMounted(node: ObservedNode, filesystem: ObservedFilesystem): "Yes" | "No" | "Unknown" {
  const now = isMountedNow(node, filesystem);
  const ready = readyNode(node);
  if (now !== "No" || ready === undefined || deviceOf(filesystem) === undefined) return now;
  if (ready.facts.mountPoints.state !== "known") return "Unknown";
  return persistedAt(ready, filesystem.recorded?.mountPoint) === undefined ? "No" : "Yes";
}

/** Whether the node has the file system mounted, as its last probe showed. */
export function isMountedNow(node: ObservedNode, filesystem: ObservedFilesystem): "Yes" | "No" | "Unknown" {
  const device = deviceOf(filesystem);
  // Its device was never known, so nothing was ever done with it.
  if (device === undefined) return "No";
  if (node.state === "NotFound") return node.heard === undefined ? "No" : "Unknown";
  if (node.state === "Found" && node.neverReached && node.view.state === "Unreachable") return "No";
  const ready = readyNode(node);
  const seen = ready && sharedDevice(ready, device);
  if (ready === undefined || seen === undefined) return "Unknown";
  return seen.mounts.length > 0 ? "Yes" : "No";
}

/** Our entry that mounts a file system there at boot. */
export function persistedAt({ facts }: Pick<ReadyNode, "facts">, mountPoint: string | undefined) {
  if (facts.mountPoints.state !== "known") return undefined;
  const { persisted } = facts.mountPoints.value.find(({ path }) => path === mountPoint) ?? {};
  return persisted !== undefined && persisted.owner !== "" ? persisted : undefined;
}

/** The nodes that have a file system mounted, and those for which that is unknown. */
export function mountedNodes({ nodes, filesystems }: ClusterObservation): {
  mounted: ObservedNode[];
  unknown: ObservedNode[];
} {
  const mounted = nodes.filter((node) => filesystems.some((one) => isMountedNow(node, one) === "Yes"));
  const unknown = nodes.filter(
    (node) => !mounted.includes(node) && filesystems.some((one) => isMountedNow(node, one) === "Unknown"),
  );
  return { mounted, unknown };
}

/** Nodes of the spec, and leaving nodes that may still write their heartbeat, which the others must hear. */
export function members(cluster: ClusterObservation): ObservedNode[] {
  const staying = leavingNodes(cluster).filter(
    (node) => cluster.filesystems.some((one) => isMounted(node, one) !== "No") || beatsUnmounted(cluster, node),
  );
  return [...staying, ...listedNodes(cluster).filter((node) => !collides(node, staying))].toSorted(
    (one, other) => one.number - other.number,
  );
}

/** A global heartbeat continues without a mount, until the cluster is removed from the node. */
function beatsUnmounted({ spec }: ClusterObservation, node: ObservedNode): boolean {
  if (spec.heartbeatMode !== "Global") return false;
  const o2cb = readyNode(node)?.facts.o2cb;
  if (o2cb?.state !== "known") return o2cb?.state === "unknown";
  const { active } = o2cb.value;
  return active?.name === spec.clusterName && active.regions.length > 0;
}

const collides = (node: O2cbNode, others: readonly O2cbNode[]) =>
  others.some(({ number, name, address }) => number === node.number || name === node.name || address === node.address);

/** True for a new node that needs the number, name or address of one that has not left yet. */
export function mustWait(cluster: ClusterObservation, node: ObservedNode): boolean {
  return node.listed && !members(cluster).includes(node);
}

/** The timeouts that O2CB uses or must use, and why they are not those of the spec. */
export interface Timing {
  readonly timeouts: O2cbTimeouts;
  /**
   * Hosts that must be unmounted or probed before the timeouts of the spec can take effect; empty: they are in effect.
   */
  readonly waitsFor: readonly string[];
}

/**
 * Nodes with different timeouts disconnect from each other, so all of them change at once: while nothing is mounted
 * anywhere, and that is known for every node. Until then even a node that reboots gets the former timeouts.
 */
export function timing(cluster: ClusterObservation): Timing {
  const { spec, nodes } = cluster;
  const { mounted, unknown } = mountedNodes(cluster);
  const running = mounted.flatMap((node) => {
    const o2cb = readyNode(node)?.facts.o2cb;
    return o2cb?.state === "known" ? (o2cb.value.active ?? []) : [];
  });
  const now = cluster.timeouts ?? running[0];
  if (now === undefined || sameTimeouts(now, spec.timeouts)) return { timeouts: spec.timeouts, waitsFor: [] };
  const unasked = nodes.filter(
    (node) =>
      !mounted.includes(node) &&
      (unknown.includes(node) || (node.state === "Found" && !node.neverReached && readyNode(node) === undefined)),
  );
  const waitsFor = [...mounted, ...unasked].map(({ host }) => host);
  return waitsFor.length === 0 ? { timeouts: spec.timeouts, waitsFor } : { timeouts: now, waitsFor };
}

/** Whether O2CB runs with these timeouts. */
export function sameTimeouts(
  one: O2cbTimeouts,
  other: { readonly [K in keyof O2cbTimeouts]: number | undefined },
): boolean {
  return (
    one.heartbeatThreshold === other.heartbeatThreshold &&
    one.idleMilliseconds === other.idleMilliseconds &&
    one.keepaliveMilliseconds === other.keepaliveMilliseconds &&
    one.reconnectMilliseconds === other.reconnectMilliseconds
  );
}

/** The configuration of every node. */
export function clusterRequest(cluster: ClusterObservation): ClusterRequest {
  const { owner, spec, filesystems } = cluster;
  const { timeouts } = timing(cluster);
  return {
    owner,
    cluster: spec.clusterName,
    heartbeatMode: spec.heartbeatMode,
    fenceMethod: spec.fenceMethod,
    timeouts: {
      heartbeatThreshold: timeouts.heartbeatThreshold,
      idleMilliseconds: timeouts.idleMilliseconds,
      keepaliveMilliseconds: timeouts.keepaliveMilliseconds,
      reconnectMilliseconds: timeouts.reconnectMilliseconds,
    },
    nodes: members(cluster).map(({ number, name, address, port }) => ({ number, name, address, port })),
    regions: spec.heartbeatMode === "Global" ? filesystems.flatMap(regionOf) : [],
  };
}

/** Whether both lists have the same nodes, in any order. O2CB compares names without case. */
export function sameNodes(some: readonly O2cbNode[], others: readonly O2cbNode[]): boolean {
  const words = (nodes: readonly O2cbNode[]) =>
    nodes
      .map(({ number, name, address, port }) => `${number} ${name.toLowerCase()} ${address} ${port}`)
      .sort()
      .join("\n");
  return words(some) === words(others);
}

function regionOf(filesystem: ObservedFilesystem): RegionRequest[] {
  const uuid = filesystem.recorded?.uuid;
  return uuid === undefined ? [] : [{ uuid, device: deviceOf(filesystem) }];
}

/** Whether both lists have the same heartbeat regions, in any order. */
export function sameRegions(some: readonly string[], others: readonly string[]): boolean {
  const words = (regions: readonly string[]) => regions.map(regionName).sort().join(" ");
  return words(some) === words(others);
}
