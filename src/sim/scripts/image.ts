import { makeDirectories } from "../model/filesystem.ts";
import { leasesOn } from "../model/lease.ts";
import type { Host, World } from "../model/state.ts";
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
import { later, record } from "../model/world.ts";
import type { Responder, ScriptRun } from "../script.ts";
import { acting, finish, refuse, refuseWrite, takeLock } from "./answer.ts";
import { inBounds } from "./bounds.ts";
import { sameDeclarer } from "./domain-configuration.ts";
import { requireFlocks } from "./lease.ts";
import { imagePlace, imageRecord, requireMounted, requireUnreserved } from "./shared-place.ts";

/** The file that a host copies to before it is renamed. */
export const workingName = (host: Host, path: string) => `${path}.xensan-copy.${host.running.hostname}`;

/** Inode and birth; the simulated file systems, like OCFS2, store no birth time. */
export function identityOf(host: Host, path: string): string | undefined {
  const { node } = resolve(host, path);
  return node?.kind === "File" ? `${node.inode} 0` : undefined;
}

interface ImageRecord {
  readonly identity: string;
  readonly owner: string;
  readonly uuid: string;
  readonly origin: string;
}

/** images.sh: read_image_record. */
export function readImageRecord(host: Host, path: string): ImageRecord | undefined {
  const text = readText(host, imageRecord(host, path).file);
  if (text === undefined) return undefined;
  const [, identity = "", owner = "", uuid = "", origin = ""] = text.split("\n");
  return { identity, owner, uuid, origin: origin || "Made" };
}

function recordImage(run: Pick<ScriptRun, "world" | "host">, path: string, record: ImageRecord): void {
  const { file, relative } = imageRecord(run.host, path);
  const directory = resolve(run.host, file.slice(0, file.lastIndexOf("/")));
  makeDirectories(directory.mount.fileSystem, directory.inner);
  const { identity, owner, uuid, origin } = record;
  writeText(run.world, run.host, file, `${relative}\n${identity}\n${owner}\n${uuid}\n${origin}\n`);
}

/** image-users.sh: the loop devices and domains that use the very file with this name. */
export function usersOfImage(host: Host, path: string): { readonly name: string; readonly domain: number | "-" }[] {
  const { node } = resolve(host, path);
  const ofDomains = [...host.running.xen.domains.values()].flatMap(({ id, disks }) =>
    disks.flatMap(({ file }, index) =>
      file !== undefined && file === node ? [{ name: `loop${id * 8 + index}`, domain: id }] : [],
    ),
  );
  const byHand = [...host.running.loops].flatMap(([name, file]) =>
    node?.kind === "File" && resolve(host, file).node === node ? [{ name, domain: "-" as const }] : [],
  );
  return [...ofDomains, ...byHand];
}

/** images.sh: require_image. */
export function requireImage(run: ScriptRun, owner: string, uuid: string, path: string): void {
  const { host } = run;
  const record = readImageRecord(host, path);
  if (record === undefined) refuse(run, "ImageForeign", `${path} is not recorded as the image of a domain`);
  if (record.origin === "Making") refuse(run, "ImageMissing", `${path} is not finished`);
  const is = identityOf(host, path);
  if (resolve(host, path).node === undefined) {
    const [inode] = record.identity.split(" ");
    refuse(run, "ImageMissing", `${path} is missing; it was recorded as inode ${inode} for ${record.owner}`);
  }
  if (is === undefined) refuse(run, "ImageChanged", `${path} is no longer a regular file`);
  if (is !== record.identity) {
    refuse(
      run,
      "ImageChanged",
      `${path} is inode ${is}, but was recorded as inode ${record.identity} for ${record.owner}`,
    );
  }
  if (!sameDeclarer(record.owner, owner)) refuse(run, "ImageForeign", `${path} is recorded for ${record.owner}`);
  if (record.uuid !== "" && record.uuid !== uuid) {
    refuse(run, "ImageForeign", `${path} is recorded for the domain ${record.uuid}`);
  }
  const [user] = usersOfImage(host, path);
  if (user !== undefined) refuse(run, "ImageInUse", `${path} is used by the loop device ${user.name}`);
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

/** require_template: a source that the file system's owner lists, behind no symbolic link, and no domain's image. */
function requireTemplate(run: ScriptRun, source: string, mountPoint: string, globs: readonly string[]): void {
  const { host } = run;
  const relative = source.slice(mountPoint.length + 1);
  if (!inBounds(relative, globs)) {
    refuse(run, "SourceNotTemplate", `${source} matches none of the templates of its file system`);
  }
  for (let walk = source; walk !== mountPoint; walk = walk.slice(0, walk.lastIndexOf("/"))) {
    if (resolve(host, walk, "Keep").node?.kind === "Symlink") {
      refuse(run, "SourceNotTemplate", `${walk} is a symbolic link`);
    }
  }
  if (readImageRecord(host, source) !== undefined) {
    refuse(run, "SourceInUse", `${source} was made for a domain`);
  }
  const [user] = usersOfImage(host, source);
  if (user !== undefined) refuse(run, "SourceInUse", `${source} is used by the loop device ${user.name}`);
  for (const domain of host.running.xen.domains.values()) {
    if (domain.configuration.disks.every((disk) => disk.path !== source)) continue;
    refuse(run, "SourceInUse", `a domain uses ${source}: domain ${domain.id} ${domain.name}`);
  }
}

/** ensure-image.sh: read_kept_record. */
function keptRecord(host: Host, path: string, { owner, replaces }: { owner: string; replaces: string }) {
  const record = readImageRecord(host, path);
  return record?.identity === replaces && sameDeclarer(record.owner, owner) ? undefined : record;
}

/** adopt_image of ensure-image.sh. Returns whether the record was written, and how the file came there. */
function adoptImage(
  run: ScriptRun,
  wanted: { owner: string; uuid: string; path: string; known: string; mayFind: string; replaces: string },
) {
  const { owner, uuid, path, known, mayFind } = wanted;
  const is = identityOf(run.host, path) ?? "";
  // A file that is there again is not given up.
  const replaces = wanted.replaces === is ? "-" : wanted.replaces;
  if (known !== "-" && known !== is) {
    refuse(run, "ImageChanged", `${path} is inode ${is}, but was recorded as inode ${known}`);
  }
  const record = keptRecord(run.host, path, { owner, replaces });
  if (record !== undefined && record.identity !== is) {
    refuse(
      run,
      "ImageChanged",
      `${path} is inode ${is}, but was recorded as inode ${record.identity} for ${record.owner}`,
    );
  }
  if (record !== undefined && sameDeclarer(record.owner, owner) && (record.uuid === "" || record.uuid === uuid)) {
    const origin = record.origin === "Making" ? "Made" : record.origin;
    if (record.owner === owner && record.uuid === uuid && record.origin === origin)
      return { said: "unchanged", origin };
    recordImage(run, path, { identity: is, owner, uuid, origin });
    return { said: "recorded", origin };
  }
  if (mayFind !== "yes" && record !== undefined) {
    refuse(run, "ImageForeign", `${path} is recorded for ${record.owner}, domain ${record.uuid || "unknown"}`);
  }
  if (mayFind !== "yes" && known === "-") refuse(run, "ImageForeign", `${path} exists, but xensan did not create it`);
  recordImage(run, path, { identity: is, owner, uuid, origin: "Found" });
  return { said: "recorded", origin: "Found" };
}

/** ensure-image.sh: OWNER UUID PATH MOUNTPOINT FSUUID BYTES SOURCE|- RECORDED|- FOUND REPLACES|- GLOB… */
export const ensureImage: Responder = acting(function* ensureImage(run) {
  const { world, host, args } = run;
  const [owner = "", uuid = "", path = "", mountPoint = "", filesystem = "", wanted = "0", source = "-"] = args;
  const [known = "-", mayFind = "no", replaces = "-", ...globs] = args.slice(7);
  const bytes = Number(wanted);
  yield world.timings.process;
  yield* takeLock(run, "images", 40);
  requireMounted(run, mountPoint, filesystem);
  imagePlace(run, path, mountPoint);
  const { node } = resolve(host, path, "Keep");
  if (node !== undefined) {
    if (node.kind !== "File") return refuse(run, "ImageForeign", `${path} is not a regular file`);
    const { said, origin } = adoptImage(run, { owner, uuid, path, known, mayFind, replaces });
    if (node.sizeBytes >= bytes) return finish(run, said);
    if (origin !== "Made") {
      const sizes = `${node.sizeBytes} bytes instead of ${bytes}`;
      refuse(run, "ImageForeign", `${path} has ${sizes}, and xensan did not create it`);
    }
    requireRoom(run, path, 2 ** 20);
    check(run, path, resizeImage(world, host, path, bytes));
    yield world.timings.process;
    return finish(run, "grown");
  }
  if (known !== "-") refuse(run, "ImageMissing", `${path} is missing; it was recorded as inode ${known}`);
  const record = keptRecord(host, path, { owner, replaces });
  if (record !== undefined && record.origin !== "Making") {
    refuse(run, "ImageMissing", `${path} is missing; it was recorded as inode ${record.identity} for ${record.owner}`);
  }
  const fresh = workingName(host, path);
  if (host.running.xen.copies.has(path)) return finish(run, "copying");
  const copies = source !== "-";
  if (copies && !source.startsWith(`${mountPoint}/`)) {
    refuse(run, "InvalidArgument", `${source} is not below ${mountPoint}`);
  }
  if (copies) requireUnreserved(run, source, source.slice(mountPoint.length + 1));
  if (copies) requireTemplate(run, source, mountPoint, globs);
  const original = resolve(host, source, "Keep").node;
  if (copies && original?.kind !== "File") return refuse(run, "SourceMissing", `there is no regular file ${source}`);
  const from = original?.kind === "File" ? original.sizeBytes : 0;
  if (from > bytes) {
    refuse(run, "SourceLarger", `${source} has ${from} bytes, more than the ${bytes} bytes of the image`);
  }
  makeRoom(run, path);
  remove(world, host, fresh);
  if (copies) requireRoom(run, path, from);
  check(run, path, createImage(world, host, fresh, copies ? 0 : bytes));
  yield world.timings.process;
  if (!copies) {
    publish(world, host, { owner, uuid, path });
    yield world.timings.process;
    return finish(run, "created");
  }
  copyImage(world, host, { owner, uuid, path, source, bytes });
  for (let waited = 0; waited < 2000 && host.running.xen.copies.has(path); waited += 100) yield 100;
  return finish(run, host.running.xen.copies.has(path) ? "copying" : "copied");
});

/**
 * The record first: a crash may leave a record of an image being made, but never one of ours that cannot be deleted.
 */
function publish(world: World, host: Host, about: { owner: string; uuid: string; path: string }): void {
  const { owner, uuid, path } = about;
  const fresh = workingName(host, path);
  const identity = identityOf(host, fresh) ?? "";
  if (resolve(host, path).node !== undefined) {
    remove(world, host, fresh);
    return;
  }
  recordImage({ world, host }, path, { identity, owner, uuid, origin: "Making" });
  rename(world, host, fresh, path);
  recordImage({ world, host }, path, { identity, owner, uuid, origin: "Made" });
}

function makeRoom(run: ScriptRun, path: string): void {
  const directory = resolve(run.host, path.slice(0, path.lastIndexOf("/")));
  if (directory.node === undefined && !directory.mount.fileSystem.readOnly) {
    makeDirectories(directory.mount.fileSystem, directory.inner);
  }
}

interface Copy {
  readonly owner: string;
  readonly uuid: string;
  readonly path: string;
  readonly source: string;
  readonly bytes: number;
}

/** cp in the background, half a second's worth at a time; it ends with its host or when its file is removed. */
export function copyImage(world: World, host: Host, { owner, uuid, path, source, bytes }: Copy): void {
  const { copies } = host.running.xen;
  const pieceMs = 500;
  const fresh = workingName(host, path);
  copies.set(path, { pid: host.running.nextPid++ });
  record(world, host, { kind: "FileCopied", path, from: source });
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
    publish(world, host, { owner, uuid, path });
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
  if (copier !== undefined) refuse(run, "ImageInUse", `process ${copier.pid} is copying to ${path}`);
  remove(world, host, workingName(host, path));
  const { node } = resolve(host, path, "Keep");
  if (node === undefined) return finish(run, "absent");
  if (node.kind !== "File") refuse(run, "NotOurs", `${path} is not a regular file`);
  const record = readImageRecord(host, path);
  const made = record !== undefined && record.origin !== "Found" && record.owner === owner;
  if (!made || record.identity !== identityOf(host, path)) {
    refuse(run, "NotOurs", `${path} was not made for ${owner}`);
  }
  const [user] = usersOfImage(host, path);
  if (user !== undefined) refuse(run, "ImageInUse", `${path} is used by the loop device ${user.name}`);
  yield world.timings.process;
  requireFlocks(run, path);
  if (node.kind === "File" && leasesOn(node).length > 0) {
    refuse(run, "ImageLeased", `the lease of ${path} is held by a domain or a deletion`);
  }
  check(run, path, remove(world, host, path));
  yield world.timings.process;
  remove(world, host, imageRecord(host, path).file);
  return finish(run, "deleted");
});
