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

/** The whole configuration of a cluster, the same on every node. */
export interface ClusterRequest {
  readonly owner: Owner;
  readonly cluster: string;
  readonly heartbeatMode: "Local" | "Global";
  readonly fenceMethod: "Reset" | "Panic";
  readonly timeouts: O2cbTimeouts;
  readonly nodes: readonly O2cbNode[];
  /** Regions of a global heartbeat; empty in local mode. */
  readonly regions: readonly RegionRequest[];
}

/**
 * Writes cluster.conf, /etc/default/o2cb, the sysctls and the boot order, for the next boot; in the kernel, only the
 * sysctls change. Detail: `configured` or `unchanged`. Refuses HostNameMismatch (no node has this host's short name),
 * ForeignCluster (cluster.conf has another owner, or another cluster in it), ClusterInUse (this host hears the heartbeat of
 * a node that the file would lose or give another number), OcfsToolsMissing.
 */
export function configureCluster(request: ClusterRequest): HostCommand {
  return command("configure-cluster", 180, `O2CB cluster ${request.cluster} configured`, clusterArguments(request));
}

/**
 * Registers the cluster in the kernel with these nodes, timeouts and fence method; unregisters nodes that are not
 * listed. Detail: `online`, `updated` or `unchanged`. Refuses KernelWithoutOcfs2, ModuleMissing, ForeignCluster
 * (another cluster is active), ClusterInUse (the change needs the cluster to be offline, and a file system is mounted:
 * the message names it), HostNameMismatch, ClusterOffline (it did not come online; the message holds the output of
 * o2cb).
 */
export function clusterOnline(request: ClusterRequest): HostCommand {
  return command("cluster-online", 180, `O2CB cluster ${request.cluster} online`, clusterArguments(request));
}

/**
 * Removes the cluster from the kernel, and the files that configureCluster wrote. Detail: `removed` or `absent`.
 * Refuses ClusterInUse (a file system is mounted, or a heartbeat region is written), NotOurs.
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
  /** Chosen beforehand, lower case with hyphens; for mkfs.ocfs2 -U. */
  readonly uuid: string;
  readonly label: string;
  readonly cluster: string;
  readonly heartbeatMode: "Local" | "Global";
  readonly nodeSlots: number;
  readonly blockSize?: number;
  readonly clusterSize?: number;
  readonly journalSize?: number;
  readonly type?: "mail" | "datafiles" | "vmstore";
  /** Expected size and server of the device (short host name, as far as the AoE serial number holds it). */
  readonly sizeBytes: number;
  readonly server: string;
  readonly interface: string;
}

/**
 * Runs mkfs.ocfs2, once: the process that formats checks everything again, under a lock, and writes a record before it
 * begins. Detail: `formatted` or `unchanged` (this very file system exists, and its record says Done). Refuses
 * DeviceMissing, NotBlank (with what was found), SizeDiffers, WrongServer, HeartbeatActive, FormatInterrupted (a record
 * says that it began earlier), ToolMissing, FormatFailed.
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
  /** Globs that the owner of the host allows. */
  readonly allowedMountPoints: readonly string[];
  /** Which of suid, dev and exec the owner of the host allows. */
  readonly allowedMountOptions: readonly string[];
}

/**
 * Mounts the file system now and at every boot, and verifies device and UUID. Creates the mount point if it is missing,
 * and keeps it from being written while nothing is mounted there. Detail: `mounted`, `adopted`, `repaired` (the mount
 * at boot) or `unchanged`. Refuses MountPointOutsideBounds, MountOptionOutsideBounds, MountPointNotEmpty,
 * MountPointInUse (something else is mounted there), MountPointNotUsable, DeviceMissing, WrongFilesystem (another
 * UUID), ClusterOffline, MountedElsewhere (this device on another directory), MountFailed.
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
 * Unmounts the file system, now and at boot; never by force. Detail: `unmounted` or `absent`. Refuses FilesystemInUse
 * (names processes, loop devices, domains and mounts), WrongFilesystem, NotOurs.
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

/**
 * Grows the file system to the size of its device, mounted or not. Detail: `grown bytes N` or `unchanged bytes N`.
 * Refuses WrongFilesystem, DeviceMissing, GrowFailed.
 */
export function growFilesystem(request: { readonly device: string; readonly uuid: string }): HostCommand {
  return command("grow-filesystem", 600, `OCFS2 ${request.uuid} as large as ${request.device}`, [
    path(request.device),
    filesystemUuid(request.uuid),
  ]);
}

/**
 * Ensures at least this many node slots; adds slots only while no host has the file system mounted. Detail: `added` or
 * `unchanged`. Refuses WrongFilesystem, DeviceMissing, NoSpace, GrowFailed.
 */
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
