/** A file system of a host: a flat map from path (within it, `/` first) to node. */
export interface FileSystem {
  readonly type: string;
  /** `major:minor`, stat's %d. */
  readonly device: string;
  /** What udev calls ID_FS_UUID, or TYPE-SOURCE where there is none. */
  readonly uuid: string;
  readonly nodes: Map<string, Node>;
  readOnly: boolean;
  /** Bytes left; sparse parts cost nothing. */
  freeBytes: number;
  nextInode: number;
}

/** An inode of a simulated file system. */
export type Node =
  | {
      readonly kind: "Directory";
      readonly inode: number;
      /** chattr +i: nothing can be made or removed in it. */
      immutable?: boolean;
    }
  | {
      readonly kind: "File";
      readonly inode: number;
      sizeBytes: number;
      allocatedBytes: number;
      /** Text of a configuration file; absent for images. */
      text: string | undefined;
      content: Content;
      mode: string;
      /** Leases that processes of hosts hold by flock(2); absent if none was ever taken. */
      leases?: readonly Lease[];
      /** Number of its names; more than one means hard links. */
      links: number;
    }
  | { readonly kind: "Symlink"; readonly inode: number; readonly target: string }
  | { readonly kind: "Block"; readonly inode: number; readonly device: string }
  | { readonly kind: "Character"; readonly inode: number; readonly device: string };

/** A regular file. */
export type FileNode = Extract<Node, { kind: "File" }>;

/** A flock(2) on a file, as the lock manager of its cluster knows it. */
export interface Lease {
  readonly host: string;
  /** Boot ID of the host whose process holds it. */
  readonly bootId: string;
  /** Of the domain for which it is held. */
  readonly uuid: string;
  /** Number of the host in the cluster of the file system; undefined where only one host knows of the lock. */
  readonly node: number | undefined;
  readonly mode: "Exclusive" | "Shared";
  /** Whether it counts now: one that only its own host knows of ends with that host's boot. */
  readonly counts: () => boolean;
}

/** A mounted file system, or a directory of one. */
export interface Mount {
  readonly source: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly options: readonly string[];
  readonly fileSystem: FileSystem;
  /** Which directory of the file system is mounted; `/` except for bind mounts. */
  readonly root: string;
}

/** An OCFS2 on a disk: its superblock, its files, and the slots and heartbeats of its nodes. */
export interface Ocfs2Volume {
  /** Lower case with hyphens. */
  readonly uuid: string;
  readonly label: string;
  /** `o2cb`, or empty for a local file system. */
  readonly stack: string;
  readonly cluster: string;
  readonly globalHeartbeat: boolean;
  nodeSlots: number;
  /** Size of the file system; the device may be larger. */
  sizeBytes: number;
  readonly blockSize: number;
  readonly clusterSize: number;
  /** Whether mkfs.ocfs2 has finished. */
  complete: boolean;
  /** The same files for every host that mounts it. */
  readonly files: FileSystem;
  /** Node number by slot. */
  readonly slots: Map<number, number>;
  /** By node number: every node that ever wrote a heartbeat here. */
  readonly beats: Map<number, Beat>;
}

/** The block in which one node writes the time, every two seconds. */
export interface Beat {
  /** Time of the first write, in milliseconds. */
  readonly from: number;
  /** Time of the last write; undefined while the node keeps writing. */
  until: number | undefined;
  /** Host name, or undefined for a host outside this rack. */
  readonly writer: string | undefined;
}

/** The bytes of a disk, file or logical volume, as far as the model needs them. The same object is the same bytes. */
export interface Content {
  /** blkid's TYPE or PTTYPE; empty when it finds none. */
  signature: string;
  uuid: string;
  label: string;
  /** Without a signature: whether the edges hold something other than zeros. */
  data: boolean;
  /** With the signature `ocfs2`: the superblock and the files. */
  ocfs2: Ocfs2Volume | undefined;
}

/** All zeros, or a signature and nothing else. */
export const blankContent = (signature = ""): Content => ({
  signature,
  uuid: "",
  label: "",
  data: false,
  ocfs2: undefined,
});

/** Replaces everything that was there. */
export function overwrite(content: Content, fresh: Partial<Content>): void {
  Object.assign(content, blankContent(), fresh);
}
