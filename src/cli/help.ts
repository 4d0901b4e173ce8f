import type { Command, Option } from "./command.ts";

/** The help of the program as a whole. */
export function programHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "xensan keeps an ATA-over-Ethernet SAN and its Xen hosts as their Kubernetes objects say.",
    "",
    "Usage: xensan COMMAND [FLAGS]",
    "",
    "Commands:",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    "  xensan COMMAND --help   the flags and environment variables of a command",
    "  xensan --version        the version",
    "",
  ].join("\n");
}

export function commandHelp(command: Command): string {
  return [
    `Usage: xensan ${command.name} [FLAGS]`,
    "",
    ...wrap(command.description, 100),
    "",
    "Flags:",
    ...command.options.flatMap(optionHelp),
    "",
  ].join("\n");
}

function optionHelp(option: Option): string[] {
  const flag = option.placeholder === undefined ? `--${option.name}` : `--${option.name} ${option.placeholder}`;
  const notes = [
    ...(option.accepts === undefined ? [] : [`Accepts ${option.accepts}.`]),
    ...(option.repeat === true ? ["May be repeated, or hold several separated by commas."] : []),
    ...(option.fallback === undefined ? [] : [`Default: ${option.fallback}.`]),
    ...(option.env === undefined ? [] : [`Environment: ${option.env}.`]),
  ];
  return [`  ${flag}`, ...wrap([option.help, ...notes].join(" "), 92).map((line) => `      ${line}`)];
}

function wrap(text: string, width: number): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const lines: string[] = [];
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else {
        line = line === "" ? word : `${line} ${word}`;
      }
    }
    return [...lines, line];
  });
}
