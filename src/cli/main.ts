#!/usr/bin/env node
import path from "node:path";
import { commands } from "./commands.ts";
import { runProgram } from "./program.ts";

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

// kubectl finds its plugins, and what completes them, by their file names.
const invokedAs = path.basename(process.argv[1] ?? "");
const args = process.argv.slice(2);
process.exitCode = await runProgram(
  commands,
  invokedAs.startsWith("kubectl_complete-") ? ["__complete", ...args] : args,
  {
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stopping.signal,
    program: invokedAs.startsWith("kubectl-") ? "kubectl xensan" : "xensan",
  },
);
// Everything is closed by now; a connection that lingers must not keep the process.
setTimeout(() => process.exit(), 2_000).unref();
