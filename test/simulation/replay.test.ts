import { describe, expect, it } from "vitest";
import { realOperator } from "./operator-process.ts";
import { run } from "./run.ts";
import { scenarios } from "./scenarios/index.ts";
import { recording } from "./trace.ts";

describe("one seed", () => {
  for (const scenario of scenarios)
    it(`is one run, word for word: ${scenario.name}`, async () => {
      const play = async () => {
        const trace = recording();
        await run({ scenario, seed: 4, operator: realOperator, weather: "Stormy", trace });
        return trace.lines;
      };
      const first = await play();
      expect(first.length).toBeGreaterThan(100);
      expect(await play()).toEqual(first);
    });
});
