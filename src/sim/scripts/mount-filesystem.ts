import { makeDirectories } from "../model/filesystem.ts";
import type { Host } from "../model/host.ts";
import { isOnline } from "../model/o2cb.ts";
import { kernelOptions, readFstab } from "../model/ocfs2-boot.ts";
import { mountOcfs2, unmountOcfs2 } from "../model/ocfs2-mount.ts";
import { list, readText, resolve } from "../model/storage.ts";
import type { Responder, ScriptRun } from "../process.ts";
import { acting, finish, refuse, refuseWrite, replaceFile, takeLock } from "./answer.ts";
import { inBounds, plainPath } from "./bounds.ts";
import { requireVolume } from "./filesystem.ts";

const fstab = "/etc/fstab";
const systemDirectories = /^\/(bin|boot|dev|etc|lib[^/]*|proc|root|run|sbin|sys|usr|var)(\/|$)/;

/** The file without the entry of this mount point and its mark. */
function fstabWithout(host: Host, mountPoint: string): string {
  const kept: string[] = [];
  for (const line of (readText(host, fstab) ?? "").split("\n")) {
    const point = line.trim().split(/\s+/)[1];
    if (!line.trimStart().startsWith("#") && point === mountPoint) {
      if (kept.at(-1)?.startsWith("# xensan: ") === true) kept.pop();
    } else kept.push(line);
  }
  return kept.join("\n").replace(/\n*$/, "\n").replace(/^\n$/, "");
}

const optionsFor = (options: string) => ["_netdev", "noauto", ...(options === "-" ? [] : options.split(","))].join(",");

const mountedOn = (host: Host, mountPoint: string) =>
  host.running.mounts.find((mount) => mount.mountPoint === mountPoint);

function requirePoint(run: ScriptRun, point: string, device: string, globs: readonly string[]): void {
  const { host } = run;
  plainPath(run, point);
  if (!inBounds(point, globs)) refuse(run, "MountPointOutsideBounds", `${point} is not in allowed.mountPoints`);
  const place = resolve(host, point);
  if (!inBounds(place.path, globs)) {
    refuse(run, "MountPointOutsideBounds", `${point} leads to ${place.path}, which is not in allowed.mountPoints`);
  }
  if (systemDirectories.test(place.path))
    refuse(run, "MountPointNotUsable", `${point} is in a directory of the system`);
  const { node } = resolve(host, point, "Keep");
  if (node !== undefined && node.kind !== "Directory")
    refuse(run, "MountPointNotUsable", `${point} is not a directory`);
  const entry = readFstab(host).find((one) => one.mountPoint === point);
  if (entry !== undefined && entry.source !== device) {
    refuse(run, "MountPointInUse", `${fstab} mounts ${entry.source} on ${point}`);
  }
}

/** mount-filesystem.sh: OWNER DEVICE UUID CLUSTER MOUNTPOINT OPTIONS GLOB… */
export const mountFilesystem: Responder = acting(function* mountFilesystem(run) {
  const { world, host, args } = run;
  const [owner = "", device = "", uuid = "", cluster = "", point = "", options = "-", ...globs] = args;
  yield world.timings.process;
  requirePoint(run, point, device, globs);
  yield* takeLock(run, "ocfs2", 200);
  const { disk, volume } = requireVolume(run, device, uuid);
  const elsewhere = host.running.o2cb.mounts.find(
    (mount) => mount.content === disk.content && mount.mountPoint !== point,
  );
  if (elsewhere !== undefined) refuse(run, "MountedElsewhere", `${device} is mounted on ${elsewhere.mountPoint}`);
  const mounted = mountedOn(host, point);
  if (mounted !== undefined && mounted.fileSystem.device !== disk.block.device) {
    refuse(run, "MountPointInUse", `${mounted.source} is mounted on ${point}`);
  }
  if (host.running.o2cb.cluster?.name !== cluster || !isOnline(host)) {
    refuse(run, "ClusterOffline", `the cluster ${cluster} is not online`);
  }
  if (mounted === undefined) {
    const place = resolve(host, point);
    const { fileSystem } = place.mount;
    if (place.node === undefined) {
      if (fileSystem.readOnly) refuseWrite(run, point, "Read-only file system");
      makeDirectories(fileSystem, place.inner);
      yield world.timings.process;
    }
    if (list(host, point).length > 0)
      refuse(run, "MountPointNotEmpty", `${point} holds ${list(host, point).join(" ")}`);
    const directory = resolve(host, point).node;
    if (directory?.kind === "Directory") directory.immutable = true;
    yield world.timings.process;
  }
  const entry = readFstab(host).find((one) => one.mountPoint === point);
  const wanted = optionsFor(options);
  const same = entry?.owner === owner && entry.source === device && entry.options.join(",") === wanted;
  if (!same) {
    replaceFile(run, fstab, `${fstabWithout(host, point)}# xensan: ${owner}\n${device} ${point} ocfs2 ${wanted} 0 0\n`);
    yield world.timings.process;
  }
  if (mounted !== undefined) {
    return finish(run, same ? "unchanged" : entry?.owner === owner ? "repaired" : "adopted");
  }
  const ended = yield* mountOcfs2(world, host, device, point, kernelOptions(wanted.split(",")));
  if (mountedOn(host, point)?.fileSystem.device !== disk.block.device || volume.uuid !== uuid) {
    refuse(run, "MountFailed", ended.stderr.trim());
  }
  return finish(run, "mounted");
});

/** unmount-filesystem.sh: OWNER DEVICE UUID MOUNTPOINT */
export const unmountFilesystem: Responder = acting(function* unmountFilesystem(run) {
  const { world, host, args } = run;
  const [owner = "", , uuid = "", point = ""] = args;
  yield world.timings.process;
  yield* takeLock(run, "ocfs2", 100);
  const entry = readFstab(host).find((one) => one.mountPoint === point);
  const mount = host.running.o2cb.mounts.find((one) => one.mountPoint === point);
  const other = mountedOn(host, point);
  if (mount === undefined && other !== undefined)
    refuse(run, "WrongFilesystem", `${other.source} is mounted on ${point}`);
  if (mount !== undefined && mount.uuid !== uuid) {
    refuse(run, "WrongFilesystem", `the OCFS2 ${mount.uuid} is mounted on ${point}`);
  }
  if (entry !== undefined && entry.owner !== owner) {
    refuse(
      run,
      "NotOurs",
      `${fstab} mounts ${point} ${entry.owner === "" ? "and was not written by xensan" : `for ${entry.owner}`}`,
    );
  }
  if (mount !== undefined) {
    const users = mount.users.join(", ");
    if (users !== "") refuse(run, "FilesystemInUse", `${point} is used by ${users}`);
    const ended = yield* unmountOcfs2(world, host, point);
    if (ended.exitCode !== 0) refuse(run, "FilesystemInUse", ended.stderr.trim());
  }
  if (entry !== undefined) {
    replaceFile(run, fstab, fstabWithout(host, point));
    yield world.timings.process;
  }
  return finish(run, mount === undefined && entry === undefined ? "absent" : "unmounted");
});
