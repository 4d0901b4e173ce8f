import { table } from "./table.ts";

/** The lasting changes of one script on hosts, from the lines `# changes:` and `# undo:` of its header. */
export interface ScriptChanges {
  readonly name: string;
  readonly changes: readonly { readonly what: string; readonly undo: string }[];
}

/** Scripts that only read or wait and change nothing lasting. */
export const lookingScripts: readonly string[] = [
  "await-migration",
  "discover",
  "probe",
  "probe-running",
  "read-configuration",
  "revalidate",
  "verify-relocation",
];

/** Reads the header of a script. Throws if a line `# changes:` has no `# undo:` below it, or the other way round. */
export function changesOf(name: string, text: string): ScriptChanges {
  const lines = text.split("\n").filter((line) => /^# (changes|undo): /.test(line));
  const changes: { what: string; undo: string }[] = [];
  for (let at = 0; at < lines.length; at += 2) {
    const [, what] = /^# changes: (.*)$/.exec(lines[at] ?? "") ?? [];
    const [, undo] = /^# undo: (.*)$/.exec(lines[at + 1] ?? "") ?? [];
    if (what === undefined || undo === undefined)
      throw new Error(`${name}.sh: each "# changes:" must have its "# undo:" on the next line`);
    changes.push({ what, undo });
  }
  return { name, changes };
}

/** docs/reference/machine-changes.md: every lasting change that xensan makes on a machine. */
export function machineChangesPage(scripts: readonly ScriptChanges[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
  const rows = scripts
    .filter(({ changes }) => changes.length > 0)
    .flatMap(({ name, changes }) => changes.map(({ what, undo }) => `| ${name} | ${cell(what)} | ${cell(undo)} |`));
  return [
    `<!-- Generated from the headers of src/host/scripts by "npm run generate". Do not edit. -->\n`,
    "# What xensan changes on your machines\n",
    "xensan changes a machine only by these scripts, which it sends over SSH; their names are in `status.plan`, in events",
    "and in the log. xensan changes nothing on a machine whose AoeServer or XenHost has `spec.management: Observe`",
    "([import, observe, manage](../how-to/import-observe-manage.md)).\n",
    "Every script but the probe also records on the machine which object manages it (`/var/lib/xensan/claims`), and keeps",
    "locks and notes in `/run/xensan`, which a reboot clears; the probe, which also runs on observed machines, writes nowhere",
    "else. To remove the last traces when no object represents the machine any longer: `rm -r /var/lib/xensan`.\n",
    table(["script", "changes", "undo"], rows),
    `These scripts only read, query or wait, and leave no changes: ${lookingScripts.map((name) => `\`${name}\``).join(", ")}.`,
    "",
  ].join("\n");
}
