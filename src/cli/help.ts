import type { Argument, Command, CommandEntry, Option } from "./command.ts";
import { exitCodesOf } from "./exit-codes.ts";
import { wrap } from "./wrap.ts";

/** The help of the whole program. */
export function programHelp(commands: readonly CommandEntry[], program: string): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    "xensan manages an ATA-over-Ethernet SAN and its Xen hosts as declared by Kubernetes objects.",
    "",
    `Usage: ${program} COMMAND [FLAGS]`,
    "",
    "Commands:",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    `  ${program} help COMMAND   prints the flags, environment variables and exit codes of a command, like ${program} COMMAND --help`,
    `  ${program} version        prints the version`,
    "",
  ].join("\n");
}

/** The help of one command: usage, description, arguments, flags and exit codes. */
export function commandHelp(command: Command, program: string): string {
  return [
    `Usage: ${usage(command, program)}`,
    "",
    ...wrap(command.description, 100),
    "",
    ...(command.arguments ?? []).flatMap(argumentHelp),
    ...(command.arguments === undefined ? [] : [""]),
    "Flags:",
    ...command.options.flatMap(optionHelp),
    "",
    "Exit codes:",
    ...exitCodesOf(command).map(({ code, meaning }) => `  ${String(code).padEnd(3)}  ${meaning}`),
    "",
  ].join("\n");
}

/** `xensan migrate DOMAIN [FLAGS]` */
export function usage(command: Command, program: string): string {
  const words = (command.arguments ?? []).map(({ placeholder, optional }) =>
    optional === true ? `[${placeholder}]` : placeholder,
  );
  return [program, command.name, ...words, "[FLAGS]"].join(" ");
}

/** `-n, --namespace NAME` */
export function flagText({ name, short, placeholder }: Option): string {
  const long = placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

const argumentHelp = ({ placeholder, help }: Argument): string[] => [
  `  ${placeholder}`,
  ...wrap(help, 92).map((line) => `      ${line}`),
];

function optionHelp(option: Option): string[] {
  const flag = flagText(option);
  const notes = [
    ...(option.accepts === undefined ? [] : [`Accepts ${option.accepts}.`]),
    ...(option.repeat === true
      ? [`May be repeated${option.whole === true ? "" : ", or take several values separated by commas"}.`]
      : []),
    ...(option.fallback === undefined ? [] : [`Default: ${option.fallback}.`]),
    ...(option.env === undefined ? [] : [`Environment: ${option.env}.`]),
  ];
  return [`  ${flag}`, ...wrap([option.help, ...notes].join(" "), 92).map((line) => `      ${line}`)];
}
