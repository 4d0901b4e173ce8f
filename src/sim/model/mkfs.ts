import { overwrite } from "./content.ts";
import type { Ended } from "./ocfs2-mount.ts";
import { readable } from "./ocfs2-mount.ts";
import { createVolume, type Ocfs2Parameters } from "./ocfs2-volume.ts";
import { backingName, sharedDisk } from "./shared-disk.ts";
import type { Host, World } from "./state.ts";
import { record } from "./world.ts";

const mebibyte = 2 ** 20;

/** MiB of one slot's journal, where mkfs.ocfs2 chooses it by the type. */
const journalByType: Readonly<Record<string, number>> = { vmstore: 128, mail: 128, datafiles: 32 };

/** Options of mkfs.ocfs2. Sizes are bytes. */
export interface MkfsOptions extends Omit<Ocfs2Parameters, "sizeBytes"> {
  /** Bytes of one slot's journal; undefined lets mkfs.ocfs2 choose. */
  readonly journalSize: number | undefined;
  readonly type: string | undefined;
}

const isForFiles = ({ type, clusterSize }: MkfsOptions) =>
  clusterSize === undefined && (type === "vmstore" || type === "datafiles");

/** Types for large files have large clusters. */
function clustersOf(options: MkfsOptions, sizeBytes: number): { readonly clusterSize?: number } {
  if (!isForFiles(options)) return {};
  const gigabytes = Math.floor(sizeBytes / 2 ** 30);
  const kibibytes = gigabytes < 64 ? 128 : gigabytes < 96 ? 256 : gigabytes < 128 ? 512 : 1024;
  return { clusterSize: kibibytes * 1024 };
}

/** The last two lines of mkfs.ocfs2's output where it refuses to begin, also with --dry-run. */
export function mkfsUnfit(options: MkfsOptions, sizeBytes: number): string | undefined {
  if (isForFiles(options) && sizeBytes < 2 ** 31)
    return "mkfs.ocfs2: Selected file system type requires a device of at least 2 gigabytes";
  const { blockSize, nodeSlots } = createVolume({ ...options, ...clustersOf(options, sizeBytes), sizeBytes });
  const blocks = Math.floor(sizeBytes / blockSize);
  const note = "NOTE: Feature extended slot map may be enabled";
  if (blocks < 2048) return `${note} Filesystem too small for a journal`;
  const journal = (options.journalSize ?? 0) / blockSize;
  if (journal > 0 && journal * nodeSlots + 1024 > blocks) return `${note} Journal size too big for filesystem.`;
  return undefined;
}

/**
 * `mkfs.ocfs2 -q … DEVICE </dev/null`: overwrites the device unless it holds an OCFS2, which it would ask about. Midway
 * the device holds half a file system, and a crash leaves it so.
 */
export function* mkfsOcfs2(world: World, host: Host, device: string, options: MkfsOptions): Generator<number, Ended> {
  const failed = (text: string): Ended => ({ exitCode: 1, stderr: `mkfs.ocfs2: ${text}\n` });
  const disk = sharedDisk(host, device);
  if (disk === undefined || disk.aoe?.up === false) {
    return failed(`Could not open device ${device}: No such file or directory`);
  }
  const { content } = disk;
  const busy = host.running.mounts.find((mount) => mount.fileSystem.device === disk.block.device);
  if (busy !== undefined) return failed(`${device} is mounted; will not make a ocfs2 volume here!`);
  if (content.ocfs2 !== undefined) return failed("Proceed (y/N): Aborting operation.");
  if (!(yield* readable(world, host, disk))) return failed(`I/O error on channel while writing ${device}`);
  const { sizeBytes } = disk.block;
  const perSlot =
    options.journalSize === undefined ? (journalByType[options.type ?? ""] ?? 64) : options.journalSize / mebibyte;
  const unfit = mkfsUnfit(options, sizeBytes);
  if (unfit !== undefined) return failed(unfit);
  if (sizeBytes < 4 * mebibyte || perSlot * options.nodeSlots * mebibyte > sizeBytes) {
    return failed('Invalid argument passed to OCFS2 library while formatting journal "journal:0000"');
  }
  const journals = perSlot * options.nodeSlots * world.timings.journalMebibyte;
  const about = {
    device,
    uuid: options.uuid,
    backing: backingName(world, host, disk),
    over: content.signature || (content.data ? "data" : ""),
  };
  record(world, host, { kind: "FormatBegun", ...about });
  overwrite(content, { data: true });
  yield world.timings.format / 2;
  const volume = createVolume({ ...options, ...clustersOf(options, sizeBytes), sizeBytes });
  volume.complete = false;
  overwrite(content, { signature: "ocfs2", uuid: options.uuid, label: options.label, ocfs2: volume });
  const pieces = 4;
  for (let piece = 0; piece < pieces; piece++) {
    yield journals / pieces;
    if (!(yield* readable(world, host, disk))) return failed("I/O error on channel while formatting journal");
  }
  yield world.timings.format / 2;
  volume.complete = true;
  record(world, host, { kind: "FilesystemFormatted", ...about });
  return { exitCode: 0, stderr: "mkfs.ocfs2 1.8.7\n" };
}

/** `tunefs.ocfs2 -S`: works while the file system is mounted. */
export function growVolume(world: World, host: Host, device: string): Ended {
  const disk = sharedDisk(host, device);
  const volume = disk?.content.ocfs2;
  if (disk === undefined || volume === undefined) {
    return { exitCode: 8, stderr: `tunefs.ocfs2: Bad magic number in superblock while opening device "${device}"\n` };
  }
  const sizeBytes = Math.floor(disk.block.sizeBytes / volume.clusterSize) * volume.clusterSize;
  const fromBytes = volume.sizeBytes;
  if (sizeBytes <= fromBytes) return { exitCode: 0, stderr: "" };
  volume.files.freeBytes += sizeBytes - fromBytes;
  volume.sizeBytes = sizeBytes;
  record(world, host, { kind: "FilesystemGrown", device, uuid: volume.uuid, fromBytes, sizeBytes });
  return { exitCode: 0, stderr: "" };
}

/** `tunefs.ocfs2 -N`: requires that no host has the file system mounted. */
export function addSlots(world: World, host: Host, device: string, nodeSlots: number): Ended {
  const volume = sharedDisk(host, device)?.content.ocfs2;
  if (volume === undefined) {
    return { exitCode: 8, stderr: `tunefs.ocfs2: Bad magic number in superblock while opening device "${device}"\n` };
  }
  for (const other of world.hosts.values()) {
    if (other.power !== "On" || !other.running.o2cb.mounts.some((mount) => mount.content.ocfs2 === volume)) continue;
    return { exitCode: 25, stderr: `tunefs.ocfs2: Trylock failed while opening device "${device}"\n` };
  }
  if (nodeSlots <= volume.nodeSlots) return { exitCode: 0, stderr: "" };
  const needed = (nodeSlots - volume.nodeSlots) * 64 * mebibyte;
  if (volume.files.freeBytes < needed) {
    const stderr = `tunefs.ocfs2: No space left on device - unable to update the number of slots on device "${device}"\n`;
    return { exitCode: 1, stderr };
  }
  volume.files.freeBytes -= needed;
  volume.nodeSlots = nodeSlots;
  record(world, host, { kind: "NodeSlotsAdded", device, uuid: volume.uuid, nodeSlots });
  return { exitCode: 0, stderr: "" };
}
