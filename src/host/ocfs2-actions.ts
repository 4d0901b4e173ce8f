import type { HostCommand } from "./command.ts";
import { command } from "./commands.ts";
import type { O2cbNode, O2cbTimeouts } from "./ocfs2-facts.ts";
import type { RegionRequest } from "./ocfs2-values.ts";
import {
  allowedMountOptions,
  clusterName,
  filesystemLabel,
  filesystemUuid,
  journalSize,
  mountOptions,
  nodeArguments,
  nodeSlots,
  powerOfTwo,
  regionArguments,
  serverName,
  timeoutArguments,
} from "./ocfs2-values.ts";
import type { Owner } from "./values.ts";
import { allowedMountPoints, interfaceName, ownerText, path, sizeBytes } from "./values.ts";

/** The whole of a cluster, the same on every node. */
export interface ClusterRequest {
  readonly owner: Owner;
  readonly cluster: string;
  readonly heartbeatMode: "Local" | "Global";
  readonly fenceMethod: "Reset" | "Panic";
  readonly timeouts: O2cbTimeouts;
  readonly nodes: readonly O2cbNode[];
  /** Of a global heartbeat; empty in local mode. */
  readonly regions: readonly RegionRequest[];
}

/**
 * cluster.conf, /etc/default/o2cb, the sysctls and the order of the boot, for the next boot; nothing in the kernel changes
 * but the sysctls. Detail: `configured` or `unchanged`. Refuses HostNameMismatch (no node has this host's short name),
 * ForeignCluster (somebody else's cluster.conf, or another cluster in it), OcfsToolsMissing.
 */
export function configureCluster(request: ClusterRequest): HostCommand {
  return command("configure-cluster", 180, `O2CB cluster ${request.cluster} configured`, clusterArguments(request));
}

/**
 * The cluster registered in the kernel with these nodes, timeouts and fence method; nodes that are not listed are
 * unregistered. Detail: `online`, `updated` or `unchanged`. Refuses KernelWithoutOcfs2, ModuleMissing, ForeignCluster
 * (another cluster is active), ClusterInUse (the change needs the cluster to be offline, and something is mounted: the
 * message names it), HostNameMismatch, ClusterOffline (it did not come online; the message holds what o2cb said).
 */
export function clusterOnline(request: ClusterRequest): HostCommand {
  return command("cluster-online", 180, `O2CB cluster ${request.cluster} online`, clusterArguments(request));
}

/**
 * The cluster gone from the kernel, and what configureCluster wrote gone too. Detail: `removed` or `absent`. Refuses
 * ClusterInUse (something is mounted, or a heartbeat region is written), NotOurs.
 */
export function removeCluster(request: { readonly owner: Owner; readonly cluster: string }): HostCommand {
  return command("remove-cluster", 120, `no O2CB cluster ${request.cluster}`, [
    ownerText(request.owner),
    clusterName(request.cluster),
  ]);
}

/** Arguments of format-filesystem.sh. */
export interface FormatRequest {
  readonly owner: Owner;
  readonly device: string;
  /** Chosen beforehand, lower case with hyphens; mkfs.ocfs2 -U. */
  readonly uuid: string;
  readonly label: string;
  readonly cluster: string;
  readonly heartbeatMode: "Local" | "Global";
  readonly nodeSlots: number;
  readonly blockSize?: number;
  readonly clusterSize?: number;
  readonly journalSize?: number;
  readonly type?: "mail" | "datafiles" | "vmstore";
  /** What the device must be: its size, and who serves it (short host name, as far as the AoE serial number holds it). */
  readonly sizeBytes: number;
  readonly server: string;
  readonly interface: string;
}

/**
 * mkfs.ocfs2, once: everything is looked at again in the process that formats, under a lock, and a record is written
 * before it begins. Detail: `formatted` or `unchanged` (this very file system is there, and its record says Done).
 * Refuses DeviceMissing, NotBlank (with what was found), SizeDiffers, WrongServer, HeartbeatActive, FormatInterrupted
 * (a record says that it began earlier), ToolMissing, FormatFailed.
 */
export function formatFilesystem(request: FormatRequest): HostCommand {
  return command("format-filesystem", 900, `${request.device} formatted once, as OCFS2 ${request.uuid}`, [
    ownerText(request.owner),
    path(request.device),
    filesystemUuid(request.uuid),
    filesystemLabel(request.label),
    clusterName(request.cluster),
    request.heartbeatMode.toLowerCase(),
    nodeSlots(request.nodeSlots),
    powerOfTwo("blockSize", request.blockSize, 1024, 4096),
    powerOfTwo("clusterSize", request.clusterSize, 4096, 2 ** 20),
    journalSize(request.journalSize),
    request.type ?? "-",
    sizeBytes(request.sizeBytes),
    serverName(request.server),
    interfaceName(request.interface),
  ]);
}

/** Arguments of mount-filesystem.sh. */
export interface MountRequest {
  readonly owner: Owner;
  readonly device: string;
  readonly uuid: string;
  readonly cluster: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
  /** Globs of the owner of the host. */
  readonly allowedMountPoints: readonly string[];
  /** Of suid, dev and exec, what the owner of the host allows. */
  readonly allowedMountOptions: readonly string[];
}

/**
 * Mounted now and at every boot, verified by device and UUID; the directory beneath is made if it is missing, and takes
 * no writes while nothing is mounted. Detail: `mounted`, `adopted`, `repaired` (what brings it back at boot) or `unchanged`. Refuses
 * MountPointOutsideBounds, MountOptionOutsideBounds, MountPointNotEmpty, MountPointInUse (something else is mounted there), MountPointNotUsable,
 * DeviceMissing, WrongFilesystem (another UUID), ClusterOffline, MountedElsewhere (this device on another directory), MountFailed.
 */
export function mountFilesystem(request: MountRequest): HostCommand {
  return command("mount-filesystem", 300, `OCFS2 ${request.uuid} mounted on ${request.mountPoint}, now and at boot`, [
    ownerText(request.owner),
    path(request.device),
    filesystemUuid(request.uuid),
    clusterName(request.cluster),
    path(request.mountPoint),
    mountOptions(request.options),
    ...allowedMountPoints(request.allowedMountPoints),
    ...allowedMountOptions(request.allowedMountOptions),
  ]);
}

/**
 * Not mounted, and not at boot; never by force. Detail: `unmounted` or `absent`. Refuses FilesystemInUse (names processes,
 * loop devices, domains and mounts), WrongFilesystem, NotOurs.
 */
export function unmountFilesystem(request: {
  readonly owner: Owner;
  readonly device: string;
  readonly uuid: string;
  readonly mountPoint: string;
}): HostCommand {
  return command("unmount-filesystem", 180, `OCFS2 ${request.uuid} not mounted on ${request.mountPoint}`, [
    ownerText(request.owner),
    path(request.device),
    filesystemUuid(request.uuid),
    path(request.mountPoint),
  ]);
}

/** The file system as large as its device, mounted or not. Detail: `grown bytes N` or `unchanged bytes N`. Refuses WrongFilesystem, DeviceMissing, GrowFailed. */
export function growFilesystem(request: { readonly device: string; readonly uuid: string }): HostCommand {
  return command("grow-filesystem", 600, `OCFS2 ${request.uuid} as large as ${request.device}`, [
    path(request.device),
    filesystemUuid(request.uuid),
  ]);
}

/** At least so many node slots; more of them only while no host has it mounted. Detail: `added` or `unchanged`. Refuses WrongFilesystem, DeviceMissing, NoSpace, GrowFailed. */
export function addNodeSlots(request: {
  readonly device: string;
  readonly uuid: string;
  readonly nodeSlots: number;
}): HostCommand {
  return command("add-node-slots", 900, `OCFS2 ${request.uuid} with ${request.nodeSlots} node slots`, [
    path(request.device),
    filesystemUuid(request.uuid),
    nodeSlots(request.nodeSlots),
  ]);
}

function clusterArguments(request: ClusterRequest): readonly string[] {
  return [
    ownerText(request.owner),
    clusterName(request.cluster),
    request.heartbeatMode.toLowerCase(),
    request.fenceMethod.toLowerCase(),
    ...timeoutArguments(request.timeouts),
    ...nodeArguments(request.nodes),
    ...regionArguments(request.regions),
  ];
}
