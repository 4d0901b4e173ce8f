import { describe, expect, it } from "vitest";
import { sameFacts } from "../../../src/host/same-facts.ts";

const restless = new Set(["now"]);

describe("two facts", () => {
  it.each<[unknown, unknown, boolean]>([
    [1, 1, true],
    [1, "1", false],
    [null, {}, false],
    [[], {}, false],
    [new Map(), {}, false],
    [[1, [2]], [1, [2]], true],
    [[1, 2], [1], false],
    [[1, 2], [2, 1], false],
    [{ a: 1, b: { c: [] } }, { b: { c: [] }, a: 1 }, true],
    [{ a: 1 }, { a: 1, b: undefined }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: 1, b: 2 }, { a: 1 }, false],
    [new Map([["a", [1]]]), new Map([["a", [1]]]), true],
    [new Map([["a", [1]]]), new Map([["a", [2]]]), false],
    [new Map([["a", undefined]]), new Map([["b", undefined]]), false],
    [{ a: 1, now: 1 }, { a: 1, now: 2 }, true],
    [{ a: 1, now: 1 }, { a: 1 }, true],
    [[{ a: { now: 1 } }], [{ a: {} }], true],
  ])("%j and %j: %j", (a, b, expected) => {
    expect([sameFacts(a, b, restless), sameFacts(b, a, restless)]).toEqual([expected, expected]);
  });
});
