import fc from "fast-check";
import { expect, it } from "vitest";
import { Heap } from "../../../src/runtime/heap.ts";

it("a heap gives the smallest first, whatever came and went before", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer(), { nil: undefined })), (steps) => {
      const heap = new Heap<number>((a, b) => a - b);
      const model: number[] = [];
      for (const step of steps) {
        if (step === undefined) {
          model.sort((a, b) => a - b);
          expect(heap.pop()).toBe(model.shift());
        } else {
          heap.push(step);
          model.push(step);
        }
        expect([heap.size, heap.peek()]).toEqual([model.length, model.toSorted((a, b) => a - b)[0]]);
      }
    }),
  );
});
