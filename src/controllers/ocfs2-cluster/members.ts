import type { ClusterRequest } from "../../host/ocfs2-actions.ts";
import type { O2cbNode, O2cbTimeouts, SharedDevice } from "../../host/ocfs2-facts.ts";
import type { RegionRequest } from "../../host/ocfs2-values.ts";
import { regionName } from "../heartbeats.ts";
import {
  type ClusterObservation,
  leavingNodes,
  listedNodes,
  type ObservedFilesystem,
  type ObservedNode,
  type ReadyNode,
  readyNode,
} from "./observation.ts";

/** Who is in the cluster now, with which timeouts: the same for every node. */

/** Where the file system is, also when it is no longer in the spec. */
export const deviceOf = ({ volume, recorded }: ObservedFilesystem): string | undefined =>
  volume.state === "Found" ? volume.device : recorded?.device;

/** What the node says of a device; undefined: nothing. */
export function sharedDevice({ facts }: Pick<ReadyNode, "facts">, path: string | undefined): SharedDevice | undefined {
  if (facts.sharedDevices.state !== "known") return undefined;
  return facts.sharedDevices.value.find((one) => one.path === path);
}

/** Is the file system mounted there, or will it be at the next boot, through us? */
export function isMounted(node: ObservedNode, filesystem: ObservedFilesystem): "Yes" | "No" | "Unknown" {
  const now = isMountedNow(node, filesystem);
  const ready = readyNode(node);
  if (now !== "No" || ready === undefined || deviceOf(filesystem) === undefined) return now;
  if (ready.facts.mountPoints.state !== "known") return "Unknown";
  return persistedAt(ready, filesystem.recorded?.mountPoint) === undefined ? "No" : "Yes";
}

/** Whether the node has the file system mounted, as it said last. */
export function isMountedNow(node: ObservedNode, filesystem: ObservedFilesystem): "Yes" | "No" | "Unknown" {
  const device = deviceOf(filesystem);
  // Nobody ever knew where it is: nothing was ever done with it.
  if (device === undefined) return "No";
  if (node.state === "NotFound") return "No";
  if (node.state === "Found" && node.neverReached && node.view.state === "Unreachable") return "No";
  const ready = readyNode(node);
  const seen = ready && sharedDevice(ready, device);
  if (ready === undefined || seen === undefined) return "Unknown";
  return seen.mounts.length > 0 ? "Yes" : "No";
}

/** What of ours mounts something there at boot. */
export function persistedAt({ facts }: Pick<ReadyNode, "facts">, mountPoint: string | undefined) {
  if (facts.mountPoints.state !== "known") return undefined;
  const { persisted } = facts.mountPoints.value.find(({ path }) => path === mountPoint) ?? {};
  return persisted !== undefined && persisted.owner !== "" ? persisted : undefined;
}

/** The names of the nodes on which something is mounted, and of those that do not say. */
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

/** Nodes of the spec, and those that are leaving and may still write their heartbeat: it must be heard. */
export function members(cluster: ClusterObservation): ObservedNode[] {
  const staying = leavingNodes(cluster).filter(
    (node) => cluster.filesystems.some((one) => isMounted(node, one) !== "No") || beatsUnmounted(cluster, node),
  );
  return [...staying, ...listedNodes(cluster).filter((node) => !collides(node, staying))].toSorted(
    (one, other) => one.number - other.number,
  );
}

/** A global heartbeat goes on without a mount, until the cluster is removed from the node. */
function beatsUnmounted({ spec }: ClusterObservation, node: ObservedNode): boolean {
  if (spec.heartbeatMode !== "Global") return false;
  const o2cb = readyNode(node)?.facts.o2cb;
  if (o2cb?.state !== "known") return o2cb?.state === "unknown";
  const { active } = o2cb.value;
  return active?.name === spec.clusterName && active.regions.length > 0;
}

const collides = (node: O2cbNode, others: readonly O2cbNode[]) =>
  others.some(({ number, name, address }) => number === node.number || name === node.name || address === node.address);

/** A new node that needs the number, name or address of one that has not left yet. */
export function mustWait(cluster: ClusterObservation, node: ObservedNode): boolean {
  return node.listed && !members(cluster).includes(node);
}

/** The timeouts with which O2CB runs or is to run, and why they are not those of the spec. */
export interface Timing {
  readonly timeouts: O2cbTimeouts;
  /** Hosts that must be unmounted, or asked, before the timeouts of the spec can hold; empty: they hold. */
  readonly waitsFor: readonly string[];
}

/**
 * Nodes that disagree about timeouts disconnect from each other, so all of them change at once: while nothing is
 * mounted anywhere, and that is known of everyone. Until then even a node that reboots gets the former ones.
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

/** What every node is configured with. */
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

/** Whether both lists have the same nodes, in whatever order. O2CB compares names without case. */
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

/** Whether both lists have the same heartbeat regions, in whatever order. */
export function sameRegions(some: readonly string[], others: readonly string[]): boolean {
  const words = (regions: readonly string[]) => regions.map(regionName).sort().join(" ");
  return words(some) === words(others);
}
