import type { HostCommand } from "./command.ts";
import { command } from "./commands.ts";
import { bounds } from "./probe-sections.ts";
import { plain } from "./rows.ts";
import { path } from "./values.ts";

/** A file of a host. */
export interface HostFile {
  readonly path: string;
  readonly text: string;
}

/** The output of read-configuration.sh. `skipped`: files that exist and were not read, each with the reason. */
export interface HostFiles {
  readonly files: readonly HostFile[];
  readonly skipped: readonly string[];
}

/**
 * Reads /etc/fstab, the *.cfg files of the directories, and every file of a directory named auto. Pass its stdout to
 * parseConfigurationFiles.
 */
export function readConfiguration(directories: readonly string[]): HostCommand {
  const asked = command("read-configuration", 30, "nothing changes", directories.map(path));
  return { ...asked, maxOutputBytes: bounds.answerBytes };
}

/** Never throws; reports a truncated answer in `skipped`. */
export function parseConfigurationFiles(stdout: string): HostFiles {
  const files: { path: string; lines: string[] }[] = [];
  const skipped: string[] = [];
  const rows = stdout.split("\n");
  for (const line of rows) {
    const [kind, first = "", second = ""] = line.split("\t");
    if (kind === "file") files.push({ path: first, lines: [] });
    else if (kind === "text") files.at(-1)?.lines.push(unescaped(first));
    else if (kind === "skipped") skipped.push(`${first}: ${second}`);
  }
  if (!rows.includes("end\tread-configuration")) skipped.push("the answer was truncated: there may be more files");
  return {
    files: files.map(({ path: place, lines }) => ({ path: place, text: lines.map((line) => `${line}\n`).join("") })),
    skipped,
  };
}

const unescaped = (text: string) => text.split("\\011").map(plain).join("\t");
