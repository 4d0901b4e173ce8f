import type { Owner } from "./actions.ts";
import type { HostCommand } from "./command.ts";
import type { O2cbNode, O2cbTimeouts } from "./ocfs2-facts.ts";

/** The whole of a cluster, the same on every node. */
export interface ClusterRequest {
  readonly owner: Owner;
  readonly cluster: string;
  readonly heartbeatMode: "Local" | "Global";
  readonly fenceMethod: "Reset" | "Panic";
  readonly timeouts: O2cbTimeouts;
  readonly nodes: readonly O2cbNode[];
  /** UUIDs of the devices of a global heartbeat; empty in local mode. */
  readonly regions: readonly string[];
}

/**
 * cluster.conf, /etc/default/o2cb, the sysctls and the order of the boot, for the next boot; nothing in the kernel changes
 * but the sysctls. Detail: `configured` or `unchanged`. Refuses HostNameMismatch (no node has this host's short name),
 * ForeignCluster (somebody else's cluster.conf, or another cluster in it), OcfsToolsMissing.
 */
export declare function configureCluster(request: ClusterRequest): HostCommand;

/**
 * The cluster registered in the kernel with these nodes, timeouts and fence method; nodes that are not listed are
 * unregistered. Detail: `online`, `updated` or `unchanged`. Refuses KernelWithoutOcfs2, ModuleMissing, ForeignCluster
 * (another cluster is active), ClusterInUse (the change needs the cluster to be offline, and something is mounted: the
 * message names it), HostNameMismatch, ClusterOffline (it did not come online; the message holds what o2cb said).
 */
export declare function clusterOnline(request: ClusterRequest): HostCommand;

/**
 * The cluster gone from the kernel, and what configureCluster wrote gone too. Detail: `removed` or `absent`. Refuses
 * ClusterInUse (something is mounted, or a heartbeat region is written), NotOurs.
 */
export declare function removeCluster(request: { readonly owner: Owner; readonly cluster: string }): HostCommand;

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
export declare function formatFilesystem(request: FormatRequest): HostCommand;

export interface MountRequest {
  readonly owner: Owner;
  readonly device: string;
  readonly uuid: string;
  readonly cluster: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
  /** Globs of the owner of the host. */
  readonly allowedMountPoints: readonly string[];
}

/**
 * Mounted now and at every boot, verified by device and UUID; the directory beneath is made if it is missing, and takes
 * no writes while nothing is mounted. Detail: `mounted`, `adopted`, `repaired` (what brings it back at boot) or `unchanged`. Refuses
 * MountPointOutsideBounds, MountPointNotEmpty, MountPointInUse (something else is mounted there), MountPointNotUsable,
 * DeviceMissing, WrongFilesystem (another UUID), ClusterOffline, MountedElsewhere (this device on another directory), MountFailed.
 */
export declare function mountFilesystem(request: MountRequest): HostCommand;

/**
 * Not mounted, and not at boot; never by force. Detail: `unmounted` or `absent`. Refuses FilesystemInUse (names processes,
 * loop devices, domains and mounts), WrongFilesystem, NotOurs.
 */
export declare function unmountFilesystem(request: {
  readonly owner: Owner;
  readonly device: string;
  readonly uuid: string;
  readonly mountPoint: string;
}): HostCommand;

/** The file system as large as its device. Detail: `grown bytes N` or `unchanged bytes N`. Refuses WrongFilesystem, DeviceMissing, GrowFailed. */
export declare function growFilesystem(request: { readonly device: string; readonly uuid: string }): HostCommand;

/** At least so many node slots. Detail: `added` or `unchanged`. Refuses WrongFilesystem, DeviceMissing, NoSpace, GrowFailed. */
export declare function addNodeSlots(request: {
  readonly device: string;
  readonly uuid: string;
  readonly nodeSlots: number;
}): HostCommand;
