import { jsonEqual } from "../../src/runtime/equality.ts";
import { describeEvent } from "./rack-words.ts";
import type { Scenario } from "./stage.ts";
import { Stage, type StartOperator } from "./stage.ts";
import { brewStorm, endStorm } from "./storm.ts";
import { silent, type Trace } from "./trace.ts";
import { objectAt } from "./world/kube/json.ts";
import type { CrashPoint, SideEffect } from "./world/side-effects.ts";

export interface RunOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly operator: StartOperator;
  /** Stops the operator at one side effect and starts another. Without it the seed's storm decides. */
  readonly crash?: CrashPoint;
  /** Calm: no faults at all. */
  readonly weather?: "Calm" | "Stormy";
  readonly trace?: Trace;
  /** Takes the operator's log. */
  readonly log?: (line: string) => void;
}

export interface RunReport {
  readonly scenario: string;
  readonly seed: number;
  /** Broken invariants, and what never became true. Empty: a good run. */
  readonly failures: readonly string[];
  readonly effects: readonly SideEffect[];
  /** Virtual milliseconds until nothing was missing. */
  readonly convergedAfter: number;
  /** Virtual wall-clock time of that moment. */
  readonly convergedAt: number;
  readonly operatorProcesses: number;
}

const minute = 60_000;
/** How long the operator may take after the last fault. Its slowest backoff is five minutes. */
const patience = 30 * minute;
/**
 * Time for running commands to end (a hung one at its time limit), then for changing nothing: longer than any backoff.
 */
const lull = 240_000;
const quiet = 5.5 * minute;

/** One run of one seed: the same arguments give the same run, step by step. */
export async function run(options: RunOptions): Promise<RunReport> {
  const { scenario, seed, operator, crash } = options;
  const stormy = options.weather === "Stormy";
  const stage = new Stage({
    seed: `${scenario.name}/${seed}`,
    scenario,
    operator,
    crash,
    trace: options.trace ?? silent,
    log: options.log,
  });
  const random = stage.random.branch("plot");
  const done = new Set<string>();
  const stormLength = stormy ? random.between(1, 4) * minute : 0;

  const manifests = [...scenario.manifests()];
  const first = manifests.filter(({ kind }) => kind === "Namespace" || kind === "Secret");
  for (const object of first) stage.apply(object);
  for (const object of manifests.filter((candidate) => !first.includes(candidate))) {
    if (stormy) stage.clock.after(random.next() * 20_000, () => stage.apply(object));
    else stage.apply(object);
  }
  if (stormy) {
    brewStorm(stage, random.branch("storm"), stormLength);
    const times = (scenario.edits ?? [])
      .map(() => 20_000 + random.next() * stormLength)
      .sort((one, other) => one - other);
    for (const [index, edit] of (scenario.edits ?? []).entries()) {
      if (!random.chance(0.7)) continue;
      const own = random.branch(`edit ${edit.name}`);
      stage.clock.after(times[index] ?? 0, () => {
        done.add(edit.name);
        edit.act(stage, own);
      });
    }
  }
  stage.startOperator();
  if (crash !== undefined) reviveAfterCrash(stage);

  const broken = () => stage.violations.length > 0;
  if (stormy) {
    await stage.advance(Math.max(stormLength, 20_000) + 21_000, broken);
    endStorm(stage);
  }
  const calmSince = stage.clock.now();
  const failures = [...(await settle(stage, scenario, done))];
  const convergedAt = stage.clock.now();
  if (failures.length === 0) failures.push(...(await keepStill(stage, scenario, done)));
  const report = {
    scenario: scenario.name,
    seed,
    failures: [...stage.violations, ...failures],
    effects: stage.effects.done,
    convergedAfter: convergedAt - calmSince,
    convergedAt,
    operatorProcesses: stage.lives,
  };
  stage.life.end();
  return report;
}

/** Waits until nothing is missing. */
async function settle(stage: Stage, scenario: Scenario, done: ReadonlySet<string>): Promise<readonly string[]> {
  const deadline = stage.clock.now() + patience;
  while (stage.clock.now() < deadline && stage.violations.length === 0) {
    await stage.advance(2_000, () => stage.violations.length > 0);
    if (stage.life.alive && scenario.missing(stage, done).length === 0) return [];
  }
  return stage.violations.length > 0
    ? []
    : scenario.missing(stage, done).map((what) => `after ${patience / minute} calm minutes: ${what}`);
}

/**
 * Nothing may change in a converged rack: no command changes a host, no object is written, and nothing becomes missing.
 * What a host refuses may be tried again now and then, as the reason for the refusal may disappear.
 */
async function keepStill(stage: Stage, scenario: Scenario, done: ReadonlySet<string>): Promise<readonly string[]> {
  await stage.advance(lull, () => stage.violations.length > 0);
  const effects = stage.effects.done.length;
  const before = statuses(stage);
  const events = stage.rack.events.length;
  await stage.advance(quiet, () => stage.violations.length > 0);
  const writes = stage.effects.done
    .slice(effects)
    .filter(({ door, what }) => door === "api" && !/^\S+ (leases|events) /.test(what))
    .filter(({ what }, index, all) => {
      const first = all.findIndex((one) => one.what === what) === index;
      return !(first && hostStatus.test(what) && jsonEqual(before, statuses(stage)));
    });
  const changes = stage.rack.events.slice(events).filter((event) => event.kind === "CommandEnded" && event.changed);
  return [
    ...writes.slice(0, 3).map(({ what }) => `does not keep still: ${what}`),
    ...changes.slice(0, 3).map((event) => `does not keep still: ${event.host} ${describeEvent(event)}`),
    ...scenario.missing(stage, done).map((what) => `does not stay right: ${what}`),
  ];
}

/** A host's status is written now and then with the time of the last look. */
const hostStatus = /^apply (aoeservers|xenhosts) \S+ status$/;

const statuses = (stage: Stage) =>
  ["AoeServer", "XenHost"].flatMap((kind) =>
    stage.server
      .list(stage.server.kindNamed(kind))
      .items.map((object) => ({ ...objectAt(object, "status"), lastProbeTime: undefined })),
  );

/** Starts the next process a little after the one that the crash point stopped. */
function reviveAfterCrash(stage: Stage): void {
  stage.life.onEnd(() => {
    stage.clock.after(3_000, () => stage.startOperator());
  });
}
