import { readDevice, stateWord } from "../model/aoe-driver.ts";
import type { Ocfs2Volume } from "../model/content.ts";
import { readFstab } from "../model/ocfs2-boot.ts";
import { sequenceOf } from "../model/ocfs2-volume.ts";
import { toolPath } from "../model/packages.ts";
import { answers, sharedDisk } from "../model/shared-disk.ts";
import type { Host, Running } from "../model/state.ts";
import { list, resolve } from "../model/storage.ts";
import type { ScriptRun } from "../script.ts";
import { escaped, row } from "./answer.ts";
import { formatNotes } from "./format-records.ts";
import type { SectionEnd } from "./section.ts";

/** By boot: the process of a probe that still waits for a dead device. */
const stuck = new WeakMap<Running, number>();

/** Whether a read blocks: the driver has the device up, but no vblade answers. */
export function hangs(run: ScriptRun, devices: readonly string[]): boolean {
  return devices.some((path) => {
    const disk = sharedDisk(run.host, path);
    return disk?.aoe?.up === true && !answers(run.world, run.host, disk.aoe);
  });
}

/** Whether this probe must wait for the deadline: only the first one must. */
export const waitsForDeadline = (run: ScriptRun, devices: readonly string[]): boolean =>
  hangs(run, devices) && !stuck.has(run.host.running);

/** Section `filesystems` for the requested devices. */
export const filesystems =
  (devices: readonly string[]) =>
  (run: ScriptRun): SectionEnd => {
    const { world, host } = run;
    if (hangs(run, devices)) {
      const before = stuck.get(host.running);
      if (before !== undefined) return { exit: 1, why: `process ${before} of an earlier probe still hangs` };
      stuck.set(host.running, host.running.nextPid++);
      for (const path of devices) {
        const disk = sharedDisk(host, path);
        if (disk?.aoe !== undefined && !answers(world, host, disk.aoe)) readDevice(world, host, disk.aoe);
      }
      return { exit: 124, why: "no answer within 20 seconds" };
    }
    stuck.delete(host.running);
    for (const path of devices) device(run, path);
    return "known";
  };

function device(run: ScriptRun, path: string): void {
  const { host } = run;
  const disk = sharedDisk(host, path);
  const say = (kind: string, ...fields: readonly (string | number)[]) => row(run, "filesystems", kind, path, ...fields);
  if (disk === undefined) {
    say("device", "Missing", "-", 0);
    return;
  }
  const { sizeBytes } = disk.block;
  for (const mount of host.running.mounts) {
    if (mount.type !== "ocfs2" || mount.fileSystem.device !== disk.block.device) continue;
    const options = mount.options.filter((option) => option !== "rw" && option !== "ro");
    say("mounted", mount.mountPoint, mount.fileSystem.readOnly ? "ro" : "rw", options.join(",") || "-");
  }
  if (disk.aoe !== undefined && stateWord(disk.aoe) !== "up") {
    say("device", "Unreadable", "-", sizeBytes);
    return;
  }
  const { signature, data, ocfs2 } = disk.content;
  const content = signature === "ocfs2" ? "Ocfs2" : signature !== "" ? "Signature" : data ? "Data" : "Blank";
  say("device", content, signature || "-", sizeBytes);
  if (ocfs2 !== undefined && toolPath(host, "debugfs.ocfs2") !== undefined) superblock(run, path, ocfs2);
}

function superblock(run: ScriptRun, path: string, volume: Ocfs2Volume): void {
  const { uuid, label, stack, cluster, globalHeartbeat, nodeSlots, sizeBytes, blockSize, clusterSize } = volume;
  const mode = globalHeartbeat ? "global" : "local";
  const say = (kind: string, ...fields: readonly (string | number)[]) => row(run, "filesystems", kind, path, ...fields);
  say("ocfs2", uuid, label || "-", stack || "-", cluster || "-", mode, nodeSlots, sizeBytes, blockSize, clusterSize);
  const byNumber = <T>(map: ReadonlyMap<number, T>) => [...map].sort(([a], [b]) => a - b);
  for (const [node, beat] of byNumber(volume.beats)) say("beat", node, sequenceOf(beat, run.world.agenda.time));
  for (const [slot, node] of byNumber(volume.slots)) say("slot", slot, node);
}

/** Section `mount-points` for the requested directories. */
export const mountPoints =
  (paths: readonly string[]) =>
  (run: ScriptRun): SectionEnd => {
    for (const path of paths) {
      row(run, "mount-points", "point", path, ...pointOf(run.host, path));
      const entry = readFstab(run.host).find(
        (one) => one.mountPoint === path && (one.owner !== "" || !one.options.includes("noauto")),
      );
      if (entry === undefined) continue;
      row(run, "mount-points", "entry", path, entry.source, entry.options.join(","), entry.owner || "-");
    }
    return "known";
  };

function pointOf(host: Host, path: string): [string, string, string] {
  if (host.running.mounts.some((mount) => mount.mountPoint === path)) return ["Directory", "-", "-"];
  const { node } = resolve(host, path, "Keep");
  if (node === undefined) return ["Missing", "-", "-"];
  if (node.kind === "Symlink") return ["Symlink", "-", "-"];
  if (node.kind !== "Directory") return ["Other", "-", "-"];
  return ["Directory", list(host, path).length === 0 ? "yes" : "no", node.immutable === true ? "yes" : "no"];
}

/** Section `formats`. */
export function formats(run: ScriptRun): SectionEnd {
  for (const { uuid, device, state, owner } of formatNotes(run.host)) {
    row(run, "formats", uuid, escaped(device), state, escaped(owner));
  }
  return "known";
}
