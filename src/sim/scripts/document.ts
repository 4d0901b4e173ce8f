import { loadScript, type ScriptName } from "../../host/scripts.ts";

/**
 * The here-document after the line with this opening in one of our scripts: the exact text that it writes to a file.
 */
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
