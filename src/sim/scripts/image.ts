import { makeDirectories } from "../model/filesystem.ts";
import type { Host } from "../model/host.ts";
import {
  createImage,
  readText,
  remove,
  rename,
  resizeImage,
  resolve,
  type WriteError,
  writeText,
} from "../model/storage.ts";
import { later, type World } from "../model/world.ts";
import type { Responder, ScriptRun } from "../process.ts";
import { acting, finish, refuse, refuseWrite, takeLock } from "./answer.ts";
import { inBounds } from "./bounds.ts";
import { imagePlace, imageRecord, requireMounted } from "./shared-place.ts";

/** Where a host copies to before the file gets its name. */
export const workingName = (host: Host, path: string) => `${path}.xensan-copy.${host.running.hostname}`;

/** What record_image writes: path below the mount point, `inode birth`, owner. */
function recordText(host: Host, owner: string, path: string, file: string): string {
  const { mount } = resolve(host, path);
  const relative = path.slice(mount.mountPoint === "/" ? 1 : mount.mountPoint.length + 1);
  return `${relative}\n${resolve(host, file).node?.inode ?? 0} 0\n${owner}\n`;
}

/** For whom the file that is there was made; empty for a foreign one. */
export function ownerOfImage(host: Host, path: string): string {
  const text = readText(host, imageRecord(host, path)) ?? "";
  const owner = text.split("\n")[2] ?? "";
  return text === recordText(host, owner, path, path) ? owner : "";
}

/** room_for: in KiB, as df counts. */
function requireRoom(run: ScriptRun, path: string, bytes: number): void {
  const left = Math.trunc(resolve(run.host, path).mount.fileSystem.freeBytes / 1024);
  const needed = Math.trunc(bytes / 1024);
  if (needed > left) refuse(run, "NoSpace", `${path} needs ${needed} KiB and its file system has ${left} KiB left`);
}

function check(run: ScriptRun, path: string, problem: WriteError | undefined): void {
  if (problem !== undefined) refuseWrite(run, path, problem);
}

/** require_template: what the owner of the file system lets be copied, by no symbolic link, and nobody's image. */
function requireTemplate(run: ScriptRun, source: string, mountPoint: string, globs: readonly string[]): void {
  const { host } = run;
  const relative = source.slice(mountPoint.length + 1);
  if (!inBounds(relative, globs)) {
    refuse(run, "SourceNotTemplate", `${source} is in none of the templates of its file system`);
  }
  for (let walk = source; walk !== mountPoint; walk = walk.slice(0, walk.lastIndexOf("/"))) {
    if (resolve(host, walk, "Keep").node?.kind === "Symlink") {
      refuse(run, "SourceNotTemplate", `${walk} is a symbolic link`);
    }
  }
  if (readText(host, imageRecord(host, source)) !== undefined) {
    refuse(run, "SourceInUse", `${source} was made for a domain`);
  }
  for (const domain of host.running.xen.domains.values()) {
    if (domain.configuration.disks.every((disk) => disk.path !== source)) continue;
    refuse(run, "SourceInUse", `a domain uses ${source}: domain ${domain.id} ${domain.name}`);
  }
}

/** ensure-image.sh: OWNER PATH MOUNTPOINT FSUUID BYTES SOURCE|- GLOB… */
export const ensureImage: Responder = acting(function* ensureImage(run) {
  const { world, host, args } = run;
  const [owner = "", path = "", mountPoint = "", filesystem = "", wanted = "0", source = "-", ...globs] = args;
  const bytes = Number(wanted);
  yield world.timings.process;
  yield* takeLock(run, "images", 40);
  requireMounted(run, mountPoint, filesystem);
  imagePlace(run, path, mountPoint);
  const { node } = resolve(host, path, "Keep");
  if (node !== undefined) {
    if (node.kind !== "File") return refuse(run, "ImageForeign", `${path} is not a regular file`);
    if (node.sizeBytes >= bytes) return finish(run, "unchanged");
    if (ownerOfImage(host, path) !== owner) {
      const has = `has ${node.sizeBytes} bytes, ${bytes} are wanted, and xensan did not make it for ${owner}`;
      refuse(run, "ImageForeign", `${path} ${has}`);
    }
    requireRoom(run, path, 2 ** 20);
    check(run, path, resizeImage(world, host, path, bytes));
    yield world.timings.process;
    return finish(run, "grown");
  }
  const fresh = workingName(host, path);
  const copies = source !== "-";
  if (copies && host.running.xen.copies.has(path)) return finish(run, "copying");
  if (copies && !source.startsWith(`${mountPoint}/`)) {
    refuse(run, "InvalidArgument", `${source} is not below ${mountPoint}`);
  }
  if (copies) requireTemplate(run, source, mountPoint, globs);
  const original = resolve(host, source, "Keep").node;
  if (copies && original?.kind !== "File") return refuse(run, "SourceMissing", `there is no regular file ${source}`);
  const from = original?.kind === "File" ? original.sizeBytes : 0;
  if (from > bytes) refuse(run, "SourceLarger", `${source} has ${from} bytes, more than ${bytes}`);
  makeRoom(run, path);
  remove(world, host, fresh);
  if (copies) requireRoom(run, path, from);
  check(run, path, createImage(world, host, fresh, copies ? 0 : bytes));
  yield world.timings.process;
  if (!copies) {
    publish(world, host, owner, path);
    yield world.timings.process;
    return finish(run, "created");
  }
  copy(world, host, { owner, path, source, bytes });
  for (let waited = 0; waited < 2000 && host.running.xen.copies.has(path); waited += 100) yield 100;
  return finish(run, host.running.xen.copies.has(path) ? "copying" : "copied");
});

/** The record first: after a crash there may be a record without an image, never an image of ours that nobody may delete. */
function publish(world: World, host: Host, owner: string, path: string): void {
  const fresh = workingName(host, path);
  const record = imageRecord(host, path);
  const place = resolve(host, record.slice(0, record.lastIndexOf("/")));
  makeDirectories(place.mount.fileSystem, place.inner);
  writeText(world, host, record, recordText(host, owner, path, fresh));
  if (resolve(host, path).node === undefined) rename(world, host, fresh, path);
  else remove(world, host, fresh);
}

function makeRoom(run: ScriptRun, path: string): void {
  const directory = resolve(run.host, path.slice(0, path.lastIndexOf("/")));
  if (directory.node === undefined && !directory.mount.fileSystem.readOnly) {
    makeDirectories(directory.mount.fileSystem, directory.inner);
  }
}

interface Copy {
  readonly owner: string;
  readonly path: string;
  readonly source: string;
  readonly bytes: number;
}

/** cp in the background, half a second's worth at a time; it dies with its host, or when its file goes. */
function copy(world: World, host: Host, { owner, path, source, bytes }: Copy): void {
  const { copies } = host.running.xen;
  const pieceMs = 500;
  const fresh = workingName(host, path);
  copies.set(path, { pid: host.running.nextPid++ });
  const step = () => {
    const original = resolve(host, source).node;
    const place = resolve(host, fresh);
    const { node: target } = place;
    const { fileSystem } = place.mount;
    if (original?.kind !== "File" || target?.kind !== "File") {
      copies.delete(path);
      return;
    }
    const most = Math.max(1, Math.floor((2 ** 20 * pieceMs) / Math.max(1, world.timings.copyMebibyte)));
    const piece = Math.min(original.sizeBytes - target.sizeBytes, most);
    if (fileSystem.readOnly || fileSystem.freeBytes < piece) {
      copies.delete(path);
      remove(world, host, fresh);
      return;
    }
    fileSystem.freeBytes -= piece;
    target.allocatedBytes += piece;
    target.sizeBytes += piece;
    if (target.sizeBytes < original.sizeBytes) {
      later(world, host, pieceMs, step);
      return;
    }
    target.content = { ...original.content };
    target.sizeBytes = bytes;
    copies.delete(path);
    publish(world, host, owner, path);
  };
  later(world, host, pieceMs, step);
}

/** delete-image.sh: OWNER PATH MOUNTPOINT FSUUID */
export const deleteImage: Responder = acting(function* deleteImage(run) {
  const { world, host, args } = run;
  const [owner = "", path = "", mountPoint = "", filesystem = ""] = args;
  yield world.timings.process;
  yield* takeLock(run, "images", 40);
  requireMounted(run, mountPoint, filesystem);
  imagePlace(run, path, mountPoint);
  const copier = host.running.xen.copies.get(path);
  if (copier !== undefined) refuse(run, "ImageInUse", `process ${copier.pid} copies to ${path}`);
  remove(world, host, workingName(host, path));
  const { node } = resolve(host, path, "Keep");
  if (node === undefined) return finish(run, "absent");
  if (node.kind !== "File") refuse(run, "NotOurs", `${path} is not a regular file`);
  if (ownerOfImage(host, path) !== owner) refuse(run, "NotOurs", `${path} was not made for ${owner}`);
  for (const domain of host.running.xen.domains.values()) {
    if (domain.configuration.disks.every((disk) => disk.path !== path)) continue;
    refuse(run, "ImageInUse", `a domain uses ${path}: domain ${domain.id} ${domain.name}`);
  }
  yield world.timings.process;
  check(run, path, remove(world, host, path));
  yield world.timings.process;
  remove(world, host, imageRecord(host, path));
  return finish(run, "deleted");
});
