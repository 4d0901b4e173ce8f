import type { CommandEntry, Io } from "../command.ts";
import { type Suggestion, suggest } from "./suggest.ts";

/**
 * Prints the candidates for the next word, one per line, then `:0` if the shell should offer files, else `:4`: the
 * format that kubectl expects from the completion of a plugin.
 */
export async function complete(commands: readonly CommandEntry[], words: readonly string[], io: Io): Promise<number> {
  const { words: known, objects, files } = await suggest(commands, words);
  const names = objects === undefined ? [] : await askFor(objects, words, io);
  const typed = words.at(-1) ?? "";
  const candidates = [...known, ...names].filter((candidate) => candidate.startsWith(typed));
  io.stdout.write([...candidates, files === true ? ":0" : ":4", ""].join("\n"));
  return 0;
}

async function askFor(
  { kinds, qualified }: NonNullable<Suggestion["objects"]>,
  words: readonly string[],
  io: Io,
): Promise<string[]> {
  const { namesOf } = await import("./object-names.ts");
  return await namesOf(kinds, qualified, words, io);
}
