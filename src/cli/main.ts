#!/usr/bin/env node
import path from "node:path";
import { commands } from "./commands.ts";
import { endProcess, processIo } from "./process-io.ts";
import { runProgram } from "./program.ts";

// kubectl finds its plugins, and what completes them, by their file names.
const invokedAs = path.basename(process.argv[1] ?? "");
const io = processIo(invokedAs.startsWith("kubectl-") ? "kubectl xensan" : "xensan");
const [first, ...rest] = invokedAs.startsWith("kubectl_complete-")
  ? ["__complete", ...process.argv.slice(2)]
  : process.argv.slice(2);
if (first === "__complete") {
  const { complete } = await import("./completion/complete.ts");
  endProcess(await complete(commands, rest, io));
} else endProcess(await runProgram(commands, process.argv.slice(2), io));
