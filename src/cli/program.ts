import { type CommandEntry, type Io, type Option, UsageError } from "./command.ts";
import { didYouMean } from "./did-you-mean.ts";
import { commandHelp, programHelp } from "./help.ts";
import { parseOptions } from "./parse-options.ts";
import { programVersion } from "./version.ts";

const helpOption: Option = { name: "help", short: "h", help: "Prints this help." };

/** Runs one command line to its end and resolves to the exit code: 0 success, 1 failure, 2 wrong command line. */
export async function runProgram(commands: readonly CommandEntry[], args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args;
  const program = io.program ?? "xensan";
  const [topic, ...others] = rest;
  if (name === "help" && topic !== undefined) return await runProgram(commands, [topic, "--help", ...others], io);
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    (name === undefined ? io.stderr : io.stdout).write(programHelp(commands, program));
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "version") {
    io.stdout.write(`${programVersion()}\n`);
    return 0;
  }
  const entry = commands.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    const names = [...commands.map((candidate) => candidate.name), "help", "version"];
    io.stderr.write(
      `${program}: unknown command "${name}"${didYouMean(name, names)}\nCommands: ${names.join(", ")}\nSee: ${program} --help\n`,
    );
    return 2;
  }
  try {
    const command = await entry.load();
    const values = parseOptions([...command.options, helpOption], rest, io.env, command.arguments);
    if (values.help === true) {
      io.stdout.write(commandHelp({ ...command, options: [...command.options, helpOption] }, program));
      return 0;
    }
    return await command.run(values, io);
  } catch (error) {
    if (error instanceof UsageError) {
      io.stderr.write(`${program} ${name}: ${error.message}\nSee: ${program} ${name} --help\n`);
      return 2;
    }
    if (io.signal.aborted) return 130;
    io.stderr.write(`${program} ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    if (io.env.XENSAN_LOG_LEVEL === "debug" && error instanceof Error) io.stderr.write(`${error.stack}\n`);
    return 1;
  }
}
