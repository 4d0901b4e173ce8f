import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMilliseconds } from "../../../src/ssh/backoff.ts";
import { createSlots } from "../../../src/ssh/slots.ts";

describe("the wait between attempts to connect", () => {
  const policy = { baseMilliseconds: 1000, maxMilliseconds: 30_000 };

  it("doubles up to its ceiling", () => {
    expect([1, 2, 3, 4, 5, 6, 1000].map((failures) => backoffMilliseconds(policy, failures, 1))).toEqual([
      1000, 2000, 4000, 8000, 16_000, 30_000, 30_000,
    ]);
  });

  it("is spread over the upper half, so that hosts that fell together do not come back together", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const ceiling = backoffMilliseconds(policy, failures, 1);
        const wait = backoffMilliseconds(policy, failures, random);
        expect(wait >= ceiling / 2 && wait <= ceiling).toBe(true);
      }),
    );
  });
});

describe("the slots of a connection", () => {
  const never = new AbortController().signal;

  it("are given in the order of asking", async () => {
    const slots = createSlots(2);
    const order: number[] = [];
    const ask = async (id: number) => {
      const release = await slots.acquire(never);
      order.push(id);
      return release;
    };
    const [first, second, third, fourth] = [ask(1), ask(2), ask(3), ask(4)];
    (await second)();
    await third;
    expect({ order, used: slots.used, waiting: slots.waiting }).toEqual({ order: [1, 2, 3], used: 2, waiting: 1 });
    (await first)();
    await fourth;
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it("count one given back twice once", async () => {
    const slots = createSlots(1);
    const release = await slots.acquire(never);
    release();
    release();
    expect(slots.used).toBe(0);
  });

  it("let go of whoever stopped waiting", async () => {
    const slots = createSlots(1);
    const release = await slots.acquire(never);
    const impatient = new AbortController();
    const waiting = slots.acquire(impatient.signal);
    impatient.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    release();
    expect({ used: slots.used, waiting: slots.waiting }).toEqual({ used: 0, waiting: 0 });
  });

  it("shrink to what a server allows, and never to none", async () => {
    const slots = createSlots(8);
    slots.lowerTo(0);
    const release = await slots.acquire(never);
    const waiting = slots.acquire(never);
    expect({ used: slots.used, waiting: slots.waiting }).toEqual({ used: 1, waiting: 1 });
    release();
    (await waiting)();
  });
});
