import { sequenceOf } from "../model/ocfs2-volume.ts";
import { backingAt } from "../model/storage.ts";
import type { ScriptRun } from "../script.ts";
import { refuse } from "./answer.ts";

/** write_mark of writes.sh. Of the writes of initiators the rack keeps only the heartbeats. */
function writeMark({ host, world }: ScriptRun, path: string): string {
  const beats = backingAt(host, path).content?.ocfs2?.beats ?? [];
  return [...beats].map(([node, beat]) => `${node} ${sequenceOf(beat, world.agenda.time)}`).join();
}

/** writes.sh: require_silent */
export function* requireSilent(run: ScriptRun, path: string, name: string): Generator<number, void> {
  const before = writeMark(run, path);
  yield 6_000;
  if (before === writeMark(run, path)) return;
  refuse(
    run,
    "BackingWritten",
    `an initiator writes to ${path} through ${name}, as a node that has it mounted does: the export stays`,
  );
}
