import { describe, expect, it } from "vitest";
import { watchTurns } from "../../bench/turns.ts";

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

describe("the longest stall of the event loop", () => {
  it("holds what the thread computed, however busy the machine is", async () => {
    const turns = watchTurns();
    await turn();
    const begun = process.threadCpuUsage();
    for (;;) {
      const { user, system } = process.threadCpuUsage(begun);
      if (user + system > 60_000) break;
    }
    await turn();
    const { longestBurstMs, longestStallMs } = turns.stop();
    expect(longestBurstMs).toBeGreaterThan(55);
    expect(longestStallMs).toBeGreaterThan(55);
  });

  it("holds what the thread waited for, too", async () => {
    const turns = watchTurns();
    await turn();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
    await turn();
    const { longestBurstMs, longestStallMs } = turns.stop();
    expect(longestStallMs).toBeGreaterThan(55);
    expect(longestBurstMs).toBeLessThan(55);
  });
});
