import type { KindName } from "../api/kinds.ts";
import type { Keys } from "../ssh/terminal.ts";

/** One flag of a command. Its value is what stands on the command line, else in the environment, else the default. */
export interface Option {
  /** Without the dashes; also the key of the parsed value. */
  readonly name: string;
  /** One letter: `n` for `-n`. */
  readonly short?: string;
  /** What stands for the value in the help; a flag without one takes no value. `a|b` lists all that is accepted. */
  readonly placeholder?: string;
  /** May be given more than once; in the environment, and in one value, separated by commas. */
  readonly repeat?: boolean;
  /** A repeated one that is not taken apart at commas. */
  readonly whole?: boolean;
  /** The environment variable that is read when the flag is absent. */
  readonly env?: string;
  readonly fallback?: string;
  /** "a whole number from 1 to 3600": completes the sentence "it must be …". */
  readonly accepts?: string;
  readonly help: string;
  /** Names of the flags and arguments that it cannot be given together with. */
  readonly excludes?: readonly string[];
  /** Objects of these kinds are offered by the shell's completion. */
  readonly completes?: readonly KindName[];
}

/** A word of the command line that is no flag. They come in their order, and are needed unless optional. */
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

/** The values of a command line by the names of flags and arguments, before a command's schema checks them. */
export type OptionValues = Readonly<Record<string, string | boolean | readonly string[]>>;

/** A stream for a person or a program; a terminal says how large it is. */
export interface Output {
  write(text: string): boolean;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** What a command may touch of the process it runs in. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a person types; absent where nobody can. */
  readonly stdin?: Keys;
  readonly stdout: Output;
  readonly stderr: Output;
  /** What a person types to call it; `xensan` when absent. */
  readonly program?: string;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** A command as the list of commands has it. */
export interface CommandEntry {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** What a command line calls. */
export interface Command {
  readonly name: string;
  /** A paragraph or two, for the command's own help. */
  readonly description: string;
  readonly arguments?: readonly Argument[];
  readonly options: readonly Option[];
  /** What an exit code says where that is more than what it says of every command. */
  readonly exitCodes?: Readonly<Partial<Record<0 | 1 | 2 | 130, string>>>;
  /** Resolves to the exit code. */
  run(values: OptionValues, io: Io): Promise<number>;
}

/** The person's mistake: printed without a stack trace, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
