import { expect, it, vi } from "vitest";
import { systemClock } from "../../src/clock.ts";

/** Computes for so long. */
function compute(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

/** How many pieces of work of 6 ms each, all asked for at once, share a turn of the event loop at most. */
async function most(): Promise<number> {
  let turns = 0;
  let over = false;
  const count = () => {
    turns++;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  const ran: number[] = [];
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      await systemClock.pause?.();
      ran.push(turns);
      compute(6);
    }),
  );
  over = true;
  return Math.max(...[...Map.groupBy(ran, (turn) => turn).values()].map(({ length }) => length));
}

it.each([
  { turn: "a fresh turn", before: async () => await new Promise((resolve) => setTimeout(resolve, 20)) },
  {
    turn: "a turn that just began",
    before: async () => {
      compute(11);
      await systemClock.pause?.();
    },
  },
  { turn: "a turn that has computed for long", before: () => compute(11) },
])("lets other things happen between pieces of work that together take long, in $turn", async ({ before }) => {
  await before();
  expect(await most()).toBeLessThanOrEqual(2);
});

it("costs no turn while little was computed", async () => {
  compute(11);
  await systemClock.pause?.();
  // Time stands still: a machine with other work would count as computing.
  using _ = vi.spyOn(performance, "now").mockReturnValue(performance.now());
  let other = false;
  setImmediate(() => {
    other = true;
  });
  for (let index = 0; index < 100; index++) await systemClock.pause?.();
  expect(other).toBe(false);
});
