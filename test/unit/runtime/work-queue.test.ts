import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { priority, WorkQueue } from "../../../src/runtime/work-queue.ts";
import { stage } from "./stage.ts";

function queueOn(seed?: string) {
  const { clock, signal, stop } = stage(seed);
  return { queue: new WorkQueue({ clock }), clock, signal, stop };
}

describe("a work queue", () => {
  it("holds a key once, however often it is added", async () => {
    const { queue, signal } = queueOn();
    for (const key of ["a", "b", "a", "a"]) queue.add(key);
    expect(queue.length).toBe(2);
    expect([await queue.take(signal), await queue.take(signal)]).toEqual(["a", "b"]);
    expect(queue.length).toBe(0);
  });

  it("gives a key that is being worked on to nobody else, and again once it is done", async () => {
    const { queue, signal, clock } = queueOn();
    queue.add("a");
    expect(await queue.take(signal)).toBe("a");
    queue.add("a");
    queue.add("a");
    let second: string | undefined;
    void queue.take(signal).then((key) => {
      second = key;
    });
    await clock.advance(1000);
    expect(second).toBeUndefined();
    queue.done("a");
    await clock.advance(0);
    expect(second).toBe("a");
    queue.done("a");
    expect(queue.length).toBe(0);
  });

  it("serves what is urgent first, within a priority what waits longest, and raises a key that became urgent", async () => {
    const { queue, signal } = queueOn();
    queue.add("resync-1", priority.low);
    queue.add("resync-2", priority.low);
    queue.add("event-1");
    queue.add("event-2");
    queue.add("resync-2", priority.high);
    queue.add("resync-2", priority.low);
    const order = [];
    while (queue.length > 0) order.push(await queue.take(signal));
    expect(order).toEqual(["resync-2", "event-1", "event-2", "resync-1"]);
  });

  it("adds a delayed key at the earliest time that was asked for", async () => {
    const { queue, clock, signal } = queueOn();
    queue.addAfter("a", 5000);
    queue.addAfter("a", 2000);
    queue.addAfter("a", 9000);
    queue.addAfter("b", 1000);
    expect(queue.nextDelay()).toBe(1000);
    const taken: [string | undefined, number][] = [];
    void (async () => {
      for (;;) {
        const key = await queue.take(signal);
        if (key === undefined) return;
        taken.push([key, clock.monotonic()]);
        queue.done(key);
      }
    })();
    await clock.advance(60_000);
    expect(taken).toEqual([
      ["b", 1000],
      ["a", 2000],
    ]);
  });

  it("forgets the delay of a key that is taken, for the reconcile decides anew", async () => {
    const { queue, clock, signal } = queueOn();
    queue.addAfter("a", 5000);
    queue.add("a");
    await queue.take(signal);
    queue.done("a");
    expect(queue.nextDelay()).toBeUndefined();
    await clock.advance(10_000);
    expect(queue.length).toBe(0);
  });

  it("backs off exponentially with jitter up to its limit, and starts over when forgotten", () => {
    const { queue } = queueOn();
    const delays = Array.from({ length: 14 }, () => queue.addRateLimited("a"));
    for (const [index, delay] of delays.entries()) {
      const whole = Math.min(500 * 2 ** index, 300_000);
      expect(delay).toBeGreaterThanOrEqual(whole / 2);
      expect(delay).toBeLessThan(whole);
    }
    queue.forget("a");
    expect(queue.addRateLimited("a")).toBeLessThan(500);
    expect(queue.addRateLimited("b", { atLeastMs: 60_000 })).toBe(60_000);
  });

  it("lets go of everybody who waits when the signal is aborted or it is closed", async () => {
    const { queue, signal, stop } = queueOn();
    const waiting = queue.take(signal);
    stop.abort();
    expect(await waiting).toBeUndefined();
    const others = [queue.take(new AbortController().signal), queue.take(new AbortController().signal)];
    queue.close();
    expect(await Promise.all(others)).toEqual([undefined, undefined]);
    queue.add("late");
    expect(queue.length).toBe(0);
  });

  it("never has a key at two workers and loses none, whatever happens in whatever order", async () => {
    const step = fc.record({
      key: fc.constantFrom("a", "b", "c", "d"),
      delay: fc.integer({ min: 0, max: 30 }),
      level: fc.constantFrom(...Object.values(priority)),
      pause: fc.integer({ min: 0, max: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        fc.string(),
        async (steps, workers, seed) => {
          const { queue, clock, signal, stop } = queueOn(seed);
          const running = new Set<string>();
          const startedAt = new Map<string, number>();
          const work = async () => {
            for (let key = await queue.take(signal); key !== undefined; key = await queue.take(signal)) {
              expect(running.has(key)).toBe(false);
              running.add(key);
              startedAt.set(key, clock.monotonic());
              await clock.sleep(clock.random() * 25);
              running.delete(key);
              queue.done(key);
            }
          };
          const all = Array.from({ length: workers }, work);
          const wanted = new Map<string, number>();
          for (const { key, delay, level, pause } of steps) {
            queue.addAfter(key, delay, level);
            wanted.set(key, clock.monotonic());
            await clock.advance(pause);
          }
          await clock.advance(60_000);
          for (const [key, at] of wanted) expect(startedAt.get(key)).toBeGreaterThanOrEqual(at);
          expect([queue.length, queue.processing, queue.nextDelay()]).toEqual([0, 0, undefined]);
          stop.abort();
          await Promise.all(all);
        },
      ),
      { numRuns: 60 },
    );
  });
});
