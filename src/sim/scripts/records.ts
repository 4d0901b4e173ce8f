import { readText, resolve } from "../model/storage.ts";
import type { ScriptRun } from "../process.ts";
import { replaceFile } from "./answer.ts";

/** Where ensure-file writes whose file it made: path, `inode birth`, owner. */
export const recordDirectory = "/var/lib/xensan/backings";

/** Named after owner and path; the real name ends in a checksum, which no output shows. */
export const recordOf = (owner: string, path: string) =>
  `${recordDirectory}/${owner.slice(owner.lastIndexOf(" ") + 1)}.${path.replaceAll("/", "_")}`;

const inodeAndBirth = (run: ScriptRun, file: string) => `${resolve(run.host, file).node?.inode ?? 0} 0`;

/** `file` is about to become `path`. */
export function recordBacking(run: ScriptRun, owner: string, path: string, file: string): void {
  replaceFile(run, recordOf(owner, path), `${path}\n${inodeAndBirth(run, file)}\n${owner}\n`);
}

/** Whether `file` is the very file that was made as `path` for this owner. */
export function isRecorded(run: ScriptRun, owner: string, path: string, file: string): boolean {
  const text = readText(run.host, recordOf(owner, path));
  return text === `${path}\n${inodeAndBirth(run, file)}\n${owner}\n`;
}
