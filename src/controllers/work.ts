import type { Logger } from "pino";
import type { ConditionUpdate } from "../runtime/conditions.ts";
import type { Machine } from "./hosts/machine.ts";
import { type Step, type StepOutcome, wordsOf } from "./hosts/step.ts";
import { type ObjectRef, objectOf, type WorkRef } from "./identity.ts";
import type { World } from "./world.ts";

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
  readonly host: Machine;
  readonly steps: readonly Step[];
  readonly basis: string;
  /** Machines to be asked once more before a step that interrupts. */
  readonly witnesses: readonly Machine[];
}

/** Hands the steps to the machines they run on; never waits for them. `log`: that of the reconcile, for what they do there. */
export function handOver(world: World, owner: WorkRef, parts: readonly Part[], log?: Logger): Handed {
  const started: Step[] = [];
  const held: { step: Step; outcome: StepOutcome }[] = [];
  let againSeconds: number | undefined;
  for (const { host, steps, basis, witnesses } of parts) {
    const { agent } = host;
    const [first] = steps;
    const place = { work: owner, machine: host.endpoint.id };
    if (!host.trusted) continue;
    if (agent.pending(owner)) {
      const outcome = world.ledger.lastOutcome(place, steps);
      if (first !== undefined && outcome !== undefined)
        held.push({ step: agent.results(owner).at(-1)?.step ?? first, outcome });
      continue;
    }
    if (first === undefined) {
      world.ledger.settle(place);
      continue;
    }
    const results = agent.results(owner);
    const verdict = world.ledger.judge(place, steps, basis, results);
    if (verdict.outcome !== undefined) held.push({ step: results.at(-1)?.step ?? first, outcome: verdict.outcome });
    if (verdict.kind === "Wait") {
      againSeconds = Math.min(againSeconds ?? verdict.seconds, verdict.seconds);
      continue;
    }
    if (steps.some(({ interrupts }) => interrupts === true) && !confirmed(world, owner, steps, witnesses)) continue;
    world.ledger.begin(place, steps, basis, results);
    agent.lanes.submit(owner, steps, log);
    if (verdict.outcome === undefined) started.push(...steps);
  }
  return { started, held, againSeconds };
}

/** {@link lookedAgain} for these very steps. */
const confirmed = (world: World, owner: WorkRef, steps: readonly Step[], witnesses: readonly Machine[]): boolean =>
  lookedAgain(world, objectOf(owner), wordsOf(steps), witnesses);

/**
 * True when every witness has been looked at since this very thing was first wanted. Until then it asks, and the object is
 * woken after the looks.
 */
export function lookedAgain(world: World, object: ObjectRef, words: string, witnesses: readonly Machine[]): boolean {
  if (!world.ledger.wants(object, words)) {
    world.freshness.demand(object, witnesses, "Confirm");
    return false;
  }
  if (!witnesses.every((witness) => world.freshness.holds(object, witness, "Confirm"))) return false;
  world.ledger.hasWanted(object);
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
