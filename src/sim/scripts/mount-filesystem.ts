import { meansFilesystem } from "../../host/fstab.ts";
import { makeDirectories } from "../model/filesystem.ts";
import { localNode } from "../model/o2cb-state.ts";
import {
  type FstabEntry,
  kernelOptions,
  mountRecords,
  mountRecordsWithout,
  readFstab,
  recordedMount,
} from "../model/ocfs2-boot.ts";
import { mountOcfs2, unmountOcfs2 } from "../model/ocfs2-mount.ts";
import { usersOf } from "../model/ocfs2-users.ts";
import { regionName } from "../model/ocfs2-volume.ts";
import { toolPath } from "../model/packages.ts";
import type { SharedDisk } from "../model/shared-disk.ts";
import type { Host } from "../model/state.ts";
import { list, readText, resolve } from "../model/storage.ts";
import { unheardBeat } from "../model/unheard-beat.ts";
import type { Responder, ScriptRun } from "../script.ts";
import { acting, finish, nameOf, refuse, refuseWrite, replaceFile, takeLock } from "./answer.ts";
import { ensureBootOrder } from "./boot-order.ts";
import { inBounds, plainPath } from "./bounds.ts";
import { reads, requireDevice } from "./shared-device.ts";

const fstab = "/etc/fstab";
const systemDirectories =
  /^(\/(bin|boot|dev|etc|lib[^/]*|proc|root|run|sbin|sys|usr)\/|\/(tmp|var|var\/lib)\/$|\/var\/lib\/(dpkg|apt|xensan)\/|\/$)/;

/** Directories for data of the machine's owner, who may give one to xensan as a whole by its exact name. */
const dataDirectories = ["/home", "/opt", "/srv", "/mnt", "/media"];

/** fstab without the entry of this mount point and its mark. */
function fstabWithout(host: Host, mountPoint: string): string {
  const kept: string[] = [];
  for (const line of (readText(host, fstab) ?? "").split("\n")) {
    const point = line.trim().split(/\s+/)[1];
    if (line.trimStart().startsWith("#") || point !== mountPoint) kept.push(line);
    else if (kept.at(-1)?.startsWith("# xensan: ") === true) kept.pop();
  }
  return kept.join("\n").replace(/\n*$/, "\n").replace(/^\n$/, "");
}

/** fstab_entry: the entry that mounts it at boot; a foreign entry with noauto does not. */
const entryOf = (host: Host, point: string): FstabEntry | undefined =>
  readFstab(host).find((one) => one.mountPoint === point && (one.owner !== "" || !one.options.includes("noauto")));

const mountedOn = (host: Host, point: string) => host.running.mounts.findLast((mount) => mount.mountPoint === point);

/** The directory must be inside the bounds and outside the system, by both of its names. */
function requirePoint(run: ScriptRun, point: string, globs: readonly string[]): string {
  const { host } = run;
  if (resolve(host, point, "Keep").node?.kind === "Symlink") {
    refuse(run, "MountPointNotUsable", `${point} is a symbolic link`);
  }
  if (!inBounds(point, globs)) refuse(run, "MountPointOutsideBounds", `${point} is not in allowed.mountPoints`);
  const real = resolve(host, point).path;
  if (!inBounds(real, globs)) {
    refuse(run, "MountPointOutsideBounds", `${point} resolves to ${real}, which is not in allowed.mountPoints`);
  }
  if (systemDirectories.test(`${real}/`)) {
    refuse(run, "MountPointNotUsable", `${real} is a system directory`);
  }
  if (dataDirectories.includes(real) && !globs.includes(real)) {
    refuse(
      run,
      "MountPointNotUsable",
      `${real} is a system directory; it can be a mount point only if allowed.mountPoints names it without * or ?`,
    );
  }
  return real;
}

const plainOptions =
  /^(nosuid|nodev|noexec|atime|noatime|nodiratime|relatime|ro|rw|sync|dirsync|acl|noacl|user_xattr|nouser_xattr|intr|nointr|inode64|usrquota|grpquota|data=(ordered|writeback)|coherency=(full|buffered)|errors=remount-ro|barrier=[01]|(commit|atime_quantum|localalloc|resv_level|dir_resv_level)=[0-9]+)$/;

/** Accepts a closed list; puts nosuid, nodev and noexec first, unless the host's owner allows the opposite. */
function requireOptions(run: ScriptRun, options: readonly string[], bounds: readonly string[]): string[] {
  const words = ["suid", "dev", "exec"];
  const safe = words.filter((word) => !options.includes(word)).map((word) => `no${word}`);
  for (const option of options) {
    if (words.includes(option)) {
      if (bounds.includes(`option=${option}`)) continue;
      refuse(run, "MountOptionOutsideBounds", `${option} is not in allowed.mountOptions`);
    }
    if (plainOptions.test(option)) continue;
    refuse(run, "MountOptionOutsideBounds", `${option} is not allowed on shared file systems`);
  }
  return [...safe, ...options.filter((option) => !["nosuid", "nodev", "noexec"].includes(option))];
}

function requireUnused(run: ScriptRun, disk: SharedDisk, point: string): boolean {
  const { host } = run;
  const here = mountedOn(host, point);
  if (here !== undefined) {
    if (here.fileSystem.device === disk.block.device && here.type === "ocfs2") return true;
    refuse(run, "MountPointInUse", `${here.type} ${here.source} ${here.options.join(",")} is mounted on ${point}`);
  }
  const elsewhere = host.running.mounts.findLast((mount) => mount.fileSystem.device === disk.block.device);
  if (elsewhere !== undefined) {
    refuse(run, "MountedElsewhere", `${disk.path} is mounted on ${elsewhere.mountPoint}`);
  }
  return false;
}

/** Makes or checks the directory: empty, and immutable while nothing is mounted. */
function* requireEmpty(run: ScriptRun, point: string): Generator<number, void> {
  const { world, host } = run;
  const place = resolve(host, point);
  const { fileSystem } = place.mount;
  if (place.node === undefined) {
    if (fileSystem.readOnly) refuseWrite(run, point, "Read-only file system");
    makeDirectories(fileSystem, place.inner);
    yield world.timings.process;
  }
  const directory = resolve(host, point).node;
  if (directory?.kind !== "Directory") return refuse(run, "MountPointNotUsable", `${point} is not a directory`);
  const names = list(host, point)
    .slice(0, 3)
    .map((name) => `${name} `);
  if (names.length > 0) refuse(run, "MountPointNotEmpty", `${point} is not empty: ${names.join("")}`);
  directory.immutable = true;
  yield world.timings.process;
}

/** Refuses to mount while a node writes to it that this host would take for dead. */
function* requireHeard(run: ScriptRun, { path, content }: SharedDisk): Generator<number, void> {
  const node = yield* unheardBeat(run.host, content.ocfs2);
  if (node === undefined) return;
  const why = "the kernel of this host would take that node for dead and replay its journal";
  const ways = "unmount the file system there, or declare the node in the cluster";
  refuse(run, "HeartbeatActive", `node number ${node} writes a heartbeat to ${path}, and ${why}: ${ways}`);
}

function* mountNow(
  run: ScriptRun,
  disk: SharedDisk,
  point: string,
  options: readonly string[],
): Generator<number, void> {
  const { world, host } = run;
  const ended = yield* mountOcfs2(world, host, disk.path, point, options);
  if (mountedOn(host, point)?.fileSystem.device === disk.block.device) return;
  const said = ended.stderr.replaceAll("\n", " ");
  const lines = host.running.log.slice(-3).map((line) => `${line.message} `);
  refuse(run, "MountFailed", `${said.trimEnd()} The kernel: ${lines.join("") || "nothing"}`);
}

const harmful = /^(no)?(suid|dev|exec)$/;

/** Remounts with the suid, dev and exec of these options; true when they differed. */
function remountAs(host: Host, point: string, options: readonly string[]): boolean {
  const mounts = host.running.mounts;
  const index = mounts.findLastIndex((mount) => mount.mountPoint === point);
  const mount = mounts[index];
  if (mount === undefined) return false;
  const wanted = ["nosuid", "nodev", "noexec"].filter((word) => options.includes(word));
  const had = ["nosuid", "nodev", "noexec"].filter((word) => mount.options.includes(word));
  if (wanted.join() === had.join()) return false;
  const [access = "rw", ...others] = mount.options.filter((option) => !harmful.test(option));
  mounts[index] = { ...mount, options: [access, ...wanted, ...others] };
  return true;
}

/** mount-filesystem.sh: OWNER DEVICE UUID CLUSTER MOUNTPOINT OPTIONS|- GLOB… */
export const mountFilesystem: Responder = acting(function* mountFilesystem(run) {
  const { world, host, args } = run;
  const [owner = "", device = "", uuid = "", cluster = "", asked = "", options = "-", ...globs] = args;
  plainPath(run, asked);
  yield world.timings.process;
  yield* takeLock(run, "mounts", 60);
  const own = requireOptions(run, options === "-" ? [] : options.split(","), globs);
  if (toolPath(host, "mount.ocfs2") === undefined) refuse(run, "OcfsToolsMissing", "mount.ocfs2 is not installed");
  const point = requirePoint(run, asked, globs);
  const disk = requireDevice(run, device);
  const here = requireUnused(run, disk, point);
  if (!(yield* reads(run, disk))) refuse(run, "DeviceMissing", `${device} cannot be read`);
  const { signature, uuid: found } = disk.content;
  if (signature !== "ocfs2" || found !== uuid) {
    const holds = `${signature || "no file system"} ${found}`;
    refuse(run, "WrongFilesystem", `${device} holds ${holds}, not OCFS2 ${uuid}`);
  }
  const entry = entryOf(host, point);
  const itself = { device, uuid, label: here ? disk.content.label : "" };
  if (entry !== undefined && nameOf(entry.owner) !== nameOf(owner) && !meansFilesystem(entry.source, itself)) {
    refuse(run, "MountPointInUse", `${fstab} mounts ${entry.source} on ${point}`);
  }
  const wanted = ["_netdev", "noauto", "x-systemd.requires=o2cb.service", ...own];
  let word = "unchanged";
  if (!here) {
    const active = host.running.o2cb.cluster;
    if (active?.name !== cluster || localNode(active) === undefined) {
      refuse(run, "ClusterOffline", `the cluster ${cluster} is not online on this host`);
    }
    yield* requireEmpty(run, point);
    yield* requireHeard(run, disk);
    yield* mountNow(run, disk, point, kernelOptions(wanted));
    word = "mounted";
  }
  const active = host.running.o2cb.cluster;
  if (active?.heartbeatMode !== "Global" && !host.running.o2cb.regions.has(regionName(uuid))) {
    const heartbeat = `the kernel writes no heartbeat for ${uuid} in the cluster ${cluster}`;
    refuse(run, "WrongFilesystem", `${device} is mounted on ${point}, but ${heartbeat}`);
  }
  if (here && remountAs(host, point, own)) {
    yield world.timings.process;
    word = "remounted";
  }
  let recorded = false;
  if (recordedMount(host, point) !== uuid) {
    replaceFile(run, mountRecords, `${mountRecordsWithout(host, point)}${uuid} ${point}\n`);
    recorded = true;
    yield world.timings.process;
  }
  if (entry?.owner !== owner || entry.source !== device || entry.options.join() !== wanted.join()) {
    const line = `# xensan: ${owner}\n${device} ${point} ocfs2 ${wanted.join(",")} 0 0\n`;
    replaceFile(run, fstab, `${fstabWithout(host, point)}${line}`);
    if (word !== "mounted" && entry?.owner !== owner) word = "adopted";
    else if (word === "unchanged") word = "repaired";
    yield world.timings.process;
  }
  if ((ensureBootOrder(run) || recorded) && word === "unchanged") word = "repaired";
  return finish(run, word);
});

/** unmount-filesystem.sh: OWNER DEVICE UUID MOUNTPOINT */
export const unmountFilesystem: Responder = acting(function* unmountFilesystem(run) {
  const { world, host, args } = run;
  const [owner = "", device = "", uuid = "", point = ""] = args;
  yield world.timings.process;
  yield* takeLock(run, "mounts", 60);
  const entry = entryOf(host, point);
  if (entry !== undefined && entry.owner !== owner) {
    const whose = `xensan did not write it for ${nameOf(owner)}`;
    refuse(run, "NotOurs", `${fstab} mounts ${entry.source} on ${point}, and ${whose}`);
  }
  const mounted = mountedOn(host, point);
  if (mounted !== undefined) {
    const mount = host.running.o2cb.mounts.find((one) => one.mountPoint === point);
    if (mount?.device !== device) {
      refuse(run, "WrongFilesystem", `${mounted.type} ${mounted.source} is mounted on ${point}, not ${device}`);
    }
    if (mount?.uuid !== uuid) refuse(run, "WrongFilesystem", `${device} does not hold the file system ${uuid}`);
    const users = () => [...new Set(usersOf(host, point))].sort().slice(0, 10).join(", ");
    if (users() !== "") refuse(run, "FilesystemInUse", `${point} is used by ${users()}`);
    const ended = yield* unmountOcfs2(world, host, point);
    if (mountedOn(host, point) !== undefined) {
      refuse(run, "FilesystemInUse", `${ended.stderr.trim()}${users() === "" ? "" : `: ${users()}`}`);
    }
  }
  if (entry !== undefined) {
    replaceFile(run, fstab, fstabWithout(host, point));
    const directory = resolve(host, point).node;
    if (directory?.kind === "Directory") directory.immutable = false;
    yield world.timings.process;
  }
  if (recordedMount(host, point) !== "") {
    replaceFile(run, mountRecords, mountRecordsWithout(host, point));
    yield world.timings.process;
  }
  if (mountedOn(host, point) !== undefined) refuse(run, "FilesystemInUse", `${point} was mounted again just now`);
  return finish(run, mounted === undefined && entry === undefined ? "absent" : "unmounted");
});
