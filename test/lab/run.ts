import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { loadRack } from "../../src/sim/rack-file.ts";
import { bringUp } from "./common-rack.ts";
import { LabError, rackFiles, UnavailableError } from "./places.ts";
import type { Scenario, Story } from "./scenario.ts";
import { stories } from "./scenarios/index.ts";
import { stopOnSignals } from "./stop-on-signals.ts";
import { type Result, tell } from "./tell.ts";

/** `npm run test:lab`: the operator of this tree against real hosts. */

const { values } = parseArgs({
  options: {
    /** Runs stories and scenarios whose name contains one of these; a scenario also has the name `story: scenario`. */
    only: { type: "string", multiple: true, default: [] },
    /** Runs long ones, too. */
    all: { type: "boolean", default: false },
    /** Runs only the beginning of each story: together these are the tutorial, from bare hosts. */
    given: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    /** Used instead of the rack that a story names. */
    rack: { type: "string" },
    /** Whether it may install Debian packages on this machine. */
    install: { type: "boolean", default: false },
    /** Where the folder of a failure is made. */
    artifacts: { type: "string" },
  },
});

const signal = stopOnSignals();
const say = (text: string) => process.stdout.write(`${text}\n`);
const started = performance.now();
const line = ({ seconds, failed, scenario, text }: Result) =>
  `${seconds.toFixed(1).padStart(8)} s  ${failed ? "FAIL" : "ok  "}  ${scenario.padEnd(52)}  ${text}`;

/** A story that --only names is run whole; otherwise only its scenarios that are named. */
function chosen(): Story[] {
  const found = values.only.length > 0 ? namedByOnly() : notTooLong();
  return values.given ? found.map((story) => ({ ...story, scenarios: [] })) : found;
}

function notTooLong(): Story[] {
  const wanted = ({ long }: Scenario) => values.all || long !== true;
  return stories
    .filter(({ given }) => wanted(given))
    .map((story) => ({ ...story, scenarios: story.scenarios.filter(wanted) }));
}

function namedByOnly(): Story[] {
  const named = (name: string) => values.only.some((text) => name.includes(text));
  const found = stories.flatMap((story): Story[] => {
    if (named(story.name) || named(story.given.name)) return [story];
    const scenarios = story.scenarios.filter(({ name }) => named(`${story.name}: ${name}`));
    return scenarios.length === 0 ? [] : [{ ...story, scenarios }];
  });
  if (found.length === 0) throw new LabError(`--only ${values.only.join(" ")} names nothing; see --list`);
  return found;
}

async function main(): Promise<boolean> {
  if (values.list) {
    for (const { name, given, scenarios } of stories) {
      const mark = ({ long }: Scenario) => (long === true ? " (long)" : "");
      say(`${name}: ${given.name}${mark(given)}`);
      for (const scenario of scenarios) say(`  ${scenario.name}${mark(scenario)}`);
    }
    return true;
  }
  const told = chosen();
  const directory = await mkdtemp(path.join(tmpdir(), "xensan-lab-"));
  const artifacts = path.resolve(values.artifacts ?? path.join(tmpdir(), `xensan-lab-failures-${process.pid}`));
  const results: Result[] = [];
  let resident = 0;
  try {
    for (const [rackFile, stories] of Map.groupBy(told, (story) => values.rack ?? rackFiles[story.rack])) {
      const options = {
        directory,
        rackFile,
        file: loadRack(rackFile),
        install: values.install,
        leashed: true,
        say,
        signal,
      };
      const rack = await bringUp(options);
      try {
        say(`the rack is up after ${((performance.now() - started) / 1000).toFixed(1)} s`);
        for (const [index, story] of stories.entries()) {
          if (index > 0) await rack.reset();
          say(`\n${story.name}`);
          results.push(...(await tell(story, { rack, artifacts, signal, report: (result) => say(line(result)) })));
          const held = rack.plan.hosts.reduce((sum, { name }) => sum + rack.resident(name), 0);
          resident = Math.max(resident, held);
        }
      } finally {
        await rack.down();
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  say("");
  for (const { name } of told) {
    const own = results.filter(({ story }) => story === name);
    const seconds = own.reduce((sum, result) => sum + result.seconds, 0);
    const failed = own.filter((result) => result.failed).length;
    say(`${seconds.toFixed(1).padStart(8)} s  ${name}: ${own.length - failed} of ${own.length} ok`);
  }
  const total = ((performance.now() - started) / 1000).toFixed(1);
  say(`${total.padStart(8)} s  in all; QEMU held ${(resident / 2 ** 20).toFixed(0)} MiB`);
  return results.every(({ failed }) => !failed);
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error instanceof UnavailableError ? error.exitCode : signal.aborted ? 130 : 1;
}
