import { addNodeSlots, growFilesystem } from "../../host/ocfs2-actions.ts";
import { isOnline } from "./ensure-online.ts";
import { type ClusterFinding, type ClusterStep, nodeProblem, nothingFound, stepOn } from "./finding.ts";
import { clusterRequest, deviceOf, isMountedNow, sharedDevice } from "./members.ts";
import { type ClusterObservation, listedNodes, type ObservedFilesystem, readyNode } from "./observation.ts";

/**
 * Ensures that a file system is as large as its volume, to which it grows while mounted, and has as many node slots as
 * the spec says, which tunefs.ocfs2 adds only while no node has it mounted. One node does it.
 */
export function ensureSize(cluster: ClusterObservation): ClusterFinding {
  return { ...nothingFound, steps: cluster.filesystems.flatMap((filesystem) => change(cluster, filesystem) ?? []) };
}

function change(cluster: ClusterObservation, filesystem: ObservedFilesystem): ClusterStep | undefined {
  const { label, spec, recorded, volume } = filesystem;
  const path = deviceOf(filesystem);
  const uuid = recorded?.uuid;
  if (spec === undefined || uuid === undefined || path === undefined || volume.state !== "Found") return undefined;
  const states = listedNodes(cluster).map((node) => ({ node, mounted: isMountedNow(node, filesystem) }));
  const sights = states.flatMap(({ node, mounted }) => {
    const ready = mounted === "Yes" ? readyNode(node) : undefined;
    const device = ready && sharedDevice(ready, path);
    return device?.superblock?.uuid === uuid && device.mounts.some(({ access }) => access === "ReadWrite")
      ? [{ host: node.host, device, superblock: device.superblock }]
      : [];
  });
  const missing = missingSlots(cluster, filesystem);
  if (missing?.by !== undefined)
    return stepOn(missing.by, addNodeSlots({ device: path, uuid, nodeSlots: spec.nodeSlots }), label);
  const [first] = sights;
  if (first === undefined) return undefined;
  const { superblock, host } = first;
  // It is one file system: a node may not have read again what another has grown.
  const sizeNow = Math.max(...sights.map((sight) => sight.superblock.sizeBytes));
  const alone = filesystem.busyOn.every((other) => other === host);
  const { sizeBytes } = first.device;
  // A node that still sees the former size, or does not answer, would write beyond the end of its device.
  const sure = states.every(({ mounted }) => mounted !== "Unknown");
  const alike = sights.every(({ device }) => device.sizeBytes === sizeBytes) && sizeBytes === volume.sizeBytes;
  const larger = Math.floor(sizeBytes / superblock.clusterSize) * superblock.clusterSize > sizeNow;
  if (!larger || !alike || !sure || !alone || filesystem.grownOn.includes(host)) return undefined;
  return stepOn(host, growFilesystem({ device: path, uuid }), label);
}

/** Node slots that a file system needs and does not have. */
export interface MissingSlots {
  /** The present number of node slots. */
  readonly now: number;
  /** The node that must add them; undefined as long as a node has the file system mounted, or may have. */
  readonly by: string | undefined;
  readonly waitsFor: readonly string[];
  /**
   * No node is known to have it mounted, and those still unknown report soon: keep it unmounted until the slots are
   * there.
   */
  readonly imminent: boolean;
}

/** Undefined: the file system has as many node slots as the spec says, or their number is unknown. */
export function missingSlots(cluster: ClusterObservation, filesystem: ObservedFilesystem): MissingSlots | undefined {
  const { spec, recorded } = filesystem;
  const path = deviceOf(filesystem);
  const request = clusterRequest(cluster);
  const sights = listedNodes(cluster).flatMap((node) => {
    const ready = readyNode(node);
    const superblock = ready && sharedDevice(ready, path)?.superblock;
    return superblock?.uuid === recorded?.uuid && superblock !== undefined && ready !== undefined
      ? [{ ready, superblock }]
      : [];
  });
  const [first] = sights;
  if (first === undefined || spec === undefined || first.superblock.nodeSlots >= spec.nodeSlots) return undefined;
  const waiting = cluster.nodes.filter((node) => isMountedNow(node, filesystem) !== "No");
  const waitsFor = waiting.map(({ host }) => host);
  const imminent = waiting.every(
    (node) => isMountedNow(node, filesystem) === "Unknown" && nodeProblem(node)?.reason === "Pending",
  );
  const able = sights.find(({ ready }) => isOnline(ready, request));
  return {
    now: first.superblock.nodeSlots,
    by: waitsFor.length === 0 && filesystem.strangers.kind !== "Alive" ? able?.ready.host : undefined,
    waitsFor,
    imminent,
  };
}
