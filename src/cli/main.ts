#!/usr/bin/env node
import { runProgram } from "./program.ts";
import { run } from "./run.ts";
import { up } from "./up/up.ts";

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // The second time somebody means it.
    if (stopping.signal.aborted) process.exit(130);
    stopping.abort(new Error(`stopped by ${signal}`));
  });
}
// A reader that goes away, such as `head`, is no reason for a stack trace.
process.stdout.on("error", () => stopping.abort(new Error("standard output is closed")));

process.exitCode = await runProgram([run, up], process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stopping.signal,
});
// Everything is closed by now; a connection that lingers must not keep the process.
setTimeout(() => process.exit(), 2_000).unref();
