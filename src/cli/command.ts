import type { KindName } from "../api/kinds.ts";
import type { Keys } from "../ssh/terminal.ts";

/** One flag of a command. Its value comes from the command line, else from the environment, else from the default. */
export interface Option {
  /** Without the dashes; also the key of the parsed value. */
  readonly name: string;
  /** One letter: `n` for `-n`. */
  readonly short?: string;
  /** Placeholder of the value in the help; a flag without one takes no value. `a|b` lists all accepted values. */
  readonly placeholder?: string;
  /** May be given more than once; in the environment, and within one value, separated by commas. */
  readonly repeat?: boolean;
  /** A repeatable flag whose values are not split at commas. */
  readonly whole?: boolean;
  /** The environment variable that is read if the flag is absent. */
  readonly env?: string;
  readonly fallback?: string;
  /** "a whole number from 1 to 3600": completes the sentence "it must be …". */
  readonly accepts?: string;
  readonly help: string;
  /** Names of the flags and arguments that exclude this flag. */
  readonly excludes?: readonly string[];
  /** Kinds whose objects the shell's completion offers. */
  readonly completes?: readonly KindName[];
}

/** A positional argument. Arguments have a fixed order, and are required unless optional. */
export interface Argument {
  /** Also the key of the parsed value. */
  readonly name: string;
  readonly placeholder: string;
  readonly help: string;
  readonly optional?: true;
  readonly completes?: readonly KindName[];
  /** Written `KIND/NAME`. */
  readonly qualified?: true;
}

/** The values of a command line by the names of flags and arguments, before the command's schema checks them. */
export type OptionValues = Readonly<Record<string, string | boolean | readonly string[]>>;

/** A stream for a person or a program; a terminal has a size. */
export interface Output {
  write(text: string): boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** The parts of its process that a command may use. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Input that a person types; absent if nobody can type. */
  readonly stdin?: Keys;
  readonly stdout: Output;
  readonly stderr: Output;
  /** The name by which a person calls the program; `xensan` by default. */
  readonly program?: string;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** An entry in the list of commands. */
export interface CommandEntry {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** A command that a command line can call. */
export interface Command {
  readonly name: string;
  /** A paragraph or two for the command's own help. */
  readonly description: string;
  readonly arguments?: readonly Argument[];
  readonly options: readonly Option[];
  /** Meanings of exit codes, if more specific than those that all commands share. */
  readonly exitCodes?: Readonly<Partial<Record<0 | 1 | 2 | 130, string>>>;
  /** Resolves to the exit code. */
  run(values: OptionValues, io: Io): Promise<number>;
}

/** A mistake of the user: printed without a stack trace, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
