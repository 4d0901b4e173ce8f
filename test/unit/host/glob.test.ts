import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { globMatches } from "../../../src/host/glob.ts";
import { globCases } from "./globs.ts";

describe("a pattern of an owner", () => {
  it.each(globCases)("%j on %j: %s", (glob, text, expected) => {
    expect(globMatches(glob, text)).toBe(expected);
  });

  it("matches itself when nothing in it is special", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }).filter((text) => !/[[*?]/.test(text)),
        (text) => {
          expect(globMatches(text, text)).toBe(true);
        },
      ),
    );
  });

  it("takes time of pattern × text at most", () => {
    const text = `/srv/${"a".repeat(4000)}`;
    const glob = (stars: number) => `/srv/${"*a".repeat(stars)}*b`;
    const started = performance.now();
    expect([6, 50, 250].map((stars) => globMatches(glob(stars), text))).toEqual([false, false, false]);
    // With 6 stars a backtracking matcher would practically never end.
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
