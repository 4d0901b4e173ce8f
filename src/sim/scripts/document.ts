import { loadScript, type ScriptName } from "../../host/scripts.ts";

/** The text that a script of ours has behind the line with this opening: what it writes into a file, word for word. */
export function documentOf(script: ScriptName, opening: string): string {
  const lines = loadScript(script).text.split("\n");
  const at = lines.findIndex((line) => line.includes(opening));
  const [, dash = "", mark = ""] = /<<(-?)'?([A-Z]+)'?/.exec(lines[at] ?? "") ?? [];
  const plain = lines.slice(at + 1).map((line) => (dash === "-" ? line.replace(/^\t+/, "") : line));
  const end = plain.indexOf(mark);
  if (at === -1 || mark === "" || end === -1) throw new Error(`${script}.sh has no document behind ${opening}`);
  return plain
    .slice(0, end)
    .map((line) => `${line}\n`)
    .join("");
}
