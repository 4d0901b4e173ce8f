import { isSameBacking } from "../model/guard.ts";
import { backingAt, createImage, remove, rename, resizeImage, resolve } from "../model/storage.ts";
import type { Responder, ScriptRun } from "../script.ts";
import { acting, finish, refuse, refuseWrite, takeLock } from "./answer.ts";
import { plainPath, requireFile, requirePlace, requireUnwritten } from "./bounds.ts";
import { exportedAs } from "./export-rows.ts";
import { forgetReplaced, isRecorded, knownBefore, recordBacking, recordOf } from "./records.ts";

const directoryOf = (path: string) => path.slice(0, path.lastIndexOf("/")) || "/";
const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

/** The path with its directory resolved but its last part as given. */
function realName(run: ScriptRun, asked: string): string | undefined {
  const directory = resolve(run.host, directoryOf(asked));
  if (directory.node?.kind !== "Directory") return undefined;
  return `${directory.path === "/" ? "" : directory.path}/${nameOf(asked)}`;
}

/** Checks df before anything is written: sparse or not, the file must fit. */
function requireSpace(run: ScriptRun, asked: string, path: string, bytes: number): void {
  const freeKib = Math.floor(resolve(run.host, directoryOf(path)).mount.fileSystem.freeBytes / 1024);
  const needed = Math.trunc(bytes / 1024);
  if (needed <= freeKib) return;
  refuse(run, "NoSpace", `${asked} needs ${needed} KiB more and its file system has ${freeKib} KiB left`);
}

/** ensure-file.sh: OWNER PATH BYTES REPLACES GLOB… */
export const ensureFile: Responder = acting(function* ensureFile(run) {
  const { world, host, args } = run;
  const [owner = "", asked = "", wanted = "0", replaces = "-", ...globs] = args;
  const bytes = Number(wanted);
  plainPath(run, asked);
  yield world.timings.process;
  yield* takeLock(run, "storage", 40);
  const real = realName(run, asked);
  if (real === undefined) {
    return refuse(run, "BackingMissing", `the directory ${directoryOf(asked)} does not exist`);
  }
  const fresh = `${real}.xensan-new`;
  if (resolve(host, real, "Keep").node !== undefined) {
    const backing = backingAt(host, asked);
    if (backing.kind === "Missing") refuse(run, "BackingMissing", `${asked} is a dangling symbolic link`);
    if (backing.kind !== "File") refuse(run, "BackingNotUsable", `${asked} exists and is not a regular file`);
    requireFile(run, asked, backing, globs);
    remove(world, host, fresh);
    const known = knownBefore(run, backing.realPath, replaces);
    if (known !== undefined && !isSameBacking(known, backing.lasting))
      refuse(run, "BackingChanged", `${asked} is now ${backing.lasting}, but was recorded as ${known}`);
    if (backing.sizeBytes >= bytes) return finish(run, "unchanged");
    yield world.timings.process;
    if (backing.readOnly) refuseWrite(run, asked, "Read-only file system");
    requireSpace(run, asked, backing.realPath, bytes - backing.sizeBytes);
    const problem = resizeImage(world, host, backing.realPath, bytes);
    if (problem !== undefined) refuseWrite(run, asked, problem);
    yield world.timings.process;
    return finish(run, "grown");
  }
  requirePlace(run, asked, real, globs);
  yield world.timings.process;
  if (!isRecorded(run, owner, real, fresh)) {
    const known = knownBefore(run, real, replaces);
    if (known !== undefined) {
      refuse(run, "BackingMissing", `${asked} is missing; it was recorded as ${known} and is not recreated`);
    }
    forgetReplaced(run, real, replaces);
    remove(world, host, fresh);
    if (resolve(host, real).mount.fileSystem.readOnly) refuseWrite(run, asked, "Read-only file system");
    requireSpace(run, asked, real, bytes);
    const problem = createImage(world, host, fresh, bytes);
    if (problem !== undefined) refuseWrite(run, asked, problem);
    yield world.timings.process;
    recordBacking(run, owner, real, fresh);
    yield world.timings.process;
  }
  if (resolve(host, real, "Keep").node !== undefined) {
    remove(world, host, fresh);
    remove(world, host, recordOf(owner, real));
    refuse(run, "BackingChanged", `${asked} appeared while it was being created`);
  }
  const moved = rename(world, host, fresh, real);
  if (moved !== undefined) refuseWrite(run, asked, moved);
  yield world.timings.process;
  return finish(run, "created");
});

/** delete-file.sh: OWNER PATH GLOB… */
export const deleteFile: Responder = acting(function* deleteFile(run) {
  const { world, host, args } = run;
  const [owner = "", asked = "", ...globs] = args;
  plainPath(run, asked);
  yield world.timings.process;
  yield* takeLock(run, "storage", 40);
  const real = realName(run, asked);
  if (real === undefined) return finish(run, "absent");
  const gone = `${real}.xensan-deleted`;
  const record = recordOf(owner, real);
  const found = resolve(host, real, "Keep").node;
  if (found === undefined) {
    if (resolve(host, gone).node !== undefined && isRecorded(run, owner, real, gone)) remove(world, host, gone);
    yield 0;
    if (resolve(host, record).node !== undefined) remove(world, host, record);
    return finish(run, "absent");
  }
  if (found.kind === "Symlink") refuse(run, "NotOurs", `${asked} is a symbolic link`);
  if (found.kind !== "File") refuse(run, "NotOurs", `${asked} is not a regular file`);
  if (!isRecorded(run, owner, real, real)) refuse(run, "NotOurs", `${asked} was not created for ${owner}`);
  const backing = backingAt(host, real);
  requireFile(run, asked, backing, globs);
  const user = exportedAs(host, [backing.identity]);
  if (user !== undefined) refuse(run, "StillExported", `${asked} is served as ${user}`);
  requireUnwritten(run, asked, backing);
  yield world.timings.process;
  const moved = rename(world, host, real, gone);
  if (moved !== undefined) refuseWrite(run, asked, moved);
  yield world.timings.process;
  remove(world, host, gone);
  yield world.timings.process;
  remove(world, host, record);
  return finish(run, "deleted");
});
