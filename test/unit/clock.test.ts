import { expect, it } from "vitest";
import { systemClock } from "../../src/clock.ts";

/** Computes for so long. */
function compute(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

it("lets other things happen between pieces of work that together take long", async () => {
  let turns = 0;
  let over = false;
  const count = () => {
    turns++;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  const longest: number[] = [];
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      await systemClock.pause?.();
      longest.push(turns);
      compute(6);
    }),
  );
  over = true;
  // Only those that come before the first pause share a turn.
  const pieces = [...Map.groupBy(longest, (turn) => turn).values()].map(({ length }) => length);
  expect(Math.max(...pieces)).toBeLessThanOrEqual(2);
});

it("costs no turn while little was computed", async () => {
  await new Promise((resolve) => setImmediate(resolve));
  compute(11);
  await systemClock.pause?.();
  let other = false;
  setImmediate(() => {
    other = true;
  });
  for (let index = 0; index < 100; index++) await systemClock.pause?.();
  expect(other).toBe(false);
});
