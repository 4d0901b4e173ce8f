import { addNodeSlots, growFilesystem } from "../../host/ocfs2-actions.ts";
import { type ClusterFinding, type ClusterStep, nothingFound, stepOn } from "./finding.ts";
import { deviceOf, isMounted, sharedDevice } from "./members.ts";
import { type ClusterObservation, type FilesystemSight, listedNodes, readyNode } from "./observation.ts";

/** Ensures that a file system is as large as its volume, and has as many node slots as the spec says: one node does it. */
export function ensureSize(cluster: ClusterObservation): ClusterFinding {
  return { ...nothingFound, steps: cluster.filesystems.flatMap((filesystem) => change(cluster, filesystem) ?? []) };
}

function change(cluster: ClusterObservation, filesystem: FilesystemSight): ClusterStep | undefined {
  const { label, spec, recorded, volume } = filesystem;
  const path = deviceOf(filesystem);
  const uuid = recorded?.uuid;
  if (spec === undefined || uuid === undefined || path === undefined || volume.state !== "Found") return undefined;
  const states = listedNodes(cluster).map((node) => ({ node, mounted: isMounted(node, filesystem) }));
  const sights = states.flatMap(({ node, mounted }) => {
    const ready = mounted === "Yes" ? readyNode(node) : undefined;
    const device = ready && sharedDevice(ready, path);
    return device?.superblock?.uuid === uuid && device.mounts.some(({ access }) => access === "ReadWrite")
      ? [{ host: node.host, device, superblock: device.superblock }]
      : [];
  });
  const [first] = sights;
  if (first === undefined) return undefined;
  const { superblock, host } = first;
  if (superblock.nodeSlots < spec.nodeSlots)
    return stepOn(host, addNodeSlots({ device: path, uuid, nodeSlots: spec.nodeSlots }), label);
  const { sizeBytes } = first.device;
  // A node that still sees the former size, or cannot be asked, would write beyond the end of its device.
  const sure = states.every(({ mounted }) => mounted !== "Unknown");
  const alike = sights.every(({ device }) => device.sizeBytes === sizeBytes) && sizeBytes === volume.sizeBytes;
  const larger = Math.floor(sizeBytes / superblock.clusterSize) * superblock.clusterSize > superblock.sizeBytes;
  if (!larger || !alike || !sure || filesystem.grownOn.includes(host)) return undefined;
  return stepOn(host, growFilesystem({ device: path, uuid }), label);
}
