import { stagedName } from "../../host/staged-volume.ts";
import { blankedBytes, blankTag, startBlanking, stopBlanking } from "../model/blanking.ts";
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
  renameLogicalVolume,
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

/** `namespace/name uid` as an LVM tag, which may not contain a space. */
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
  const bytes = Math.ceil(Number(wanted) / group.extentBytes) * group.extentBytes;
  const size = sizeOf(run, group, name);
  const known = knownBefore(run, volume, replaces);
  const staged: Staged = { owner, group, name };
  if (size === undefined) {
    if (known !== undefined) {
      refuse(run, "BackingMissing", `${volume} is missing; it was recorded as ${known} and is not recreated`);
    }
    const unfinished = yield* stageBlank(run, staged, bytes);
    if (unfinished !== undefined) return finish(run, unfinished);
    forgetReplaced(run, volume, replaces);
    const problem = renameLogicalVolume(world, host, group, stagedName(name), name);
    if (problem !== undefined) fail(run, problem);
    yield world.timings.process * 10;
    group.volumes.get(name)?.tags.delete(blankTag);
    yield world.timings.process * 10;
    recordVolume(run, owner, volume);
    yield world.timings.process;
    return finish(run, "created");
  }
  const { block, lasting } = backingAt(host, `/dev/${volume}`);
  if (known !== undefined && !isSameBacking(known, lasting))
    refuse(run, "BackingChanged", `${volume} is now ${lasting}, but was recorded as ${known}`);
  if (known === undefined && group.volumes.get(name)?.tags.has(ownerTag(owner)) === true) {
    recordVolume(run, owner, volume);
    yield world.timings.process;
  }
  if (size >= bytes) return finish(run, "unchanged");
  if (block !== undefined) requireFree(run, volume, block);
  const unfinished = yield* stageBlank(run, staged, bytes - size);
  if (unfinished !== undefined) return finish(run, unfinished);
  yield* giveStaged(run, staged, bytes);
  return finish(run, "grown");
});

/** A volume beside a logical volume until its extents may be served: VG/NAME.xensan-new. */
interface Staged {
  readonly owner: string;
  readonly group: VolumeGroup;
  readonly name: string;
}

/** stage_blank: undefined once the volume exists and holds only zeros, else the detail with which the script ends. */
function* stageBlank(run: ScriptRun, staged: Staged, bytes: number): Generator<number, string | undefined> {
  const { world, host } = run;
  const { group, owner } = staged;
  const name = stagedName(staged.name);
  const volume = `${group.name}/${name}`;
  const found = group.volumes.get(name);
  if (found !== undefined) {
    if (!found.tags.has(ownerTag(owner)))
      refuse(run, "NotOurs", `${volume} exists already and was not created for ${owner}`);
    if (sizeOf(run, group, name) !== bytes) yield* dropStaged(run, staged);
  }
  if (!group.volumes.has(name)) {
    const free = freeBytes(host, group);
    if (bytes > free)
      refuse(
        run,
        "NoSpace",
        `${group.name}/${staged.name} needs ${bytes} bytes more and ${group.name} has ${free} free`,
      );
    const problem = createLogicalVolume(world, host, group, name, bytes);
    if (problem !== undefined) fail(run, problem);
    group.volumes.get(name)?.tags.add(ownerTag(owner));
    yield world.timings.process * 10;
  }
  const isBlank = () => group.volumes.get(name)?.tags.has(blankTag) === true;
  if (isBlank()) return undefined;
  if (blankedBytes(host, group, name) === undefined) startBlanking(world, host, group, name);
  for (let tries = 0; tries < 30 && blankedBytes(host, group, name) !== undefined; tries += 1) yield 100;
  if (isBlank()) return undefined;
  return `blanking ${Math.floor(((blankedBytes(host, group, name) ?? 0) * 100) / bytes)}%`;
}

/** give_staged: appends its extents to the volume. */
function* giveStaged(run: ScriptRun, { group, name }: Staged, bytes: number): Generator<number, void> {
  const { world, host } = run;
  const removed = removeLogicalVolume(world, host, group, stagedName(name));
  if (removed !== undefined) fail(run, removed);
  yield world.timings.process * 10;
  const problem = extendLogicalVolume(world, host, group, { name, bytes, extents: "Blank" });
  if (problem !== undefined) fail(run, problem);
  yield world.timings.process * 10;
}

/** drop_staged: removes it. */
function* dropStaged(run: ScriptRun, { group, name }: Staged): Generator<number, void> {
  const { world, host } = run;
  stopBlanking(host, group, stagedName(name));
  yield world.timings.process * 10;
  const problem = removeLogicalVolume(world, host, group, stagedName(name));
  if (problem !== undefined)
    refuse(run, "BackingInUse", `${group.name}/${stagedName(name)} cannot be removed: it is open`);
}

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
  const dropped = group.volumes.get(stagedName(name))?.tags.has(ownerTag(owner)) === true;
  if (dropped) yield* dropStaged(run, { owner, group, name });
  if (found === undefined) {
    remove(world, host, recordOf(owner, volume));
    return finish(run, dropped ? "deleted" : "absent");
  }
  if (!found.tags.has(ownerTag(owner))) refuse(run, "NotOurs", `${volume} was not created for ${owner}`);
  const backing = backingAt(host, `/dev/${volume}`);
  const user = exportedAs(host, [backing.identity]);
  if (user !== undefined) refuse(run, "StillExported", `${volume} is served as ${user}`);
  if (backing.block !== undefined) requireFree(run, volume, backing.block);
  yield world.timings.process * 10;
  const snapshots = [...group.volumes.values()].flatMap((one) => (one.origin === name ? [one.name] : []));
  if (snapshots.length > 0)
    refuse(run, "SnapshotsExist", `${volume} has the snapshots ${snapshots.join(" ")}, which would be deleted with it`);
  if (removeLogicalVolume(world, host, group, name) !== undefined)
    refuse(run, "BackingInUse", `${volume} still exists: it is open`);
  remove(world, host, recordOf(owner, volume));
  yield world.timings.process;
  return finish(run, "deleted");
});
