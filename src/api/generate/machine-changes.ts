import { table } from "./table.ts";

/** The lasting changes of one script on hosts, from the lines `# changes:` and `# undo:` of its header. */
export interface ScriptChanges {
  readonly name: string;
  readonly changes: readonly { readonly what: string; readonly undo: string }[];
}

/** Scripts that only read or wait and change nothing lasting: `await-migration`, `probe`. */
export const lookingScripts: readonly string[] = [
  "await-migration",
  "discover",
  "probe",
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
    "All that xensan does on a machine is done by these scripts, which it sends over SSH; their names stand in `status.plan`, in events",
    "and in the log. Nothing of it is done on a machine whose AoeServer or XenHost has `spec.management: Observe`",
    "([import, observe, manage](../how-to/import-observe-manage.md)).\n",
    "Every script but the probe also records on the machine who has it (`/var/lib/xensan/claims`), and keeps locks and notes in",
    "`/run/xensan`, which a reboot clears; the probe, which observed machines get too, writes nowhere else. To remove the last traces,",
    "once no object stands for the machine any more: `rm -r /var/lib/xensan`.\n",
    table(["script", "what it changes", "how to undo it"], rows),
    `These look, ask or wait, and leave nothing: ${lookingScripts.map((name) => `\`${name}\``).join(", ")}.`,
    "",
  ].join("\n");
}
