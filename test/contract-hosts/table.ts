import { readdirSync, readFileSync } from "node:fs";
import { type ScriptName, scriptNames } from "../../src/host/scripts.ts";
import { recordingSchema } from "./recording.ts";

const cases = new URL("../unit/twins/", import.meta.url);
const recordings = new URL("../fixtures/contract/", import.meta.url);

/** What compares a script with its simulation: cases that run on every host, and lives of real machines. */
export interface ContractRow {
  readonly script: ScriptName;
  /** Files of test/unit/twins with cases for it. */
  readonly twins: readonly string[];
  /** Number of answers of real machines, by recording. */
  readonly recorded: ReadonlyMap<string, number>;
}

/** Scripts that a file of cases names: `twins(["a", "b"], …`. */
const named = (text: string) =>
  [...text.matchAll(/\btwins\(\s*\[([^\]]*)\]/g)].flatMap(([, list = ""]) =>
    [...list.matchAll(/"([a-z0-9-]+)"/g)].map(([, script]) => script),
  );

export function contractTable(): ContractRow[] {
  const files = readdirSync(cases)
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => ({ file, scripts: named(readFileSync(new URL(file, cases), "utf8")) }));
  const lives = readdirSync(recordings).map((file) => {
    const recording = recordingSchema.parse(JSON.parse(readFileSync(new URL(file, recordings), "utf8")));
    return { life: file.replace(".json", ""), recording };
  });
  return scriptNames.map((script) => ({
    script,
    twins: files.filter(({ scripts }) => scripts.includes(script)).map(({ file }) => file),
    recorded: new Map(
      lives.map(({ life, recording }) => [life, recording.filter((answer) => answer.script === script).length]),
    ),
  }));
}

/** As text: one script per line, followed by what compares it with the simulated rack. */
export function contractText(rows: readonly ContractRow[] = contractTable()): string {
  const lives = [...(rows[0]?.recorded.keys() ?? [])];
  const heading = ["script", "dash", "busybox", "simulated", ...lives];
  const lines = rows.map(({ script, twins, recorded }) => {
    const cases = twins.length > 0 ? "cases" : "-";
    return [script, cases, cases, cases, ...lives.map((life) => String(recorded.get(life) || "-"))];
  });
  const widths = heading.map((_word, column) =>
    Math.max(...[heading, ...lines].map((line) => line[column]?.length ?? 0)),
  );
  const shown = (line: readonly string[]) => line.map((word, column) => word.padEnd(widths[column] ?? 0)).join("  ");
  return `${[heading, ...lines].map((line) => shown(line).trimEnd()).join("\n")}\n`;
}
