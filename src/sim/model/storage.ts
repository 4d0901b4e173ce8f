import type { FileNode } from "./content.ts";
import { blankContent, type Content, overwrite } from "./content.ts";
import { uuidOf } from "./disk-content.ts";
import { listDirectory, type Place, resolvePath } from "./filesystem.ts";
import type { BlockDevice, VolumeGroup } from "./hardware.ts";
import type { Host, World } from "./state.ts";
import { record } from "./world.ts";

/** The node at an absolute path on this host; `Keep` does not follow a symbolic link in the last component. */
export const resolve = (host: Host, path: string, last?: "Follow" | "Keep"): Place =>
  resolvePath(host.running.mounts, path, last);

/** The names in a directory, sorted; empty when it is missing. */
export const list = (host: Host, path: string): string[] => listDirectory(host.running.mounts, path);

/** The text of a configuration file; undefined when there is none. */
export function readText(host: Host, path: string): string | undefined {
  const node = resolve(host, path).node;
  return node?.kind === "File" ? (node.text ?? "") : undefined;
}

/** An error of write(2) or open(2), in the words of strerror. */
export type WriteError =
  | "No such file or directory"
  | "Read-only file system"
  | "No space left on device"
  | "Is a directory"
  | "Operation not permitted";

/** Why no file can be created there, whatever its size. */
function refusalOf({ parentExists, parentImmutable, mount, node }: Place): WriteError | undefined {
  if (!parentExists) return "No such file or directory";
  if (mount.fileSystem.readOnly) return "Read-only file system";
  if (parentImmutable) return "Operation not permitted";
  return node?.kind === "Directory" ? "Is a directory" : undefined;
}

/** Replaces a text file as a rename does; undefined when it worked. */
export function writeText(world: World, host: Host, path: string, text: string): WriteError | undefined {
  const place = resolve(host, path);
  const problem = refusalOf(place);
  if (problem !== undefined) return problem;
  const { fileSystem } = place.mount;
  const size = Buffer.byteLength(text);
  if (fileSystem.freeBytes < size) return "No space left on device";
  fileSystem.nodes.set(place.inner, {
    kind: "File",
    inode: fileSystem.nextInode++,
    sizeBytes: size,
    allocatedBytes: 0,
    text,
    content: blankContent(),
    mode: "644",
    links: 1,
  });
  record(world, host, { kind: "TextWritten", path: place.path, text });
  return undefined;
}

/** unlink(2); undefined when it worked. */
export function remove(world: World, host: Host, path: string): WriteError | undefined {
  const place = resolve(host, path, "Keep");
  if (place.node === undefined) return "No such file or directory";
  const fileSystem = place.mount.fileSystem;
  if (fileSystem.readOnly) return "Read-only file system";
  if (place.parentImmutable) return "Operation not permitted";
  if (place.node.kind === "Directory") return "Is a directory";
  fileSystem.nodes.delete(place.inner);
  if (place.node.kind === "File") {
    fileSystem.freeBytes += place.node.allocatedBytes;
    record(world, host, { kind: "FileDeleted", path: place.path, sizeBytes: place.node.sizeBytes });
  } else record(world, host, { kind: "FileDeleted", path: place.path, sizeBytes: 0 });
  return undefined;
}

/** Creates an image file of zeros: sparse (truncate), or with its blocks reserved (fallocate). */
export function createImage(
  world: World,
  host: Host,
  path: string,
  sizeBytes: number,
  blocks: "Sparse" | "Allocated" = "Sparse",
): WriteError | undefined {
  const place = resolve(host, path);
  const problem = refusalOf(place);
  if (problem !== undefined) return problem;
  const { fileSystem } = place.mount;
  const allocated = blocks === "Allocated" ? sizeBytes : 0;
  if (fileSystem.freeBytes <= 0 || fileSystem.freeBytes < allocated) return "No space left on device";
  fileSystem.freeBytes -= allocated;
  fileSystem.nodes.set(place.inner, {
    kind: "File",
    inode: fileSystem.nextInode++,
    sizeBytes,
    allocatedBytes: allocated,
    text: undefined,
    content: blankContent(),
    mode: "600",
    links: 1,
  });
  record(world, host, { kind: "FileCreated", path: place.path, sizeBytes });
  return undefined;
}

/** truncate(1) of an existing image to `sizeBytes`. */
export function resizeImage(
  world: World,
  host: Host,
  path: string,
  sizeBytes: number,
  blocks: "Sparse" | "Allocated" = "Sparse",
): WriteError | undefined {
  const place = resolve(host, path);
  if (place.node?.kind !== "File") return "No such file or directory";
  const fileSystem = place.mount.fileSystem;
  if (fileSystem.readOnly) return "Read-only file system";
  const file: FileNode = place.node;
  const more = blocks === "Allocated" ? Math.max(0, sizeBytes - file.allocatedBytes) : 0;
  if (fileSystem.freeBytes < more) return "No space left on device";
  fileSystem.freeBytes -= more;
  file.allocatedBytes += more;
  const fromBytes = file.sizeBytes;
  if (fromBytes === sizeBytes) return undefined;
  file.sizeBytes = sizeBytes;
  record(world, host, { kind: "FileResized", path: place.path, fromBytes, sizeBytes });
  return undefined;
}

/** Renames a file as `mv` does within a file system. */
export function rename(world: World, host: Host, from: string, to: string): WriteError | undefined {
  const source = resolve(host, from, "Keep");
  const target = resolve(host, to, "Keep");
  if (source.node === undefined || !target.parentExists) return "No such file or directory";
  if (source.mount.fileSystem.readOnly) return "Read-only file system";
  source.mount.fileSystem.nodes.delete(source.inner);
  target.mount.fileSystem.nodes.set(target.inner, source.node);
  record(world, host, { kind: "FileRenamed", path: source.path, to: target.path });
  return undefined;
}

const decimals = new Map<string, number>();

/** stat's %d: `major:minor` as one number. */
function deviceDecimal(device: string): number {
  const known = decimals.get(device);
  if (known !== undefined) return known;
  const [major = 0, minor = 0] = device.split(":").map(Number);
  decimals.set(device, major * 256 + minor);
  return major * 256 + minor;
}

/** What a path leads to, as a vblade backing. */
export interface Backing {
  readonly realPath: string;
  readonly kind: "Missing" | "File" | "BlockDevice" | "Other";
  readonly sizeBytes: number;
  /** `block:major:minor`, `file:device:inode` with the device as one number, or empty. */
  readonly identity: string;
  /** An identity that is the same after a reboot and under any name; empty when missing. */
  readonly lasting: string;
  readonly content: Content | undefined;
  readonly block: BlockDevice | undefined;
  /** Whether it is on a file system mounted read-only. */
  readonly readOnly: boolean;
}

/** What vblade would open at this path, as backing-identity.sh identifies it. */
export function backingAt(host: Host, path: string): Backing {
  const place = resolve(host, path);
  const { node, path: realPath } = place;
  const nothing = { sizeBytes: 0, identity: "", lasting: "", content: undefined, block: undefined, readOnly: false };
  if (node === undefined) return { ...nothing, realPath: "", kind: "Missing" };
  if (node.kind === "File") {
    const { device, readOnly, uuid } = place.mount.fileSystem;
    const { sizeBytes, content, inode } = node;
    const identity = `file:${deviceDecimal(device)}:${inode}`;
    const lasting = `file:${uuid}:${inode}:0`;
    return { ...nothing, realPath, kind: "File", sizeBytes, identity, lasting, content, readOnly };
  }
  const block = node.kind === "Block" ? host.blocks.get(node.device) : undefined;
  if (block === undefined) return { ...nothing, realPath, kind: "Other" };
  const { sizeBytes, content } = block;
  const lasting = block.says || `unnamed:${sizeBytes}`;
  const identity = `block:${block.device}`;
  return { ...nothing, realPath, kind: "BlockDevice", sizeBytes, identity, lasting, content, block };
}

/** Adds the kernel name and the links of a device to /dev. */
export function addBlock(host: Host, block: BlockDevice): void {
  host.blocks.set(block.device, block);
  const dev = host.running.mounts.find((mount) => mount.mountPoint === "/dev")?.fileSystem;
  if (dev === undefined) return;
  const put = (path: string, node: { kind: "Block"; device: string } | { kind: "Symlink"; target: string }) => {
    const inner = path.slice("/dev".length);
    for (let slash = inner.indexOf("/", 1); slash !== -1; slash = inner.indexOf("/", slash + 1)) {
      const above = inner.slice(0, slash);
      if (!dev.nodes.has(above)) dev.nodes.set(above, { kind: "Directory", inode: dev.nextInode++ });
    }
    dev.nodes.set(inner, { ...node, inode: dev.nextInode++ });
  };
  put(block.path, { kind: "Block", device: block.device });
  for (const link of block.links) put(link, { kind: "Symlink", target: block.path });
}

/** The kernel finds two disks in the other order: contents, reported identity and links go with the disk. */
export function swapDisks(host: Host, one: string, other: string): void {
  const named = (path: string) => {
    const block = [...host.blocks.values()].find((candidate) => candidate.path === path);
    if (block === undefined) throw new Error(`${host.name} has no disk ${path}`);
    return block;
  };
  const [a, b] = [named(one), named(other)];
  host.blocks.set(a.device, { ...b, path: a.path, device: a.device });
  host.blocks.set(b.device, { ...a, path: b.path, device: b.device });
}

/** Removes the device from the kernel and from /dev. */
export function dropBlock(host: Host, device: string): void {
  const block = host.blocks.get(device);
  const dev = host.running.mounts.find((mount) => mount.mountPoint === "/dev")?.fileSystem;
  host.blocks.delete(device);
  for (const path of block === undefined ? [] : [block.path, ...block.links])
    dev?.nodes.delete(path.slice("/dev".length));
}

/** Bytes of the volume group that no logical volume uses. */
export function freeBytes(host: Host, group: VolumeGroup): number {
  let used = 0;
  for (const volume of group.volumes.values()) used += host.blocks.get(volume.device)?.sizeBytes ?? 0;
  return group.sizeBytes - used;
}

/** The name device-mapper gives a logical volume: a dash in a part is doubled. */
export const mapperName = (group: string, name: string) =>
  `${group.replaceAll("-", "--")}-${name.replaceAll("-", "--")}`;

const volumeLinks = (group: VolumeGroup, name: string) => [
  `/dev/${group.name}/${name}`,
  `/dev/mapper/${mapperName(group.name, name)}`,
];

/** lvcreate: rounds up to whole extents. Returns lvcreate's error when it refuses. */
export function createLogicalVolume(
  world: World,
  host: Host,
  group: VolumeGroup,
  name: string,
  bytes: number,
): string | undefined {
  if (group.volumes.has(name)) return `  Logical Volume "${name}" already exists in volume group "${group.name}"`;
  const sizeBytes = Math.ceil(bytes / group.extentBytes) * group.extentBytes;
  const free = freeBytes(host, group);
  if (sizeBytes > free) {
    return `  Volume group "${group.name}" has insufficient free space (${free / group.extentBytes} extents): ${sizeBytes / group.extentBytes} required.`;
  }
  let minor = 0;
  while (host.blocks.has(`253:${minor}`)) minor += 1;
  const device = `253:${minor}`;
  group.volumes.set(name, { name, device, tags: new Set() });
  for (const physical of group.physicalVolumes) host.blocks.get(physical)?.holders.add(device);
  addBlock(host, {
    path: `/dev/dm-${minor}`,
    device,
    sizeBytes,
    type: "lvm",
    says: `dm:LVM-${uuidOf(`vg ${host.name} ${group.name}`)}${uuidOf(`lv ${world.events.length} ${group.name} ${name}`)}`
      .replaceAll("-", "")
      .replace("dm:LVM", "dm:LVM-"),
    // Its extents still hold what earlier volumes left; lvcreate wipes only signatures.
    content: { ...blankContent(), data: true },
    holders: new Set(),
    links: volumeLinks(group, name),
  });
  record(world, host, { kind: "LogicalVolumeCreated", volume: `${group.name}/${name}`, sizeBytes });
  return undefined;
}

/** The logical volume has been filled with zeros to its end. */
export function blankLogicalVolume(world: World, host: Host, group: VolumeGroup, name: string): void {
  const block = host.blocks.get(group.volumes.get(name)?.device ?? "");
  if (block === undefined) return;
  overwrite(block.content, {});
  record(world, host, { kind: "LogicalVolumeBlanked", volume: `${group.name}/${name}` });
}

/** `lvrename`; returns lvm's error, or undefined when it worked. */
export function renameLogicalVolume(
  world: World,
  host: Host,
  group: VolumeGroup,
  name: string,
  to: string,
): string | undefined {
  const volume = group.volumes.get(name);
  const block = host.blocks.get(volume?.device ?? "");
  if (volume === undefined || block === undefined) return `  Existing logical volume "${name}" not found`;
  if (group.volumes.has(to)) return `  Logical volume "${to}" already exists in volume group "${group.name}"`;
  group.volumes.delete(name);
  group.volumes.set(to, { ...volume, name: to });
  dropBlock(host, block.device);
  block.links = volumeLinks(group, to);
  addBlock(host, block);
  record(world, host, { kind: "LogicalVolumeRenamed", volume: `${group.name}/${name}`, to: `${group.name}/${to}` });
  return undefined;
}

/** `lvextend`; `extents` says what the added extents hold. Returns lvm's error, or undefined when it worked. */
export function extendLogicalVolume(
  world: World,
  host: Host,
  group: VolumeGroup,
  { name, bytes, extents }: { readonly name: string; readonly bytes: number; readonly extents: "Blank" | "FromBefore" },
): string | undefined {
  const block = host.blocks.get(group.volumes.get(name)?.device ?? "");
  if (block === undefined) return `  Failed to find logical volume "${group.name}/${name}"`;
  const sizeBytes = Math.ceil(bytes / group.extentBytes) * group.extentBytes;
  const missing = sizeBytes - block.sizeBytes;
  if (missing <= 0) return undefined;
  const free = freeBytes(host, group);
  if (missing > free) {
    return `  Insufficient free space: ${missing / group.extentBytes} extents needed, but only ${free / group.extentBytes} available`;
  }
  const fromBytes = block.sizeBytes;
  block.sizeBytes = sizeBytes;
  record(world, host, { kind: "LogicalVolumeResized", volume: `${group.name}/${name}`, fromBytes, sizeBytes, extents });
  return undefined;
}

/** `lvremove`; returns lvm's error, or undefined when it worked. */
export function removeLogicalVolume(world: World, host: Host, group: VolumeGroup, name: string): string | undefined {
  const volume = group.volumes.get(name);
  const block = host.blocks.get(volume?.device ?? "");
  if (volume === undefined || block === undefined) return `  Failed to find logical volume "${group.name}/${name}"`;
  const busy = [...host.running.processes.values()].some((process) => process.identity === `block:${block.device}`);
  if (busy || volume.open === true) return `  Logical volume ${group.name}/${name} in use.`;
  group.volumes.delete(name);
  for (const physical of group.physicalVolumes) host.blocks.get(physical)?.holders.delete(volume.device);
  dropBlock(host, volume.device);
  record(world, host, {
    kind: "LogicalVolumeDeleted",
    volume: `${group.name}/${name}`,
    sizeBytes: block.sizeBytes,
  });
  return undefined;
}
