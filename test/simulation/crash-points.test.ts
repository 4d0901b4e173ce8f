import { describe, expect, it } from "vitest";
import { realOperator } from "./operator-process.ts";
import { type RunReport, run } from "./run.ts";
import { cluster } from "./scenarios/cluster.ts";
import { migrations } from "./scenarios/migration.ts";
import { tutorial } from "./scenarios/tutorial.ts";
import type { Scenario } from "./stage.ts";

const seed = 1;
const wholes: readonly (readonly [Scenario, RunReport])[] = await Promise.all(
  [tutorial, cluster, migrations].map(
    async (scenario) => [scenario, await run({ scenario, seed, operator: realOperator })] as const,
  ),
);

for (const [scenario, whole] of wholes) {
  // Later side effects only keep a finished rack as it is; a lost Event changes nothing.
  const effects = whole.effects.filter(({ at, what }) => at <= whole.convergedAt && !what.startsWith("create events "));

  describe(`an operator that dies at one of the ${effects.length} side effects of the first convergence: ${scenario.name}`, () => {
    it("would have come to the end without dying", () => {
      expect(whole.failures).toEqual([]);
      expect(effects.filter(({ door }) => door === "host").length).toBeGreaterThan(5);
    });

    for (const when of ["before", "after"] as const) {
      it(`leaves what the next one can finish: right ${when} each of them`, { timeout: 600_000 }, async () => {
        const failures: string[] = [];
        for (const { number, what } of effects) {
          const report = await run({ scenario, seed, operator: realOperator, crash: { effect: number, when } });
          if (report.operatorProcesses !== 2) failures.push(`crash ${number}:${when} never happened`);
          if (report.failures.length === 0) continue;
          const command = `npm run simulate -- --scenario ${scenario.name} --seed ${seed} --crash ${number}:${when} --trace`;
          failures.push([command, `(${what})`, ...report.failures].join("\n    "));
        }
        expect(failures.join("\n")).toBe("");
      });
    }
  });
}
