import type { CommandEntry, Io } from "../src/cli/command.ts";
import { runProgram } from "../src/cli/program.ts";

/** How a command line ended and what it wrote. */
export interface Typed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line in this process, with streams that are no terminal. */
export async function typeCommand(
  commands: readonly CommandEntry[],
  args: readonly string[],
  io: Partial<Pick<Io, "env" | "program" | "stdin">> = {},
): Promise<Typed> {
  const texts = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof texts) => ({
    write(text: string) {
      texts[name] += text;
      return true;
    },
  });
  const code = await runProgram(commands, args, {
    ...{ env: {}, signal: new AbortController().signal, ...io },
    ...{ stdout: stream("stdout"), stderr: stream("stderr") },
  });
  return { code, ...texts };
}
