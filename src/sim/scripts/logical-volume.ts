import { isSameBacking } from "../model/guard.ts";
import type { VolumeGroup } from "../model/hardware.ts";
import { toolPath } from "../model/packages.ts";
import {
  backingAt,
  createLogicalVolume,
  extendLogicalVolume,
  freeBytes,
  remove,
  removeLogicalVolume,
} from "../model/storage.ts";
import type { Responder, ScriptRun } from "../script.ts";
import { acting, fail, finish, refuse, takeLock } from "./answer.ts";
import { inBounds } from "./bounds.ts";
import { exportedAs } from "./export-rows.ts";
import { requireFree } from "./in-use.ts";
import { forgetReplaced, knownBefore, recordOf, recordVolume } from "./records.ts";

function volumeInBounds(run: ScriptRun, volume: string, globs: readonly string[]): void {
  if (inBounds(volume, globs) || inBounds(`/dev/${volume}`, globs)) return;
  refuse(run, "BackingOutsideBounds", `${volume} is not in allowedBackings`);
}

/** `namespace/name uid` as an LVM tag, which takes no space. */
function ownerTag(owner: string): string {
  const space = owner.lastIndexOf(" ");
  return `xensan:${owner.slice(0, space)}:${owner.slice(space + 1)}`;
}

const sizeOf = (run: ScriptRun, group: VolumeGroup, name: string) =>
  run.host.blocks.get(group.volumes.get(name)?.device ?? "")?.sizeBytes;

/** ensure-logical-volume.sh: OWNER VG LV BYTES REPLACES GLOB… */
export const ensureLogicalVolume: Responder = acting(function* ensureLogicalVolume(run) {
  const { world, host, args } = run;
  const [owner = "", groupName = "", name = "", wanted = "0", replaces = "-", ...globs] = args;
  const volume = `${groupName}/${name}`;
  yield world.timings.process;
  if (toolPath(host, "lvs") === undefined) refuse(run, "ToolMissing", "the package lvm2 is not installed");
  yield* takeLock(run, "storage", 60);
  volumeInBounds(run, volume, globs);
  const group = host.volumeGroups.get(groupName);
  if (group === undefined) return refuse(run, "VolumeGroupMissing", `no volume group ${groupName}`);
  yield world.timings.process * 10;
  const free = freeBytes(host, group);
  const bytes = Math.ceil(Number(wanted) / group.extentBytes) * group.extentBytes;
  const size = sizeOf(run, group, name);
  const known = knownBefore(run, volume, replaces);
  if (size === undefined) {
    if (known !== undefined) {
      refuse(
        run,
        "BackingMissing",
        `${volume} is not there, and was recorded as ${known}: nothing is made in its place`,
      );
    }
    if (bytes > free) refuse(run, "NoSpace", `${volume} needs ${bytes} bytes and ${groupName} has ${free} free`);
    const problem = createLogicalVolume(world, host, group, name, bytes);
    if (problem !== undefined) fail(run, problem);
    forgetReplaced(run, volume, replaces);
    group.volumes.get(name)?.tags.add(ownerTag(owner));
    yield world.timings.process * 10;
    recordVolume(run, owner, volume);
    yield world.timings.process;
    return finish(run, "created");
  }
  const { block, lasting } = backingAt(host, `/dev/${volume}`);
  if (known !== undefined && !isSameBacking(known, lasting))
    refuse(run, "BackingChanged", `${volume} is ${lasting} now, recorded was ${known}`);
  if (known === undefined && group.volumes.get(name)?.tags.has(ownerTag(owner)) === true) {
    recordVolume(run, owner, volume);
    yield world.timings.process;
  }
  if (size >= bytes) return finish(run, "unchanged");
  if (block !== undefined) requireFree(run, volume, block);
  if (bytes - size > free) {
    refuse(run, "NoSpace", `${volume} needs ${bytes - size} bytes more and ${groupName} has ${free} free`);
  }
  const problem = extendLogicalVolume(world, host, group, name, bytes);
  if (problem !== undefined) fail(run, problem);
  yield world.timings.process * 10;
  return finish(run, "grown");
});

/** delete-logical-volume.sh: OWNER VG LV GLOB… */
export const deleteLogicalVolume: Responder = acting(function* deleteLogicalVolume(run) {
  const { world, host, args } = run;
  const [owner = "", groupName = "", name = "", ...globs] = args;
  const volume = `${groupName}/${name}`;
  yield world.timings.process;
  if (toolPath(host, "lvs") === undefined) refuse(run, "ToolMissing", "the package lvm2 is not installed");
  yield* takeLock(run, "storage", 60);
  volumeInBounds(run, volume, globs);
  yield world.timings.process * 10;
  const group = host.volumeGroups.get(groupName);
  const found = group?.volumes.get(name);
  if (group === undefined) return finish(run, "absent");
  if (found === undefined) {
    remove(world, host, recordOf(owner, volume));
    return finish(run, "absent");
  }
  if (!found.tags.has(ownerTag(owner))) refuse(run, "NotOurs", `${volume} was not created for ${owner}`);
  const backing = backingAt(host, `/dev/${volume}`);
  const user = exportedAs(host, [backing.identity]);
  if (user !== undefined) refuse(run, "StillExported", `${volume} is served as ${user}`);
  if (backing.block !== undefined) requireFree(run, volume, backing.block);
  yield world.timings.process * 10;
  const snapshots = [...group.volumes.values()].flatMap((one) => (one.origin === name ? [one.name] : []));
  if (snapshots.length > 0)
    refuse(run, "SnapshotsExist", `${volume} has the snapshots ${snapshots.join(" ")}, which would go with it`);
  const problem = removeLogicalVolume(world, host, group, name);
  if (problem !== undefined) fail(run, problem);
  remove(world, host, recordOf(owner, volume));
  yield world.timings.process;
  return finish(run, "deleted");
});
