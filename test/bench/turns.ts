import { closeSync, openSync, readSync } from "node:fs";

/** How long the event loop of this thread was blocked, in milliseconds. */
export interface Turns {
  /**
   * The longest time between two turns, without the wait for a processor in use by others: computing, garbage
   * collection, waiting for a disk. Where the kernel does not count that wait, it is part of the time.
   */
  readonly longestStallMs: number;
  /** The most that the thread computed between two turns. */
  readonly longestBurstMs: number;
}

/** Watches the event loop of the main thread until `stop` is called. */
export function watchTurns(): { stop(): Turns } {
  const waited = waitedForProcessor();
  const look = () => {
    const { user, system } = process.threadCpuUsage();
    return { at: performance.now(), waited: waited.ms(), computed: (user + system) / 1000 };
  };
  let before = look();
  let longestStallMs = 0;
  let longestBurstMs = 0;
  const timer = setInterval(() => {
    const now = look();
    longestStallMs = Math.max(longestStallMs, now.at - before.at - (now.waited - before.waited));
    longestBurstMs = Math.max(longestBurstMs, now.computed - before.computed);
    before = now;
  }, 1);
  return {
    stop() {
      clearInterval(timer);
      waited.close();
      return { longestStallMs, longestBurstMs };
    },
  };
}

/** `run_delay` of the main thread: how long it was ready but not running (Documentation/scheduler/sched-stats). */
function waitedForProcessor(): { ms(): number; close(): void } {
  let file: number;
  try {
    file = openSync(`/proc/self/task/${process.pid}/schedstat`, "r");
  } catch {
    return { ms: () => 0, close: () => undefined };
  }
  const buffer = Buffer.alloc(64);
  return {
    ms() {
      const length = readSync(file, buffer, 0, buffer.length, 0);
      return Number(buffer.toString("latin1", 0, length).split(" ")[1] ?? 0) / 1e6;
    },
    close: () => closeSync(file),
  };
}
