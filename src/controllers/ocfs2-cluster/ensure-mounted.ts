import { meansFilesystem } from "../../host/fstab.ts";
import { mountFilesystem, unmountFilesystem } from "../../host/ocfs2-actions.ts";
import type { SharedDevice } from "../../host/ocfs2-facts.ts";
import { effectiveMountOptions, isMountedOtherwise, mountOptionsOutside } from "../../host/ocfs2-values.ts";
import { ownerText } from "../../host/values.ts";
import { ownerUnder } from "../former-uids.ts";
import { isOnline } from "./ensure-online.ts";
import { missingSlots } from "./ensure-size.ts";
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
import { clusterRequest, deviceOf, mustWait, persistedAt, sharedDevice, timing } from "./members.ts";
import {
  type ClusterObservation,
  type FilesystemSpec,
  listedNodes,
  type ObservedFilesystem,
  type ObservedNode,
  type ReadyNode,
  readyNode,
} from "./observation.ts";

/** Ensures that every node has every file system mounted at the same mount point, now and after a reboot. */
export function ensureMounted(cluster: ClusterObservation): ClusterFinding {
  const wanted = cluster.filesystems.flatMap((one) => (one.spec === undefined ? [] : [{ ...one, spec: one.spec }]));
  const gone = cluster.filesystems.filter(({ spec }) => spec === undefined);
  const assessed = [
    ...wanted.flatMap((filesystem) => listedNodes(cluster).map((node) => lookAtMount(cluster, filesystem, node))),
    ...gone.flatMap((filesystem) => listedNodes(cluster).map((node) => assessRest(cluster, filesystem, node))),
  ];
  const names = listedNodes(cluster)
    .map(({ host }) => host)
    .join(", ");
  const places = wanted.map(({ spec }) => spec.mountPoint).join(", ");
  return {
    ...nothingFound,
    conditions: [
      together(
        "Mounted",
        assessed.map(({ assessment }) => assessment),
        wanted.length === 0
          ? { reason: "NoFilesystems", message: "The spec lists no file systems" }
          : { reason: "Mounted", message: `${places} mounted on ${names}, now and after a reboot` },
      ),
    ],
    steps: assessed.flatMap(({ step }) => step ?? []),
  };
}

interface Assessed {
  readonly assessment: Assessment;
  readonly step?: ClusterStep;
}

/** Assesses the mount of one file system on one node. */
export function lookAtMount(
  cluster: ClusterObservation,
  filesystem: ObservedFilesystem & { spec: FilesystemSpec },
  node: ObservedNode,
): Assessed {
  const { host } = node;
  const { label, spec, recorded } = filesystem;
  const subject = `${label} on ${host}`;
  const problem = nodeProblem(node);
  const ready = readyNode(node);
  if (problem !== undefined || ready === undefined)
    return { assessment: { ...(problem ?? open(host, "Pending", "Waiting for a probe")), subject } };
  if (mustWait(cluster, node))
    return { assessment: bad(subject, "NodeLeaving", "waits until the former node has left") };
  const uuid = recorded?.uuid;
  if (uuid === undefined) return { assessment: open(subject, "NotFormatted", "will be mounted after it is formatted") };
  const device = sharedDevice(ready, deviceOf(filesystem));
  const path = deviceOf(filesystem);
  if (device === undefined || path === undefined || ready.facts.mountPoints.state === "unknown")
    return { assessment: open(subject, "FactsUnknown", `the mount state is not known yet${why(ready)}`) };
  const other = device.superblock !== undefined && device.superblock.uuid !== uuid;
  if (other)
    return { assessment: bad(subject, "WrongFilesystem", `${path} holds ${device.superblock?.uuid}, not ${uuid}`) };
  const request = {
    owner: cluster.owner,
    device: path,
    uuid,
    cluster: cluster.spec.clusterName,
    mountPoint: spec.mountPoint,
    options: spec.mountOptions,
    allowedMountPoints: ready.spec.allowed.mountPoints,
    allowedMountOptions: ready.spec.allowed.mountOptions,
  };
  const mount = mountFilesystem(request);
  const here = device.mounts.find(({ mountPoint }) => mountPoint === spec.mountPoint);
  if (here !== undefined) {
    // The bounds of the host's owner apply to mounted file systems at once; the condition says what the spec asks
    // beyond them.
    const outside = mountOptionsOutside(spec.mountOptions, ready.spec.allowed.mountOptions);
    const options = spec.mountOptions.filter((option) => !outside.includes(option));
    const otherwise = isMountedOtherwise(options, here.options);
    const itself = { device: path, uuid, label: device.superblock?.label };
    const right = !otherwise && isPersisted(cluster, ready, { ...spec, mountOptions: options }, itself);
    const step = right ? {} : { step: stepOn(host, mountFilesystem({ ...request, options }), label) };
    if (outside.length > 0)
      return {
        assessment: bad(
          subject,
          "MountOptionOutsideBounds",
          `is mounted without ${outside.join(", ")}, which allowed.mountOptions of XenHost ${host} does not list: remove it from mountOptions, or have the owner of the host allow it`,
        ),
        ...step,
      };
    if (right) return { assessment: fine(subject, "Mounted", "is mounted") };
    const says = otherwise
      ? `is mounted with ${here.options.filter((option) => /^no(suid|dev|exec)$/.test(option)).join(",") || "none of nosuid, nodev and noexec"} and is being remounted with the options of the spec`
      : "is mounted, but would not be mounted in the same way after a reboot";
    return { assessment: bad(subject, "Progressing", says), ...step };
  }
  const [elsewhere] = device.mounts;
  if (elsewhere !== undefined) {
    if (recorded?.mountPoint !== elsewhere.mountPoint)
      return {
        assessment: bad(
          subject,
          "MountedElsewhere",
          `is mounted on ${elsewhere.mountPoint} instead of ${spec.mountPoint}: unmount it there`,
        ),
      };
    return {
      assessment: bad(subject, "Progressing", `is being moved from ${elsewhere.mountPoint} to ${spec.mountPoint}`),
      step: unmountStep(cluster, ready, { label, device: path, uuid, mountPoint: elsewhere.mountPoint }),
    };
  }
  const former = recorded?.mountPoint;
  if (former !== undefined && former !== spec.mountPoint && persistedAt(ready, former) !== undefined)
    return {
      assessment: bad(subject, "Progressing", `would be mounted on ${former} at the next boot`),
      step: unmountStep(cluster, ready, { label, device: path, uuid, mountPoint: former }),
    };
  const obstacle = obstacleTo(cluster, filesystem, ready, device);
  if (obstacle !== undefined) return { assessment: { ...obstacle, subject } };
  return { assessment: bad(subject, "Progressing", "is being mounted"), step: stepOn(host, mount, label) };
}

const why = ({ facts: { sharedDevices } }: ReadyNode) =>
  sharedDevices.state === "unknown" ? `: ${sharedDevices.why}` : "";

/** Why the file system must not be mounted now. */
function obstacleTo(
  cluster: ClusterObservation,
  filesystem: ObservedFilesystem,
  node: ReadyNode,
  { content, path }: SharedDevice,
): Assessment | undefined {
  const { host } = node;
  const { volume, strangers } = filesystem;
  if (volume.state !== "Found")
    return bad(
      host,
      volume.state === "NotFound" ? "VolumeNotFound" : "VolumeInOtherCluster",
      volume.state === "Taken" ? volume.message : `AoeVolume ${volume.name} does not exist`,
    );
  if (content === "Missing" || content === "Unreadable")
    return bad(host, "DeviceMissing", `${path} ${content === "Missing" ? "does not exist" : "cannot be read"}`);
  if (content !== "Ocfs2") return bad(host, "FilesystemMissing", `${path} no longer holds the file system`);
  if (!volume.attached.includes(host))
    return bad(
      host,
      "VolumeNotReady",
      `AoeVolume ${volume.name} does not report that ${host} sees the volume: ${volume.problem ?? "see its status, and list the host in its clientRefs"}`,
    );
  const { waitsFor } = timing(cluster);
  if (waitsFor.length > 0)
    return bad(
      host,
      "PendingRestart",
      `stays unmounted until the new timeouts are active: unmount ${waitsFor.join(", ")} first`,
    );
  if (!isOnline(node, clusterRequest(cluster)))
    return bad(host, "NotOnline", "will be mounted after the cluster is online on the host");
  if (missingSlots(cluster, filesystem)?.imminent === true)
    return bad(host, "Progressing", "will be mounted after it has the node slots of the spec");
  if (strangers.kind === "Alive")
    return bad(
      host,
      "ForeignHeartbeat",
      `node number ${strangers.numbers.join(", ")}, which is not a mounted node of this cluster, writes a heartbeat to the file system: unmount the file system there`,
    );
  return undefined;
}

function isPersisted(
  cluster: ClusterObservation,
  node: ReadyNode,
  { mountPoint, mountOptions }: FilesystemSpec,
  mounted: Parameters<typeof meansFilesystem>[1],
): boolean {
  const persisted = persistedAt(node, mountPoint);
  // Compare the uid too: a restored object has another one.
  if (persisted?.owner !== ownerText(cluster.owner)) return false;
  const right = meansFilesystem(persisted.source, mounted);
  return right && effectiveMountOptions(mountOptions).every((option) => persisted.options.includes(option));
}

function unmountStep(
  cluster: ClusterObservation,
  node: ReadyNode,
  { label, ...rest }: { label: string; device: string; uuid: string; mountPoint: string },
): ClusterStep {
  const owner = ownerUnder(persistedAt(node, rest.mountPoint)?.owner ?? "", cluster.owner);
  return stepOn(node.host, unmountFilesystem({ owner, ...rest }), label);
}

/** Ensures that a file system is no longer mounted on a node, because it or the node was removed from the spec. */
export function assessRest(cluster: ClusterObservation, filesystem: ObservedFilesystem, node: ObservedNode): Assessed {
  const { host } = node;
  const { label, recorded } = filesystem;
  const subject = `${label} on ${host}`;
  const nothing = { assessment: fine(subject, "Mounted", "is not mounted") };
  const path = deviceOf(filesystem);
  const uuid = recorded?.uuid;
  // We never mounted it, so there is nothing to undo.
  if (path === undefined || uuid === undefined) return nothing;
  if (node.state === "NotFound" && node.heard === undefined) return nothing;
  if (node.state === "Found" && node.neverReached && node.view.state === "Unreachable") return nothing;
  const problem = nodeProblem(node);
  const ready = readyNode(node);
  if (problem !== undefined || ready === undefined)
    return { assessment: { ...(problem ?? open(host, "Pending", "Waiting for a probe")), subject } };
  const device = sharedDevice(ready, path);
  if (device === undefined || ready.facts.mountPoints.state !== "known")
    return { assessment: open(subject, "FactsUnknown", `the mount state is not known yet${why(ready)}`) };
  const mountPoint = recorded?.mountPoint ?? device.mounts[0]?.mountPoint;
  const [mounted] = device.mounts;
  if (mounted === undefined && persistedAt(ready, mountPoint) === undefined) return nothing;
  const place = device.mounts.some((one) => one.mountPoint === mountPoint)
    ? mountPoint
    : (mounted?.mountPoint ?? mountPoint);
  if (place === undefined) return nothing;
  return {
    assessment: bad(subject, "NodeLeaving", `is being unmounted from ${place}`),
    step: unmountStep(cluster, ready, { label, device: path, uuid, mountPoint: place }),
  };
}
