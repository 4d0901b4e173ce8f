import { globMatches } from "../../host/glob.ts";
import type { Mount } from "../model/content.ts";
import type { BlockDevice } from "../model/hardware.ts";
import type { Host } from "../model/state.ts";
import { type Backing, backingAt, mapperName, resolve } from "../model/storage.ts";
import type { ScriptRun } from "../script.ts";
import { refuse } from "./answer.ts";
import { loopsOf, requireFree } from "./in-use.ts";

/** The result of bounds.sh: the backing, the name to configure, and identities that overlap with it. */
export interface AllowedBacking extends Backing {
  readonly configured: string;
  readonly related: readonly string[];
}

/** Whether one of the globs matches the whole name. */
export const inBounds = (name: string, globs: readonly string[]) => globs.some((glob) => globMatches(glob, name));

/** segment_on: the segment of an interface in a list of words INTERFACE=SEGMENT. */
export function segmentOn(netif: string, list: string): string | undefined {
  const word = list.split(" ").find((one) => one.split("=")[0] === netif);
  return word?.slice(netif.length + 1);
}

/** require_plain_path: refuses relative paths and `.`, `..` or empty parts. */
export function plainPath(run: ScriptRun, path: string): void {
  if (/\/\.\.?\/|\/\//.test(`${path}/`)) refuse(run, "InvalidArgument", `${path} contains an empty part, . or ..`);
  if (!path.startsWith("/")) refuse(run, "InvalidArgument", `${path} is not an absolute path`);
}

/** require_backing: what a path leads to, or a refusal that says why it may not be used. */
export function requireBacking(run: ScriptRun, asked: string, globs: readonly string[]): AllowedBacking {
  plainPath(run, asked);
  const { host } = run;
  const backing = backingAt(host, asked);
  let allowed: AllowedBacking;
  if (backing.kind === "Missing") {
    const link = resolve(host, asked, "Keep").node?.kind === "Symlink";
    return refuse(run, "BackingMissing", link ? `${asked} is a dangling symbolic link` : `${asked} does not exist`);
  }
  if (backing.kind === "File") allowed = requireFile(run, asked, backing, globs);
  else if (backing.block !== undefined) allowed = requireDevice(run, asked, backing, backing.block, globs);
  else return refuse(run, "BackingNotUsable", `${asked} is neither a regular file nor a block device`);
  if (backing.sizeBytes < 512) {
    return refuse(run, "BackingEmpty", `${asked} has ${backing.sizeBytes} bytes, less than one sector`);
  }
  return allowed;
}

/** require_named: a disk that reports no identity must be listed by its exact name. */
export function requireNamed(run: ScriptRun, asked: string, backing: Backing, globs: readonly string[]): void {
  if (!/^(unnamed:|part:.*@unnamed:)/.test(backing.lasting) || globs.includes(asked)) return;
  const why = "has neither a serial number nor a WWN: after a reboot it cannot be told from another disk of its size";
  const how = "List it by its exact name in allowedBackings to serve it anyway";
  refuse(run, "BackingNotUsable", `${asked} ${why}. ${how}`);
}

/** Refuses a file that is outside the globs, also by its real path, that has a second hard link, or that is in use. */
export function requireFile(run: ScriptRun, asked: string, backing: Backing, globs: readonly string[]): AllowedBacking {
  const { realPath } = backing;
  requirePlace(run, asked, realPath, globs);
  const node = resolve(run.host, asked).node;
  const links = node?.kind === "File" ? node.links : 1;
  if (links !== 1) {
    refuse(run, "BackingNotUsable", `${realPath} has ${links} hard links: another path names the same file`);
  }
  const isThis = (path: string) => backingAt(run.host, path).identity === backing.identity;
  if ([...run.host.running.swaps].some(isThis)) refuse(run, "BackingInUse", `${realPath} is used as swap`);
  const loop = loopsOf(run.host).find(({ file }) => isThis(file));
  if (loop !== undefined) refuse(run, "BackingInUse", `${realPath} is used by the loop device ${loop.name}`);
  return { ...backing, configured: realPath, related: [] };
}

/** require_unwritten: refuses a backing that a program other than vblade has open for writing. */
export function requireUnwritten(run: ScriptRun, asked: string, { identity }: Backing): void {
  const { host } = run;
  const writer = [...host.running.writers].find(([path]) => backingAt(host, path).identity === identity)?.[1];
  if (writer !== undefined) refuse(run, "BackingInUse", `${asked} is open for writing by process ${writer}`);
}

const systemDirectories = /^(\/(bin|boot|dev|etc|lib[^/]*|proc|root|run|sbin|sys|usr)|\/var\/lib\/(dpkg|apt|xensan))\//;

/** require_place: checks both names of a file and every other name that mounts give it. */
export function requirePlace(run: ScriptRun, asked: string, real: string, globs: readonly string[]): void {
  for (const name of [asked, real]) {
    if (!/\.xensan-(new|deleted)$/.test(name)) continue;
    const why = "has a name that xensan reserves for files that it creates or deletes";
    refuse(run, "BackingNotUsable", `${name} ${why}`);
  }
  if (!inBounds(asked, globs)) refuse(run, "BackingOutsideBounds", `${asked} is not in allowedBackings`);
  if (!inBounds(real, globs)) {
    refuse(run, "BackingOutsideBounds", `${asked} resolves to ${real}, which is not in allowedBackings`);
  }
  for (const alias of otherNames(run.host.running.mounts, real)) {
    if (inBounds(alias, globs)) continue;
    refuse(run, "BackingOutsideBounds", `${real} is also ${alias} (a bind mount), which is not in allowedBackings`);
  }
  if (systemDirectories.test(real)) refuse(run, "BackingNotUsable", `${real} is in a directory of the system`);
}

/** The part of `path` below a directory; undefined when the path is not below it. */
function below(path: string, directory: string): string | undefined {
  if (directory === "/") return path === "/" ? "" : path;
  if (path === directory) return "";
  return path.startsWith(`${directory}/`) ? path.slice(directory.length) : undefined;
}

const join = (directory: string, rest: string) => (directory === "/" ? rest || "/" : directory + rest);

/** The other names of a file that come from a directory being mounted twice. */
function otherNames(mounts: readonly Mount[], path: string): string[] {
  const covering = mounts.reduce<Mount | undefined>((best, mount) => {
    const covers = below(path, mount.mountPoint) !== undefined;
    return covers && mount.mountPoint.length >= (best?.mountPoint.length ?? -1) ? mount : best;
  }, undefined);
  if (covering === undefined) return [];
  const inside = join(covering.root, below(path, covering.mountPoint) ?? "");
  const names = new Set<string>();
  mounts.forEach((mount, index) => {
    if (mount.fileSystem !== covering.fileSystem) return;
    const rest = below(inside, mount.root);
    if (rest === undefined) return;
    const name = join(mount.mountPoint, rest);
    const covered = mounts.some(
      (later, at) =>
        at > index && below(name, later.mountPoint) !== undefined && later.mountPoint.length >= mount.mountPoint.length,
    );
    if (name !== path && !covered) names.add(name);
  });
  return [...names];
}

/** device_names: the names of the kernel, device-mapper and LVM for it; a logical volume also as vg/lv. */
function deviceNames(host: Host, block: BlockDevice): string[] {
  for (const group of host.volumeGroups.values()) {
    for (const volume of group.volumes.values()) {
      if (volume.device !== block.device) continue;
      const name = `${group.name}/${volume.name}`;
      return [block.path, `/dev/mapper/${mapperName(group.name, volume.name)}`, name, `/dev/${name}`];
    }
  }
  return [block.path];
}

function requireDevice(
  run: ScriptRun,
  asked: string,
  backing: Backing,
  block: BlockDevice,
  globs: readonly string[],
): AllowedBacking {
  const names = deviceNames(run.host, block);
  let configured = asked;
  for (const name of names) {
    if (!name.startsWith("/dev/")) continue;
    // /dev/dm-3 may be another volume after a reboot, and a link outside /dev may lead elsewhere.
    if (name.split("/").length > 3 && /^\/dev\/(dm-|mapper\/)/.test(asked)) configured = name;
    if (!asked.startsWith("/dev/")) configured = name;
  }
  let allowed = names.some((name) => inBounds(name, globs));
  if (!names.includes(asked)) {
    if (!inBounds(asked, globs)) refuse(run, "BackingOutsideBounds", `${asked} is not in allowedBackings`);
    if (/^\/dev\/(disk\/by-(id|path|partlabel)|md|zvol\/[^/]+)\//.test(asked)) {
      const directory = asked.slice(0, asked.lastIndexOf("/"));
      if (resolve(run.host, directory).path === directory) allowed = true;
    }
  }
  if (!allowed) {
    const all = names.map((name) => `${name} `).join("");
    refuse(run, "BackingOutsideBounds", `${asked} is ${all}and none of these is in allowedBackings`);
  }
  const byId = block.links.filter((link) => link.startsWith("/dev/disk/by-id/")).sort()[0];
  if (byId !== undefined && /^\/dev\/[^/]+$/.test(asked)) configured = byId;
  return { ...backing, configured, related: requireFree(run, asked, block) };
}

/**
 * require_unclaimed: refuses a device that LVM, RAID or the like has marked as a part of something, active or not,
 * unless allowedBackings lists it by its exact name.
 */
export function requireUnclaimed(
  run: ScriptRun,
  asked: string,
  backing: AllowedBacking,
  globs: readonly string[],
): void {
  const { block } = backing;
  // The content of a logical volume belongs to the client.
  if (block === undefined || deviceNames(run.host, block).some((name) => !name.startsWith("/"))) return;
  const claim = block.content.signature;
  if (!/_member$|^(drbd|bcache)$/.test(claim) || globs.includes(asked)) return;
  const list = "list it by its exact name in allowedBackings to serve it anyway";
  refuse(run, "BackingInUse", `${asked} is marked by LVM, RAID or the like (${claim}); ${list}`);
}
