/**
 * What a probe learned of O2CB (the cluster stack) and OCFS2 on one host. Milliseconds and bytes unless stated
 * otherwise.
 */

export interface O2cb {
  /** CONFIG_OCFS2_FS and CONFIG_OCFS2_FS_O2CB of the running kernel. */
  readonly kernel: "Module" | "BuiltIn" | "Missing" | "Unknown";
  /** The modules ocfs2 and ocfs2_stack_o2cb are loaded, and configfs is mounted. */
  readonly loaded: boolean;
  /** /etc/ocfs2/cluster.conf; undefined when there is none. */
  readonly configuration: O2cbConfiguration | undefined;
  /** /etc/default/o2cb; undefined when there is none, or none that can be understood. */
  readonly boot: O2cbBoot | undefined;
  /** The cluster comes back after a reboot without help, after the network and the AoE devices, before the mounts. */
  readonly bootOrder: boolean;
  /** Undefined if it could not be read. */
  readonly panicOnOops: KernelSetting | undefined;
  /** Seconds until the reboot after a panic: 0 never, below 0 at once. Undefined if it could not be read. */
  readonly panic: KernelSetting | undefined;
  /** The cluster that is registered in the kernel; undefined when none is, or `activeUnreadable`. */
  readonly active: ActiveCluster | undefined;
  /** One is registered, and its row could not be read. Omitted otherwise. */
  readonly activeUnreadable?: true;
}

/** /etc/ocfs2/cluster.conf as the host has it. */
export type O2cbConfiguration =
  | {
      readonly state: "Readable";
      /** `namespace/name uid` if xensan wrote it; empty for a foreign one. */
      readonly owner: string;
      readonly clusters: readonly { readonly name: string; readonly heartbeatMode: "Local" | "Global" }[];
      readonly nodes: readonly (O2cbNode & { readonly cluster: string })[];
      /** UUIDs of the regions of a global heartbeat, as written: 32 hexadecimal digits. */
      readonly regions: readonly { readonly cluster: string; readonly region: string }[];
    }
  | { readonly state: "Unreadable"; readonly why: string };

/** A node of an O2CB cluster: number, host name, address and port. */
export interface O2cbNode {
  readonly number: number;
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** Timeouts of O2CB: the heartbeat threshold in beats of two seconds, the others in milliseconds. */
export interface O2cbTimeouts {
  readonly heartbeatThreshold: number;
  readonly idleMilliseconds: number;
  readonly keepaliveMilliseconds: number;
  readonly reconnectMilliseconds: number;
}

/** Settings of /etc/default/o2cb; a timeout that is not set there is undefined. */
export interface O2cbBoot {
  readonly enabled: boolean;
  readonly cluster: string;
  readonly timeouts: { readonly [K in keyof O2cbTimeouts]: number | undefined };
}

/** A sysctl with its current value and its value after a reboot. */
export interface KernelSetting {
  readonly now: number;
  /** Whether the value is the same after a reboot. */
  readonly persisted: boolean;
}

/** The cluster that is active in the kernel, from configfs. */
export interface ActiveCluster extends O2cbTimeouts {
  readonly name: string;
  readonly heartbeatMode: "Local" | "Global";
  readonly fenceMethod: "Reset" | "Panic";
  readonly nodes: readonly (O2cbNode & { readonly local: boolean })[];
  /**
   * Heartbeat regions to which this host writes now, by UUID (32 hexadecimal digits, upper case), with their device.
   */
  readonly regions: readonly { readonly uuid: string; readonly device: string }[];
  /** Numbers of the nodes whose heartbeats this host sees on disk; undefined without debugfs. */
  readonly liveNodes: readonly number[] | undefined;
  /** Numbers of the nodes that this host is connected to over the network; undefined without debugfs. */
  readonly connectedNodes: readonly number[] | undefined;
}

/** A block device that an Ocfs2Cluster names. */
export interface SharedDevice {
  /** As requested: /dev/etherd/e0.1 */
  readonly path: string;
  /**
   * Blank: no signature, and the first and last MiB are zero. Data: no signature, but not zero there. Signature: not
   * OCFS2, see `signature`. Missing: no such device. Unreadable: it cannot be read now.
   */
  readonly content: "Blank" | "Data" | "Signature" | "Ocfs2" | "Missing" | "Unreadable";
  /** blkid's TYPE or PTTYPE; empty when there is none. */
  readonly signature: string;
  readonly sizeBytes: number;
  readonly superblock: Ocfs2Superblock | undefined;
  /**
   * Sequence number of each node slot that ever wrote a heartbeat here (local heartbeat): a node whose number changes
   * is alive.
   */
  readonly heartbeats: readonly { readonly node: number; readonly sequence: string }[];
  /** Slot map on the disk, stale after crashes. */
  readonly slots: readonly { readonly slot: number; readonly node: number }[];
  readonly mounts: readonly {
    readonly mountPoint: string;
    /** ReadOnly: requested, or set by the kernel after an error. */
    readonly access: "ReadWrite" | "ReadOnly";
    readonly options: readonly string[];
  }[];
}

/** Fields of the superblock, from debugfs.ocfs2. */
export interface Ocfs2Superblock {
  /** Lower case with hyphens, as blkid prints it. */
  readonly uuid: string;
  readonly label: string;
  /** `o2cb`, or empty for a file system without a cluster (fs type local). */
  readonly stack: string;
  readonly cluster: string;
  readonly globalHeartbeat: boolean;
  readonly nodeSlots: number;
  /** Size of the file system; the device may have grown since. */
  readonly sizeBytes: number;
  readonly blockSize: number;
  readonly clusterSize: number;
}

/** A directory on which an Ocfs2Cluster wants to mount. */
export interface MountPointFact {
  readonly path: string;
  readonly kind: "Missing" | "Directory" | "Symlink" | "Other";
  /** Whether the directory itself is empty; undefined while something is mounted there. */
  readonly empty: boolean | undefined;
  /** chattr +i; undefined while something is mounted there, or if the file system has no such flag. */
  readonly immutable: boolean | undefined;
  /** The entry that mounts it at boot; undefined without one. */
  readonly persisted:
    | {
        readonly source: string;
        readonly options: readonly string[];
        /** `namespace/name uid` when xensan wrote it; empty for a foreign one. */
        readonly owner: string;
      }
    | undefined;
}

/** The record that a host keeps of a format that began there; it is written before mkfs.ocfs2 and never removed. */
export interface FormatRecord {
  /** UUID of the new file system, lower case with hyphens. */
  readonly uuid: string;
  readonly device: string;
  /**
   * Running: the script works on it now. Interrupted: it began and no process works on it. Done: mkfs.ocfs2 completed.
   */
  readonly state: "Running" | "Interrupted" | "Done";
  readonly owner: string;
}

/** A problem in the kernel's log since the last boot that the owner of the data should know. */
export interface KernelTrouble {
  readonly kind: "IoError" | "Ocfs2Error" | "Heartbeat" | "Network" | "Fencing";
  /** Device or region, if the message names one. */
  readonly subject: string;
  readonly count: number;
  /** Uptime of the last occurrence. */
  readonly seconds: number;
  readonly message: string;
}
