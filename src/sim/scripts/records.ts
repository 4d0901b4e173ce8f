import { checksum } from "../model/checksum.ts";
import { exportRecord } from "../model/guard.ts";
import { backingAt, list, readText, remove, resolve } from "../model/storage.ts";
import type { ScriptRun } from "../script.ts";
import { replaceFile } from "./answer.ts";

/** Where files and logical volumes that were made are recorded: path, `inode birth`, owner, identity. */
export const recordDirectory = "/var/lib/xensan/backings";

/** record_of: the file with the identity of a backing, by owner and path. */
export const recordOf = (owner: string, path: string) =>
  `${recordDirectory}/${owner.slice(owner.lastIndexOf(" ") + 1)}.${checksum(path)}`;

const inodeAndBirth = (run: ScriptRun, file: string) => `${resolve(run.host, file).node?.inode ?? 0} 0`;

/** Records a backing before `file` is renamed to `path`. */
export function recordBacking(run: ScriptRun, owner: string, path: string, file: string): void {
  const { lasting } = backingAt(run.host, file);
  replaceFile(run, recordOf(owner, path), `${path}\n${inodeAndBirth(run, file)}\n${owner}\n${lasting}\n`);
}

/** record_volume: records that the logical volume VG/LV was made for the owner. */
export function recordVolume(run: ScriptRun, owner: string, volume: string): void {
  const { lasting } = backingAt(run.host, `/dev/${volume}`);
  replaceFile(run, recordOf(owner, volume), `${volume}\n-\n${owner}\n${lasting}\n`);
}

/** known_before: the identity that was recorded under this name and not given up. */
export function knownBefore(run: ScriptRun, path: string, replaces: string): string | undefined {
  const made = list(run.host, recordDirectory).map((name) => {
    const [at, , , identity] = (readText(run.host, `${recordDirectory}/${name}`) ?? "").split("\n");
    return { at, identity };
  });
  const served = list(run.host, exportRecord("").slice(0, -1)).map((name) => {
    const [identity, at] = (readText(run.host, exportRecord(name)) ?? "").split("\n");
    return { at, identity };
  });
  return [...made, ...served].find(
    ({ at, identity }) => (at === path || at === `/dev/${path}`) && identity !== replaces,
  )?.identity;
}

/** forget_replaced: removes the records of a backing that a user gave up under this name. */
export function forgetReplaced(run: ScriptRun, path: string, replaces: string): void {
  for (const name of list(run.host, recordDirectory)) {
    const [at, , , identity] = (readText(run.host, `${recordDirectory}/${name}`) ?? "").split("\n");
    if (at === path && identity === replaces) remove(run.world, run.host, `${recordDirectory}/${name}`);
  }
}

/** Whether `file` is the file that was made as `path` for this owner. */
export function isRecorded(run: ScriptRun, owner: string, path: string, file: string): boolean {
  const text = readText(run.host, recordOf(owner, path));
  if (resolve(run.host, file).node === undefined) return false;
  return text?.startsWith(`${path}\n${inodeAndBirth(run, file)}\n${owner}\n`) === true;
}
