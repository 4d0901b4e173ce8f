import { makeDirectories } from "../model/filesystem.ts";
import { resolve, writeText } from "../model/storage.ts";
import type { Responder, ScriptRun } from "../script.ts";

/** How scripts end: the exit codes and lines of src/host/scripts/shared/prelude.sh. */
const exitCode = { done: 0, failed: 1, refused: 3, busy: 4 } as const;

/** Ends a script from any depth, as `exit` does. */
class Ending {
  readonly exitCode: number;
  constructor(code: number) {
    this.exitCode = code;
  }
}

/** `${owner% *}`: `namespace/name` of an owner or of a mark, which is followed by the uid. */
export const nameOf = (owner: string): string => owner.replace(/ [^ ]*$/, "");

const oneLine = (text: string) => text.replace(/[\n\t]/g, " ");

/** Prints `done` with the detail; returns the exit code. */
export function finish(run: ScriptRun, detail: string): number {
  run.out(`done\t${detail}\n`);
  return exitCode.done;
}

/** Prints `refused` with a reason of the catalogue and ends the script. */
export function refuse(run: ScriptRun, reason: string, message: string): never {
  run.out(`refused\t${reason}\t${oneLine(message)}\n`);
  throw new Ending(exitCode.refused);
}

/** An error that the script does not foresee: stderr and `set -e`. */
export function fail(run: ScriptRun, message: string): never {
  run.err(`${message}\n`);
  throw new Ending(exitCode.failed);
}

/** A responder that may end by {@link refuse} or {@link fail}. */
export function acting(body: Responder): Responder {
  return function* answer(run) {
    try {
      return yield* body(run);
    } catch (ending) {
      if (ending instanceof Ending) return ending.exitCode;
      throw ending;
    }
  };
}

/** take_lock of lock.sh: the only holder on this host, or busy after so many seconds. */
export function* takeLock(run: ScriptRun, name: string, seconds: number): Generator<number, void> {
  for (let waited = 0; !run.lock(`/run/xensan/${name}.lock`); waited += 100) {
    if (waited >= seconds * 1000) {
      run.out(`busy\tanother command holds the ${name} lock of this host\n`);
      throw new Ending(exitCode.busy);
    }
    yield 100;
  }
}

/** refuse_write of atomic.sh. */
export function refuseWrite(run: ScriptRun, what: string, problem: string): never {
  if (problem.includes("Read-only file system")) {
    return refuse(run, "ReadOnlyFileSystem", `${what} is on a read-only file system`);
  }
  if (problem.includes("No space left")) return refuse(run, "NoSpace", `no space left for ${what}`);
  return fail(run, `${what}: ${problem}`);
}

/** replace_file of atomic.sh: writes all of the file or nothing. */
export function replaceFile(run: ScriptRun, path: string, text: string): void {
  const directory = resolve(run.host, path.slice(0, path.lastIndexOf("/")));
  if (directory.node === undefined && !directory.mount.fileSystem.readOnly) {
    makeDirectories(directory.mount.fileSystem, directory.inner);
  }
  const problem = writeText(run.world, run.host, path, text);
  if (problem !== undefined) refuseWrite(run, path, problem);
}

/** Prints one line of fields. */
export function row(run: ScriptRun, ...fields: readonly (string | number)[]): void {
  run.out(`${fields.join("\t")}\n`);
}

/** Escapes as mountinfo does: a field never contains a tab, a newline or a bare backslash. */
export function escaped(text: string): string {
  return text.replace(/[\t\n\\]/g, (char) => (char === "\t" ? "\\011" : char === "\n" ? "\\012" : "\\134"));
}
