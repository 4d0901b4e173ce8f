import { parseArgs } from "node:util";
import { realOperator } from "./operator-process.ts";
import { type RunReport, run } from "./run.ts";
import { scenarios } from "./scenarios/index.ts";
import { recording, silent } from "./trace.ts";
import type { CrashPoint } from "./world/side-effects.ts";

const usage = `Runs the operator in a simulated world: in-memory API server, simulated rack, virtual clock.

  npm run simulate -- [--seed N] [--seeds COUNT] [--scenario NAME] [--calm] [--crash K:before|after] [--trace] [--log]

  --seed N        the first seed (default 1); one seed is one run, always the same
  --seeds COUNT   how many seeds from there on (default 1)
  --scenario NAME one of ${scenarios.map(({ name }) => name).join(", ")} (default: all)
  --calm          no faults and no edits
  --crash K:WHEN  no faults, but the operator dies right before or right after its K-th side effect
  --trace         every happening of the run, with its virtual time
  --log           the operator's own log
`;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    scenario: { type: "string" },
    calm: { type: "boolean", default: false },
    crash: { type: "string" },
    trace: { type: "boolean", default: false },
    log: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}
const chosen = scenarios.filter(({ name }) => values.scenario === undefined || values.scenario === name);
if (chosen.length === 0)
  throw new Error(`--scenario ${values.scenario}: must be one of ${scenarios.map(({ name }) => name).join(", ")}`);

const crash = crashPoint(values.crash);
const print = (line: string) => process.stdout.write(line.endsWith("\n") ? line : `${line}\n`);
const first = Number(values.seed);
let failed = 0;
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  for (const scenario of chosen) {
    const begun = performance.now();
    const report = await run({
      scenario,
      seed,
      operator: realOperator,
      weather: values.calm || crash !== undefined ? "Calm" : "Stormy",
      trace: values.trace ? recording(print) : silent,
      ...(crash === undefined ? {} : { crash }),
      ...(values.log ? { log: print } : {}),
    });
    print(summary(report, performance.now() - begun));
    if (report.failures.length > 0) failed++;
  }
}
process.exit(failed === 0 ? 0 : 1);

function crashPoint(text: string | undefined): CrashPoint | undefined {
  if (text === undefined) return undefined;
  const [, effect, when] = /^(\d+):(before|after)$/.exec(text) ?? [];
  if (effect === undefined || (when !== "before" && when !== "after"))
    throw new Error(`--crash ${text}: must be like 12:after`);
  return { effect: Number(effect), when };
}

function summary(report: RunReport, ms: number): string {
  const { scenario, seed, failures, effects, convergedAfter, operatorProcesses } = report;
  const head = `${failures.length === 0 ? "ok  " : "FAIL"} ${scenario} seed ${seed}: ${effects.length} side effects, ${operatorProcesses} operator processes, right after ${(convergedAfter / 1000).toFixed(0)} calm seconds (${ms.toFixed(0)} ms)`;
  return [head, ...failures.map((failure) => `     ${failure}`)].join("\n");
}
