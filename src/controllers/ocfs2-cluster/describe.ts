import { cut } from "../../api/fit-status.ts";
import type { Ocfs2ClusterStatus } from "../../api/ocfs2-cluster.ts";
import { formatQuantity } from "../../api/quantity.ts";
import type { Reason } from "../../api/reasons.ts";
import { takenOver } from "../former-uids.ts";
import { declaredAnew } from "./declared-anew.ts";
import { leave } from "./ensure-left.ts";
import { assessRest, lookAtMount } from "./ensure-mounted.ts";
import { nodeProblem } from "./finding.ts";
import { deviceOf, persistedAt, sharedDevice } from "./members.ts";
import {
  type ClusterObservation,
  type FilesystemStatus,
  type NodeStatus,
  type ObservedFilesystem,
  type ObservedNode,
  readyNode,
} from "./observation.ts";

type MountStatus = NonNullable<FilesystemStatus["nodes"]>[number];

/** A host that rebooted while it had a file system mounted. */
export interface Restart {
  readonly host: string;
  readonly label: string;
}

/** Writes the fields of the status other than conditions. Returns the nodes that restarted since the former status. */
export function describeCluster(status: Ocfs2ClusterStatus, cluster: ClusterObservation): Restart[] {
  const recorded = new Map((status.nodes ?? []).map((node) => [node.hostRef.name, node]));
  const staying = cluster.nodes.filter((node) => node.listed || !leave(cluster, node).left);
  status.nodes = staying.map((node) => nodeStatus(cluster, node, recorded.get(node.host))).slice(0, 128);
  const restarts: Restart[] = [];
  const kept = cluster.filesystems.filter((one) => one.spec !== undefined || !isGone(cluster, one));
  status.filesystems = kept.map((one) => filesystemStatus(cluster, one, staying, restarts)).slice(0, 64);
  return restarts;
}

/** Records the uids in the marks that the object takes over. It rewrites them, on a node that is away much later. */
export function describeTaken(status: Ocfs2ClusterStatus, cluster: ClusterObservation): void {
  const taken = declaredAnew(cluster).map(({ uid }) => uid);
  const former = takenOver(status.formerUIDs, taken);
  if (former !== undefined) status.formerUIDs = former;
}

function nodeStatus(cluster: ClusterObservation, node: ObservedNode, before: NodeStatus | undefined): NodeStatus {
  const { host, number, name, address, port } = node;
  const identity = { hostRef: { name: host }, number, name, address, port };
  const problem = nodeProblem(node);
  // Before the first look the recorded status stands.
  if (problem?.reason === "Pending")
    return { state: "Unknown", ...(before === undefined ? {} : withoutUndefined(before)), ...identity };
  const ready = readyNode(node);
  const { o2cb } = ready?.facts ?? {};
  if (ready === undefined || o2cb?.state === "unknown" || (o2cb?.state === "known" && o2cb.value.activeUnreadable))
    return { ...identity, state: "Unknown", ...said(problem?.message) };
  const active = o2cb?.state === "known" ? o2cb.value.active : undefined;
  const state = active?.name === cluster.spec.clusterName ? "Online" : "Offline";
  return { ...identity, state, ...said(node.listed ? undefined : leave(cluster, node).assessment?.message) };
}

function withoutUndefined({ state, message }: NodeStatus): Pick<NodeStatus, "state" | "message"> {
  return { state, ...said(message) };
}

const said = (message: string | undefined) => (message === undefined ? {} : { message: cut(message, 1024) });

/** True if every node reports that a file system removed from the spec is no longer mounted. */
function isGone(cluster: ClusterObservation, filesystem: ObservedFilesystem): boolean {
  return cluster.nodes.every((node) => assessRest(cluster, filesystem, node).assessment.status === "True");
}

function filesystemStatus(
  cluster: ClusterObservation,
  filesystem: ObservedFilesystem,
  nodes: readonly ObservedNode[],
  restarts: Restart[],
): FilesystemStatus {
  const { label, spec, recorded, volume } = filesystem;
  const device = deviceOf(filesystem);
  const sizes = nodes.flatMap((node) => {
    const ready = readyNode(node);
    return (ready && sharedDevice(ready, device))?.superblock?.sizeBytes ?? [];
  });
  const size = sizes[0] === undefined ? recorded?.size : formatQuantity(sizes[0]);
  const mountPoint = mountPointOf(cluster, filesystem);
  return {
    label,
    volumeRef: { name: volume.name },
    ...(device === undefined ? {} : { device }),
    ...(mountPoint === undefined ? {} : { mountPoint }),
    ...(recorded?.uuid === undefined ? {} : { uuid: recorded.uuid }),
    ...(recorded?.format === undefined ? {} : { format: recorded.format }),
    ...(size === undefined || recorded?.uuid === undefined ? {} : { size }),
    nodes: nodes
      .map((node) => {
        const before = recorded?.nodes?.find(({ hostRef }) => hostRef.name === node.host);
        const look =
          spec === undefined || !node.listed
            ? assessRest(cluster, filesystem, node)
            : lookAtMount(cluster, { ...filesystem, spec }, node);
        const { status, restarted } = mountStatus(node, device, before, look.assessment);
        if (restarted) restarts.push({ host: node.host, label });
        return status;
      })
      .slice(0, 128),
  };
}

/** The former mount point stays in the status as long as a node may still have the file system mounted there. */
function mountPointOf(cluster: ClusterObservation, filesystem: ObservedFilesystem): string | undefined {
  const { spec, recorded } = filesystem;
  const former = recorded?.mountPoint;
  if (spec === undefined || former === undefined || former === spec.mountPoint || recorded?.uuid === undefined)
    return spec?.mountPoint ?? former;
  const free = cluster.nodes.every((node) => {
    if (node.state === "NotFound" && node.heard === undefined) return true;
    const ready = readyNode(node);
    const device = ready && sharedDevice(ready, deviceOf(filesystem));
    if (ready === undefined || device === undefined || ready.facts.mountPoints.state !== "known") return false;
    return device.mounts.every(({ mountPoint }) => mountPoint !== former) && persistedAt(ready, former) === undefined;
  });
  return free ? spec.mountPoint : former;
}

function mountStatus(
  node: ObservedNode,
  path: string | undefined,
  before: MountStatus | undefined,
  assessment: { readonly status: string; readonly reason: Reason; readonly message: string },
): { status: MountStatus; restarted: boolean } {
  const hostRef = { name: node.host };
  const boot = before?.bootID;
  const remembered = boot === undefined ? {} : { bootID: boot };
  const message = assessment.status === "True" ? {} : said(assessment.message);
  const ready = readyNode(node);
  const device = ready && sharedDevice(ready, path);
  if (ready === undefined || device === undefined) {
    const state = assessment.reason === "Pending" && before !== undefined ? before.state : "Unknown";
    const words = assessment.reason === "Pending" && before !== undefined ? said(before.message) : message;
    return { status: { hostRef, state, ...remembered, ...words }, restarted: false };
  }
  const { identity } = ready.facts;
  const now = identity.state === "known" ? identity.value.bootId : undefined;
  const restarted = boot !== undefined && now !== undefined && now !== boot;
  if (device.mounts.length === 0) return { status: { hostRef, state: "Unmounted", ...message }, restarted };
  return {
    status: { hostRef, state: "Mounted", ...(now === undefined ? remembered : { bootID: now }), ...message },
    restarted,
  };
}
