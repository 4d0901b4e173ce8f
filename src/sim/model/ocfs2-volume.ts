import type { Beat, FileSystem, Ocfs2Volume } from "./content.ts";
import { createFileSystem } from "./filesystem.ts";

/** Parameters of a formatted OCFS2. Sizes are bytes. */
export interface Ocfs2Parameters {
  readonly uuid: string;
  readonly label: string;
  readonly cluster: string;
  readonly globalHeartbeat: boolean;
  readonly nodeSlots: number;
  readonly sizeBytes: number;
  readonly blockSize?: number;
  readonly clusterSize?: number;
}

/** The block size that mkfs.ocfs2 chooses by the size: small volumes get small blocks. */
function blockSizeOf(sizeBytes: number): number {
  if (sizeBytes <= 3 * 2 ** 20) return 512;
  return sizeBytes >= 2 ** 30 ? 4096 : sizeBytes >= 2 ** 29 ? 2048 : 1024;
}

/** A new, empty OCFS2. */
export function createVolume(parameters: Ocfs2Parameters): Ocfs2Volume {
  const { sizeBytes, blockSize, clusterSize } = parameters;
  const cluster = clusterSize ?? 4096;
  const usable = Math.floor(sizeBytes / cluster) * cluster;
  const files = createFileSystem("ocfs2", "0:0", Math.floor(usable * 0.98));
  files.nodes.set("/lost+found", { kind: "Directory", inode: files.nextInode++ });
  return {
    uuid: parameters.uuid,
    label: parameters.label,
    stack: "o2cb",
    cluster: parameters.cluster,
    globalHeartbeat: parameters.globalHeartbeat,
    nodeSlots: parameters.nodeSlots,
    sizeBytes: usable,
    blockSize: blockSize ?? blockSizeOf(sizeBytes),
    clusterSize: cluster,
    complete: true,
    files,
    slots: new Map(),
    beats: new Map(),
  };
}

/** The UUID as the kernel's messages and configfs write it. */
export const regionName = (uuid: string): string => uuid.replaceAll("-", "").toUpperCase();

const beatMs = 2000;

/** The time at which a node last wrote. */
export const lastBeat = (beat: Beat, now: number): number =>
  beat.until ?? beat.from + Math.floor((now - beat.from) / beatMs) * beatMs;

/** The sequence number on disk now: seconds of the last write, as debugfs.ocfs2 prints them. */
export const sequenceOf = (beat: Beat, now: number): string =>
  Math.floor(lastBeat(beat, now) / 1000)
    .toString(16)
    .padStart(16, "0");

/** Whether the other nodes still count the node as alive: it wrote within the threshold. */
export const isAlive = (beat: Beat, now: number, thresholdMs: number): boolean =>
  now - lastBeat(beat, now) <= thresholdMs;

/** The file system as one host mounts it: the same files, with its own device number and read-only state. */
export function mountedView(volume: Ocfs2Volume, device: string, readOnly: boolean): FileSystem {
  const { files } = volume;
  return {
    type: "ocfs2",
    device,
    uuid: volume.uuid,
    nodes: files.nodes,
    readOnly,
    get freeBytes() {
      return files.freeBytes;
    },
    set freeBytes(bytes) {
      files.freeBytes = bytes;
    },
    get nextInode() {
      return files.nextInode;
    },
    set nextInode(inode) {
      files.nextInode = inode;
    },
  };
}
