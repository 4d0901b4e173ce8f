import type { Io } from "./command.ts";

/** The process as a command sees it: the first SIGINT or SIGTERM aborts its signal, the second ends it at once. */
export function processIo(program: string): Io {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(130);
      stopping.abort(new Error(`stopped by ${signal}`));
    });
  }
  // A reader that goes away, such as `head`, is no reason for a stack trace.
  process.stdout.on("error", () => stopping.abort(new Error("standard output is closed")));
  return {
    env: process.env,
    // Opened by whoever reads it.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stopping.signal,
    program,
  };
}

/** To be called when a command has ended and closed everything: a connection that lingers must not keep the process. */
export function endProcess(exitCode: number): void {
  process.exitCode = exitCode;
  setTimeout(() => process.exit(), 2_000).unref();
}
