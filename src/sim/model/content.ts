/** A file system of a host: a flat map from path (within it, `/` first) to node. */
export interface FileSystem {
  readonly type: string;
  /** `major:minor`, stat's %d. */
  readonly device: string;
  /** What udev calls ID_FS_UUID, or TYPE-SOURCE where there is none. */
  readonly uuid: string;
  readonly nodes: Map<string, Node>;
  readOnly: boolean;
  /** Bytes left; what is sparse costs nothing. */
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
      /** Configuration; absent for images. */
      text: string | undefined;
      content: Content;
      mode: string;
      /** What processes of hosts hold by flock(2); left out where nobody ever did. */
      leases?: readonly Lease[];
      /** Names it has; more than one is a hard link. */
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
  /** The boot of the host whose process holds it. */
  readonly bootId: string;
  /** Of the domain for which it is held. */
  readonly uuid: string;
  /** Number of the host in the cluster of the file system; undefined where only one host knows of the lock. */
  readonly node: number | undefined;
  readonly mode: "Exclusive" | "Shared";
  /** Whether it counts now: where only one host knows of it, it ends with the boot. */
  readonly counts: () => boolean;
}

/** A mounted file system, or a directory of one. */
export interface Mount {
  readonly source: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly options: readonly string[];
  readonly fileSystem: FileSystem;
  /** Which directory of the file system is shown; `/` but for bind mounts. */
  readonly root: string;
}

/** An OCFS2 on a disk: its superblock, its files, and what nodes write beside them. */
export interface Ocfs2Volume {
  /** Lower case with hyphens. */
  readonly uuid: string;
  readonly label: string;
  /** `o2cb`, or empty for a local file system. */
  readonly stack: string;
  readonly cluster: string;
  readonly globalHeartbeat: boolean;
  nodeSlots: number;
  /** Of the file system; the device may be larger. */
  sizeBytes: number;
  readonly blockSize: number;
  readonly clusterSize: number;
  /** Whether mkfs.ocfs2 came to its end. */
  complete: boolean;
  /** The same files for whoever mounts it. */
  readonly files: FileSystem;
  /** Node number by slot. */
  readonly slots: Map<number, number>;
  /** By node number: everybody who ever wrote a heartbeat here. */
  readonly beats: Map<number, Beat>;
}

/** The block in which one node writes the time, every two seconds. */
export interface Beat {
  /** Milliseconds of the first write. */
  readonly from: number;
  /** Of the last one; undefined while it is being written. */
  until: number | undefined;
  /** Host name, or undefined for a host that is not of this rack. */
  readonly writer: string | undefined;
}

/** The bytes of a disk, file or logical volume, as far as anybody asks. The same object is the same bytes. */
export interface Content {
  /** blkid's TYPE or PTTYPE; empty when it finds none. */
  signature: string;
  uuid: string;
  label: string;
  /** Without a signature: whether something else than zeros stands at the edges. */
  data: boolean;
  /** With the signature `ocfs2`: what the superblock says, and the files. */
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

/** Whoever writes over it leaves nothing of what was there. */
export function overwrite(content: Content, fresh: Partial<Content>): void {
  Object.assign(content, blankContent(), fresh);
}
