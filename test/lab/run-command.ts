import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { LabError } from "./places.ts";

export interface CommandOptions {
  readonly signal?: AbortSignal;
  /** Receives standard output and error while the program runs. */
  readonly logFile?: string;
}

/**
 * Runs a program to its end and resolves with its output. Rejects with its last lines when it fails; an aborted signal
 * ends it and all its children.
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  options.signal?.throwIfAborted();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  let output = "";
  const collect = (text: string) => {
    output += text;
  };
  child.stdout.setEncoding("utf8").on("data", collect);
  child.stderr.setEncoding("utf8").on("data", collect);
  if (options.logFile !== undefined) {
    const log = createWriteStream(options.logFile);
    for (const stream of [child.stdout, child.stderr]) pipeline(stream, log, { end: false }).catch(() => undefined);
  }
  const end = () => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  options.signal?.addEventListener("abort", end, { once: true });
  try {
    const code = await new Promise<number | string>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
    });
    options.signal?.throwIfAborted();
    if (code !== 0) {
      const tail = output.trimEnd().split("\n").slice(-15).join("\n");
      throw new LabError(`${program} ${args.join(" ")} ended with ${code}:\n${tail}`);
    }
    return output;
  } finally {
    options.signal?.removeEventListener("abort", end);
  }
}
