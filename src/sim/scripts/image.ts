import { makeDirectories } from "../model/filesystem.ts";
import type { Host } from "../model/host.ts";
import { createImage, readText, remove, rename, resizeImage, resolve, type WriteError } from "../model/storage.ts";
import { later, type World } from "../model/world.ts";
import type { Responder, ScriptRun } from "../process.ts";
import { acting, finish, refuse, refuseWrite, replaceFile, takeLock } from "./answer.ts";
import { imageRecord, requireMounted } from "./shared-place.ts";

export const workingName = (path: string) => `${path}.xensan-new`;

/** Whether some host of the rack copies it: the file grows. */
export const isCopied = (world: World, path: string) =>
  [...world.hosts.values()].some((host) => host.running.xen.copies.has(path));

export const ownerOfImage = (host: Host, path: string) => (readText(host, imageRecord(host, path)) ?? "").trim();

function check(run: ScriptRun, path: string, problem: WriteError | undefined): void {
  if (problem !== undefined) refuseWrite(run, path, problem);
}

/** ensure-image.sh: OWNER PATH MOUNTPOINT FSUUID BYTES SOURCE|- */
export const ensureImage: Responder = acting(function* ensureImage(run) {
  const { world, host, args } = run;
  const [owner = "", path = "", mountPoint = "", filesystem = "", wanted = "0", source = "-"] = args;
  const bytes = Number(wanted);
  yield world.timings.process;
  yield* takeLock(run, "images", 60);
  requireMounted(run, mountPoint, filesystem);
  const { node } = resolve(host, path);
  if (node !== undefined) {
    if (node.kind !== "File") return refuse(run, "ImageForeign", `${path} is not a regular file`);
    if (node.sizeBytes >= bytes) return finish(run, "unchanged");
    if (ownerOfImage(host, path) !== owner) refuse(run, "ImageForeign", `${path} was not made for ${owner}`);
    check(run, path, resizeImage(world, host, path, bytes));
    yield world.timings.process;
    return finish(run, "grown");
  }
  const fresh = workingName(path);
  if (resolve(host, fresh).node !== undefined) {
    if (isCopied(world, path)) return finish(run, "copying");
    remove(world, host, fresh);
    yield world.timings.process;
  }
  if (source === "-") {
    makeRoom(run, path);
    check(run, path, createImage(world, host, fresh, bytes));
    yield world.timings.process;
    replaceFile(run, imageRecord(host, path), `${owner}\n`);
    check(run, path, rename(world, host, fresh, path));
    yield world.timings.process;
    return finish(run, "created");
  }
  const original = resolve(host, source).node;
  if (original?.kind !== "File") return refuse(run, "SourceMissing", `there is no file ${source}`);
  if (original.sizeBytes > bytes) {
    refuse(run, "SourceLarger", `${source} has ${original.sizeBytes} bytes, more than ${bytes}`);
  }
  makeRoom(run, path);
  if (resolve(host, path).mount.fileSystem.freeBytes < original.sizeBytes) {
    refuse(run, "NoSpace", `no space left for ${path}`);
  }
  check(run, path, createImage(world, host, fresh, bytes));
  replaceFile(run, imageRecord(host, path), `${owner}\n`);
  copy(world, host, { path, source, bytes });
  yield world.timings.process * 20;
  return finish(run, "copying");
});

function makeRoom(run: ScriptRun, path: string): void {
  const directory = resolve(run.host, path.slice(0, path.lastIndexOf("/")));
  if (directory.node === undefined && !directory.mount.fileSystem.readOnly) {
    makeDirectories(directory.mount.fileSystem, directory.inner);
  }
}

/** cp in the background, a second's worth at a time; it dies with its host, or when the source goes. */
function copy(
  world: World,
  host: Host,
  { path, source, bytes }: { path: string; source: string; bytes: number },
): void {
  const { copies } = host.running.xen;
  const perSecond = Math.max(1, Math.floor((2 ** 20 * 1000) / world.timings.copyMebibyte));
  copies.set(path, { pid: host.running.nextPid++ });
  const step = () => {
    const original = resolve(host, source).node;
    const target = resolve(host, workingName(path)).node;
    if (original?.kind !== "File" || target?.kind !== "File") {
      copies.delete(path);
      return;
    }
    const left = original.sizeBytes - target.allocatedBytes;
    const fileSystem = resolve(host, path).mount.fileSystem;
    const piece = Math.min(left, perSecond);
    if (fileSystem.readOnly || fileSystem.freeBytes < piece) {
      copies.delete(path);
      return;
    }
    fileSystem.freeBytes -= piece;
    target.allocatedBytes += piece;
    if (target.allocatedBytes < original.sizeBytes) {
      later(world, host, 1000, step);
      return;
    }
    target.content = { ...original.content };
    target.sizeBytes = bytes;
    copies.delete(path);
    rename(world, host, workingName(path), path);
  };
  later(world, host, 1000, step);
}

/** delete-image.sh: OWNER PATH MOUNTPOINT FSUUID */
export const deleteImage: Responder = acting(function* deleteImage(run) {
  const { world, host, args } = run;
  const [owner = "", path = "", mountPoint = "", filesystem = ""] = args;
  yield world.timings.process;
  yield* takeLock(run, "images", 60);
  requireMounted(run, mountPoint, filesystem);
  const record = imageRecord(host, path);
  const mine = ownerOfImage(host, path) === owner;
  const fresh = workingName(path);
  if (resolve(host, path).node === undefined) {
    if (mine) {
      host.running.xen.copies.delete(path);
      remove(world, host, fresh);
      remove(world, host, record);
    }
    return finish(run, "absent");
  }
  if (!mine) refuse(run, "NotOurs", `${path} was not made for ${owner}`);
  for (const domain of host.running.xen.domains.values()) {
    if (domain.configuration.disks.every((disk) => disk.path !== path)) continue;
    refuse(run, "ImageInUse", `domain ${domain.id} ${domain.name} uses ${path}`);
  }
  yield world.timings.process;
  check(run, path, remove(world, host, path));
  yield world.timings.process;
  remove(world, host, record);
  return finish(run, "deleted");
});
