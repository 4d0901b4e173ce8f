import { quantityBytes } from "../../api/quantity.ts";
import { gapIn } from "../../host/facts.ts";
import { formatFilesystem } from "../../host/ocfs2-actions.ts";
import { addressText } from "../hosts/view.ts";
import { isMarkOf, xenHost } from "../identity.ts";
import { isOnline } from "./ensure-online.ts";
import { missingSlots } from "./ensure-size.ts";
import {
  type Assessment,
  bad,
  type ClusterFinding,
  type ClusterStep,
  fine,
  nodeProblem,
  open,
  stepOn,
  together,
} from "./finding.ts";
import { decideFormat, type FormatDecision, type NodeLook } from "./format-decision.ts";
import { clusterRequest, mustWait, sharedDevice } from "./members.ts";
import {
  type ClusterObservation,
  type FilesystemSpec,
  listedNodes,
  type ObservedFilesystem,
  type ObservedNode,
  type ObservedVolume,
  type ReadyNode,
  readyNode,
} from "./observation.ts";

/** Ensures that every volume holds its file system: found there, or created there once. */
export function ensureFormatted(cluster: ClusterObservation): ClusterFinding {
  const wanted = cluster.filesystems.flatMap((one) => (one.spec === undefined ? [] : [{ ...one, spec: one.spec }]));
  const assessed = wanted.map((filesystem) => assess(cluster, filesystem));
  return {
    conditions: [
      together(
        "Formatted",
        assessed.map(({ assessment }) => assessment),
        wanted.length === 0
          ? { reason: "NoFilesystems", message: "The spec lists no file systems" }
          : {
              reason: "Formatted",
              message: `Every file system is on its volume: ${wanted.map(({ label }) => label).join(", ")}`,
            },
      ),
    ],
    steps: assessed.flatMap(({ steps = [] }) => steps),
    writes: assessed.flatMap(({ writes = [] }) => writes),
    previews: assessed.flatMap(({ previews = [] }) => previews),
    lookAgain: assessed.some(({ lookAgain }) => lookAgain === true),
  };
}

type Assessed = { readonly assessment: Assessment } & Partial<ClusterFinding>;

function assess(cluster: ClusterObservation, filesystem: ObservedFilesystem & { spec: FilesystemSpec }): Assessed {
  const { label, volume } = filesystem;
  if (volume.state === "NotFound")
    return { assessment: bad(label, "VolumeNotFound", `AoeVolume ${volume.name} does not exist: create it`) };
  if (volume.state === "Taken") return { assessment: bad(label, "VolumeInOtherCluster", volume.message) };
  // Meanwhile other nodes see an incomplete file system.
  if (filesystem.formatting !== undefined)
    return { assessment: bad(label, "Progressing", `${filesystem.formatting} is formatting ${volume.device}`) };
  const decision = decide(cluster, filesystem, volume);
  switch (decision.kind) {
    case "Formatted":
      return { assessment: complete(cluster, filesystem, decision.uuid) };
    case "Record":
      return {
        assessment: bad(label, "Progressing", `The UUID ${decision.uuid} of ${volume.device} is being recorded`),
        writes: [{ kind: "Uuid", label, uuid: decision.uuid }],
      };
    case "Intend":
      return {
        assessment: bad(label, "Progressing", `${decision.host} will format ${volume.device}`),
        writes: [{ kind: "Intent", label, host: decision.host }],
        previews: [
          {
            hostRef: xenHost(decision.host),
            action: "format-filesystem",
            summary: `${volume.device} formatted once, as OCFS2 ${label}`,
          },
        ],
      };
    case "Format": {
      const step = formatStep(cluster, filesystem, volume, decision);
      return typeof step === "string"
        ? { assessment: open(label, "FactsUnknown", step) }
        : { assessment: bad(label, "Progressing", `${decision.host} is formatting ${volume.device}`), steps: [step] };
    }
    case "Wait":
      return {
        assessment: (decision.reason === "Progressing" ? bad : open)(label, decision.reason, decision.message),
        lookAgain: decision.reason === "Looking",
      };
    case "Refuse":
      return { assessment: bad(label, decision.reason, decision.message) };
  }
}

/** The file system exists; node slots may be missing. */
function complete(
  cluster: ClusterObservation,
  filesystem: ObservedFilesystem & { spec: FilesystemSpec },
  uuid: string,
) {
  const { label, spec } = filesystem;
  const missing = missingSlots(cluster, filesystem);
  if (missing === undefined || missing.waitsFor.length === 0) return fine(label, "Formatted", `has UUID ${uuid}`);
  return fine(
    label,
    "PendingUnmount",
    `has ${missing.now} node slots instead of ${spec.nodeSlots}, and slots can be added only while no node has the file system mounted: set the annotation xensan.dev/paused=true, unmount the file system on ${missing.waitsFor.join(", ")}, and remove the annotation`,
  );
}

type FoundVolume = Extract<ObservedVolume, { state: "Found" }>;

function decide(
  cluster: ClusterObservation,
  { label, spec, recorded, strangers }: ObservedFilesystem & { spec: FilesystemSpec },
  volume: FoundVolume,
): FormatDecision {
  const request = clusterRequest(cluster);
  return decideFormat({
    policy: spec.format,
    uuid: recorded?.uuid,
    intent: recorded?.format && { uuid: recorded.format.uuid, host: recorded.format.hostRef.name },
    approved: cluster.approved,
    device: volume.device,
    label,
    cluster: cluster.spec.clusterName,
    heartbeatMode: cluster.spec.heartbeatMode,
    sizeBytes: volume.sizeBytes,
    looks: listedNodes(cluster).map((node): NodeLook => lookFrom(cluster, node, volume, request)),
    strangers,
  });
}

function lookFrom(
  cluster: ClusterObservation,
  node: ObservedNode,
  volume: FoundVolume,
  request: ReturnType<typeof clusterRequest>,
): NodeLook {
  const { host } = node;
  const ready = readyNode(node);
  const problem = nodeProblem(node);
  if (ready === undefined || problem !== undefined) {
    if (problem === undefined || problem.reason === "Pending") return { host, kind: "Pending" };
    return { host, kind: "Unreachable", why: `${host} ${problem.message}` };
  }
  const { formats } = ready.facts;
  return {
    host,
    kind: "Seen",
    device: sharedDevice(ready, volume.device),
    records:
      formats.state === "known" && gapIn(formats) === undefined
        ? formats.value
        : formats.state === "absent"
          ? []
          : undefined,
    entries: entriesFor(cluster, ready, volume.device),
    attached: volume.attached.includes(host),
    online: !mustWait(cluster, node) && isOnline(ready, request),
  };
}

/** Where an entry of this cluster, or of a former object of its name, mounts the device at boot; undefined: not reported. */
function entriesFor({ owner }: ClusterObservation, { facts: { mountPoints } }: ReadyNode, device: string) {
  if (mountPoints.state === "absent") return [];
  if (mountPoints.state === "unknown" || gapIn(mountPoints) !== undefined) return undefined;
  return mountPoints.value.flatMap(({ path, persisted }) =>
    persisted?.source === device && isMarkOf(owner, persisted.owner) ? [path] : [],
  );
}

function formatStep(
  cluster: ClusterObservation,
  { label, spec }: ObservedFilesystem & { spec: FilesystemSpec },
  volume: FoundVolume,
  { host, uuid }: { host: string; uuid: string },
): ClusterStep | string {
  const node = cluster.nodes.find((one) => one.host === host);
  const ready = node && readyNode(node);
  const netif = ready && interfaceTo(ready, volume.device);
  if (netif === undefined) return `${host} did not report the interface on which it sees ${volume.device}`;
  if (volume.serverName === undefined) return `The host name of the server of AoeVolume ${volume.name} is unknown`;
  if (volume.sizeBytes === undefined) return `The expected size of ${volume.device} is unknown`;
  const { blockSize, clusterSize, journalSize, type } = spec;
  const command = formatFilesystem({
    owner: cluster.owner,
    device: volume.device,
    uuid,
    label,
    cluster: cluster.spec.clusterName,
    heartbeatMode: cluster.spec.heartbeatMode,
    nodeSlots: spec.nodeSlots,
    ...(blockSize === undefined ? {} : { blockSize: quantityBytes(blockSize) }),
    ...(clusterSize === undefined ? {} : { clusterSize: quantityBytes(clusterSize) }),
    ...(journalSize === undefined ? {} : { journalSize: quantityBytes(journalSize) }),
    ...(type === undefined ? {} : { type: types[type] }),
    sizeBytes: volume.sizeBytes,
    server: volume.serverName,
    interface: netif,
  });
  return stepOn(host, command, label);
}

const types = { Mail: "mail", Datafiles: "datafiles", Vmstore: "vmstore" } as const;

function interfaceTo({ facts: { aoeDevices } }: ReadyNode, device: string): string | undefined {
  if (aoeDevices.state !== "known") return undefined;
  return aoeDevices.value.find((one) => `/dev/etherd/e${addressText(one)}` === device)?.interfaces[0];
}
