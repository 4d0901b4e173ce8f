import type { Io } from "./command.ts";

/** The process for a command: the first SIGINT or SIGTERM aborts its signal, the second ends the process at once. */
export function processIo(program: string): Io {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(130);
      stopping.abort(new Error(`stopped by ${signal}`));
    });
  }
  // Do not print a stack trace if the reader of the output, such as `head`, exits.
  process.stdout.on("error", () => stopping.abort(new Error("standard output is closed")));
  return {
    env: process.env,
    // Opened only when it is read.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stopping.signal,
    program,
  };
}

/** Call this when a command has ended and closed everything: a lingering connection must not keep the process alive. */
export function endProcess(exitCode: number): void {
  process.exitCode = exitCode;
  setTimeout(() => process.exit(), 2_000).unref();
}
