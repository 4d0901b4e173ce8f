import type { Command } from "../../../src/cli/command.ts";
import { exitCodesOf } from "../../../src/cli/exit-codes.ts";
import { flagText, usage } from "../../../src/cli/help.ts";

/** docs/reference/cli.md: every command with its flags and environment variables, and `npm start`. */
export function commandReference(commands: readonly Command[], trial: Command): string {
  return [
    "# The command line",
    "",
    "A flag on the command line wins over its environment variable, which wins over the default.",
    ...[...commands.map((command) => ["xensan", command] as const), ["npm", trial] as const].flatMap(
      ([program, command]) => [
        "",
        `## ${program} ${command.name}`,
        "",
        ...(command.arguments === undefined ? [] : [`    ${usage(command, program)}`, ""]),
        command.description,
        "",
        ...(command.arguments ?? []).map(({ placeholder, help }) => `- \`${placeholder}\`: ${help}`),
        ...(command.arguments === undefined ? [] : [""]),
        "| flag | environment | default | meaning |",
        "|---|---|---|---|",
        ...command.options.map((option) => {
          const notes = [
            option.help,
            ...(option.accepts === undefined ? [] : [`Accepts ${option.accepts}.`]),
            ...(option.repeat === true
              ? [`Repeatable${option.whole === true ? "" : ", or several separated by commas"}.`]
              : []),
          ];
          const cells = [code(flagText(option)), code(option.env), code(option.fallback), notes.join(" ")];
          return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
        }),
        "",
        "| exit code | meaning |",
        "|---|---|",
        ...exitCodesOf(command).map(({ code, meaning }) => `| ${code} | ${meaning} |`),
      ],
    ),
    "",
  ].join("\n");
}

const code = (text: string | undefined) => (text === undefined ? "" : `\`${text}\``);
