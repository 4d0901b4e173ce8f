import { expect, it } from "vitest";
import { realOperator } from "./operator-process.ts";
import { run } from "./run.ts";
import { scenarios } from "./scenarios/index.ts";

/** XENSAN_SEEDS: number of runs in total, over all parts and scenarios. */
const wanted = Number(process.env.XENSAN_SEEDS ?? "1000");
const parts = 2;
/** A second per run, as a run takes a quarter of that on one core and the machine may be busy. */
const patienceMs = 120_000 + wanted * 1_000;

/** Runs one part of the seeds, so that the parts run in parallel. */
export function runSeeds(part: number): void {
  for (const scenario of scenarios) {
    const total = Math.ceil(wanted * scenario.share);
    const seeds = Array.from({ length: total }, (_, seed) => seed + 1).filter((seed) => seed % parts === part);
    it(`${scenario.name}: ${scenario.says} (${seeds.length} seeds)`, { timeout: patienceMs }, async () => {
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
