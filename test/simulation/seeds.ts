import { expect, it } from "vitest";
import { realOperator } from "./operator-process.ts";
import { run } from "./run.ts";
import { scenarios } from "./scenarios/index.ts";

/** XENSAN_SEEDS: how many runs altogether, over all parts and scenarios. */
const wanted = Number(process.env.XENSAN_SEEDS ?? "1000");
export const parts = 2;

/** One of the parts into which the seeds are divided, so that they run side by side. */
export function runSeeds(part: number): void {
  for (const [index, scenario] of scenarios.entries()) {
    const total = Math.floor(wanted / scenarios.length) + (index < wanted % scenarios.length ? 1 : 0);
    const seeds = Array.from({ length: total }, (_, seed) => seed + 1).filter((seed) => seed % parts === part);
    it(`${scenario.name}: ${scenario.says} (${seeds.length} seeds)`, async () => {
      const failures: string[] = [];
      let effects = 0;
      for (const seed of seeds) {
        const report = await run({ scenario, seed, operator: realOperator, weather: "Stormy" });
        effects += report.effects.length;
        if (report.failures.length === 0) continue;
        failures.push(
          [`npm run simulate -- --scenario ${scenario.name} --seed ${seed} --trace`, ...report.failures].join("\n    "),
        );
        if (failures.length === 5) break;
      }
      expect(failures.join("\n"), "each can be replayed with the command before it").toBe("");
      expect(effects).toBeGreaterThan(seeds.length);
    });
  }
}
