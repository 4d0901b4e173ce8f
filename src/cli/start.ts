import path from "node:path";
import type { CommandEntry } from "./command.ts";
import { endProcess, processIo } from "./process-io.ts";
import { runProgram } from "./program.ts";

/**
 * Runs the command that the process was called with. kubectl finds its plugins, and their completion programs, by file
 * name.
 */
export async function start(commands: readonly CommandEntry[]): Promise<void> {
  const invokedAs = path.basename(process.argv[1] ?? "");
  const io = processIo(invokedAs.startsWith("kubectl-") ? "kubectl xensan" : "xensan");
  const [first, ...rest] = invokedAs.startsWith("kubectl_complete-")
    ? ["__complete", ...process.argv.slice(2)]
    : process.argv.slice(2);
  if (first !== "__complete") return endProcess(await runProgram(commands, process.argv.slice(2), io));
  const { complete } = await import("./completion/complete.ts");
  endProcess(await complete(commands, rest, io));
}
