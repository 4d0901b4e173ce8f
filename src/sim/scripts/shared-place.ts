import { checksum } from "../model/checksum.ts";
import type { Host } from "../model/state.ts";
import { readText, remove, resolve } from "../model/storage.ts";
import type { ScriptRun } from "../script.ts";
import { refuse, replaceFile } from "./answer.ts";
import { plainPath } from "./bounds.ts";
import { digestOf } from "./domain-configuration.ts";

/** UUID of the file system that is mounted on exactly this directory; undefined where none is mounted. */
function mountedUuid(host: Host, mountPoint: string): string | undefined {
  const mount = host.running.mounts.findLast((one) => one.mountPoint === mountPoint);
  if (mount === undefined) return undefined;
  return host.blocks.get(mount.fileSystem.device)?.content.uuid ?? "";
}

/** Refuses when the file system is not mounted: writes must not go to the directory below. */
export function requireMounted(run: ScriptRun, mountPoint: string, uuid: string): void {
  const found = mountedUuid(run.host, mountPoint);
  if (found === undefined) refuse(run, "NotMounted", `nothing is mounted on ${mountPoint}`);
  const mount = run.host.running.mounts.findLast((one) => one.mountPoint === mountPoint);
  if (found === "") {
    refuse(run, "NotMounted", `${mount?.source} is mounted on ${mountPoint}, but no UUID can be read from it`);
  }
  if (found !== uuid) {
    refuse(run, "NotMounted", `${mount?.source} is mounted on ${mountPoint} and holds ${found}, not ${uuid}`);
  }
  if (mount?.fileSystem.readOnly) refuse(run, "ReadOnlyFileSystem", `${mountPoint} is mounted read-only`);
}

/** reserved_name: no part of the path may be a name of our own files, or what mkfs made. */
export function requireUnreserved(run: ScriptRun, path: string, relative: string): void {
  if (/(^|\/)\.xensan(\/|$)|\.xensan-|^lost\+found(\/|$)/.test(relative))
    refuse(run, "InvalidArgument", `${path} is a name that xensan reserves for itself`);
}

/** image_place: the path must be below the mount point, behind no symbolic link and no other mount. */
export function imagePlace(run: ScriptRun, path: string, mountPoint: string): void {
  plainPath(run, path);
  if (!path.startsWith(`${mountPoint}/`)) refuse(run, "InvalidArgument", `${path} is not below ${mountPoint}`);
  const relative = path.slice(mountPoint.length + 1);
  requireUnreserved(run, path, relative);
  const parts = relative.split("/").slice(0, -1);
  for (const [index] of parts.entries()) {
    const walk = `${mountPoint}/${parts.slice(0, index + 1).join("/")}`;
    const { node, mount } = resolve(run.host, walk, "Keep");
    if (node === undefined) continue;
    if (node.kind === "Symlink") refuse(run, "ImageForeign", `${walk} is a symbolic link`);
    if (node.kind !== "Directory") refuse(run, "ImageForeign", `${walk} is not a directory`);
    if (mount.mountPoint === mountPoint) continue;
    refuse(run, "NotMounted", `${walk} is on another file system than ${mountPoint}`);
  }
}

/** Content of a domain's lock file: host, boot and owner. */
export interface LockHolder {
  readonly host: string;
  readonly bootId: string;
  readonly owner: string;
}

/** The lock file of a domain UUID. */
export const lockPath = (directory: string, uuid: string) => `${directory}/${uuid}.lock`;

/** Host, boot and owner in a domain's lock; undefined where there is no lock. */
export function lockHolder(host: Host, path: string): LockHolder | undefined {
  const text = readText(host, path);
  if (text === undefined) return undefined;
  const [name = "", bootId = "", ...owner] = text.trim().split(" ");
  return { host: name, bootId, owner: owner.join(" ") };
}

/** `HOST BOOT-ID OWNER`: the text that this host writes into a lock. */
export const lockText = (host: Host, owner: string) => `${host.running.hostname} ${host.running.bootId} ${owner}\n`;

/** images.sh: image_record_of. Beside the locks of the file system that holds the image. */
export function imageRecord(host: Host, path: string): { readonly file: string; readonly relative: string } {
  const { mountPoint } = resolve(host, path).mount;
  const place = mountPoint === "/" ? "" : mountPoint;
  const relative = path.slice(place.length + 1);
  const [short, long] = [checksum, digestOf].map((name) => `${place}/.xensan/images/${name(relative)}`);
  const there = (file = "") => readText(host, file);
  const own = there(short)?.split("\n")[0] === relative;
  const file = (!own && (there(short) ?? there(long)) !== undefined ? long : short) ?? "";
  return { file, relative };
}

/** Takes the lock for this boot if it is free, already held here, or held by the boot that may be superseded. */
export function claimDomain(
  run: ScriptRun,
  path: string,
  owner: string,
  supersedes: { readonly host: string; readonly bootId: string },
): void {
  const { host } = run;
  const holder = lockHolder(host, path);
  const own = holder?.host === host.running.hostname && holder.bootId === host.running.bootId;
  const old = holder?.host === supersedes.host && holder.bootId === supersedes.bootId;
  if (holder !== undefined && !own && !old) {
    const since = `since its boot ${holder.bootId} for ${holder.owner}`;
    refuse(run, "DomainLocked", `${path} is held by ${holder.host} ${since}`);
  }
  replaceFile(run, path, lockText(host, owner));
}

/** Removes the lock if this host holds it, from any boot: the domain was seen to be absent here. */
export function releaseDomain(run: ScriptRun, path: string): void {
  const { world, host } = run;
  if (lockHolder(host, path)?.host === host.running.hostname) remove(world, host, path);
}
