import { type SpawnOptions, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";

/** A process we started, identified even if its pid is reused. */
export const ownedProcessSchema = z.object({
  pid: z.int().positive(),
  /** Clock ticks from this machine's boot to the process's start. */
  startTime: z.string(),
});
export type OwnedProcess = z.infer<typeof ownedProcessSchema>;

function startTimeOf(pid: number): string | undefined {
  try {
    // The name in parentheses may hold blanks; the start time is the 20th field after it, the number of threads the 18th.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    // The first thread of a killed process is gone before the others, which still hold its files.
    return fields[0] === "Z" && Number(fields[17]) <= 1 ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export const isRunning = (process: OwnedProcess): boolean => startTimeOf(process.pid) === process.startTime;

export interface StartOptions {
  /** Ends the process when this one dies, for whatever reason; otherwise it outlives us. */
  readonly leashed: boolean;
  readonly stdio: SpawnOptions["stdio"];
}

/** Starts a program in a session of its own, so that a terminal's Ctrl-C does not reach it. */
export async function startOwned(
  program: string,
  args: readonly string[],
  { leashed, stdio }: StartOptions,
): Promise<OwnedProcess> {
  const leash = leashed && existsSync("/usr/bin/setpriv") ? ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"] : [];
  const [command = program, ...rest] = [...leash, program, ...args];
  const child = spawn(command, rest, { detached: true, ...(stdio === undefined ? {} : { stdio }) });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  child.unref();
  const pid = child.pid ?? 0;
  return { pid, startTime: startTimeOf(pid) ?? "ended" };
}

/** Kills it, if it still is the process we started, and waits until it is gone. */
export async function endOwned(process_: OwnedProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  const deadline = performance.now() + 10_000;
  let next = signal;
  while (isRunning(process_)) {
    try {
      process.kill(process_.pid, next);
    } catch {
      return;
    }
    if (performance.now() > deadline) next = "SIGKILL";
    await delay(20);
  }
}

/** Resident memory in bytes; 0 when it is gone. */
export function residentBytes(process_: OwnedProcess): number {
  try {
    const [, kib = "0"] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${process_.pid}/status`, "utf8")) ?? [];
    return Number(kib) * 1024;
  } catch {
    return 0;
  }
}
