import type { Logger } from "pino";
import type { ConditionUpdate } from "../runtime/conditions.ts";
import type { Fleet } from "./fleet.ts";
import { wordsOf } from "./hosts/attempts.ts";
import type { WatchedHost } from "./hosts/feed.ts";
import type { Step, StepOutcome } from "./hosts/step.ts";

/** What became of a plan when it was handed over. */
export interface Handed {
  /** Steps that start now, for the first time. */
  readonly started: readonly Step[];
  /** Steps that were tried and did not help; they are tried again, now or later. */
  readonly held: readonly { readonly step: Step; readonly outcome: StepOutcome }[];
  /** When the first of `held` is due. */
  readonly againSeconds: number | undefined;
}

/** The part of a plan that runs on one machine, with the facts that made it look right. */
export interface Part {
  readonly host: WatchedHost;
  readonly steps: readonly Step[];
  readonly basis: string;
  /** Machines to be asked once more before a step that interrupts. */
  readonly witnesses: readonly WatchedHost[];
}

/** Hands the steps to the machines they run on; never waits for them. `log`: that of the reconcile, for what they do there. */
export function handOver(fleet: Fleet, owner: string, parts: readonly Part[], log?: Logger): Handed {
  const started: Step[] = [];
  const held: { step: Step; outcome: StepOutcome }[] = [];
  let againSeconds: number | undefined;
  for (const { host, steps, basis, witnesses } of parts) {
    const { watcher } = host;
    const [first] = steps;
    const work = `${owner} on ${host.endpoint.id}`;
    if (!host.trusted) continue;
    if (watcher.pending(owner)) {
      const outcome = fleet.attempts.lastOutcome(work, steps);
      if (first !== undefined && outcome !== undefined)
        held.push({ step: watcher.results(owner).at(-1)?.step ?? first, outcome });
      continue;
    }
    if (first === undefined) {
      fleet.attempts.settle(work);
      continue;
    }
    const results = watcher.results(owner);
    const verdict = fleet.attempts.judge(work, steps, basis, results);
    if (verdict.outcome !== undefined) held.push({ step: results.at(-1)?.step ?? first, outcome: verdict.outcome });
    if (verdict.kind === "Wait") {
      againSeconds = Math.min(againSeconds ?? verdict.seconds, verdict.seconds);
      continue;
    }
    if (steps.some(({ interrupts }) => interrupts === true) && !confirmed(fleet, owner, steps, witnesses)) continue;
    fleet.attempts.begin(work, steps, basis, results);
    watcher.lanes.submit(owner, steps, log);
    if (verdict.outcome === undefined) started.push(...steps);
  }
  return { started, held, againSeconds };
}

/** {@link lookedAgain} for these very steps. */
const confirmed = (fleet: Fleet, owner: string, steps: readonly Step[], witnesses: readonly WatchedHost[]): boolean =>
  lookedAgain(fleet, owner, wordsOf(steps), witnesses);

/**
 * True when every witness has been looked at since this very thing was first wanted. Until then it asks, and the owner is
 * woken after the looks.
 */
export function lookedAgain(fleet: Fleet, owner: string, words: string, witnesses: readonly WatchedHost[]): boolean {
  const key = `confirm ${owner}`;
  if (fleet.wanted.get(owner) !== words) {
    fleet.wanted.set(owner, words);
    fleet.fences.raise(key, witnesses);
    return false;
  }
  if (!witnesses.every((witness) => fleet.fences.passed(key, witness))) return false;
  fleet.wanted.delete(owner);
  return true;
}

/** The first of these times; undefined when there is none. */
export const soonest = (times: readonly (number | undefined)[]): number | undefined => {
  const known = times.flatMap((time) => time ?? []);
  return known.length === 0 ? undefined : Math.min(...known);
};

/** Conditions of which the later say the last word. */
export function merged(...lists: readonly (readonly ConditionUpdate[])[]): ConditionUpdate[] {
  return [...new Map(lists.flat().map((condition) => [condition.type, condition])).values()];
}
