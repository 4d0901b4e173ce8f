import type { Logger } from "pino";
import type { PlanStep } from "../api/plan-step.ts";
import type { Directives } from "./directives.ts";
import type { Permission } from "./hosts/ledger.ts";
import type { Machine } from "./hosts/machine.ts";
import { observeOnly } from "./hosts/observe-only.ts";
import { type Step, type StepOutcome, type StepResult, wordsOf } from "./hosts/step.ts";
import { hostText, type ObjectRef, objectOf, type WorkRef } from "./identity.ts";
import type { World } from "./world.ts";

/** The steps of a plan that run on one machine, one after the other. */
export interface Job {
  readonly work: WorkRef;
  readonly machine: Machine;
  readonly steps: readonly Step[];
  /** The facts that made them look right, as text: when they change, what failed is worth another try. */
  readonly basis: string;
  /** Machines to be asked again before a step that interrupts. */
  readonly witnesses?: readonly Machine[];
  /** Machines that the steps change beside the one on which they run: the other nodes of a cluster, a migration's other end. */
  readonly concerns?: readonly Machine[];
  /** False: what the plan rests on is too old for it. */
  readonly fresh?: boolean;
  /** A step is left out until its turn comes: that the others are done does not mean that it has worked. */
  readonly incomplete?: boolean;
}

/** What became of jobs when they came to the gate. */
export interface Handed {
  /** Steps that start now, for the first time. */
  readonly started: readonly Step[];
  /** Steps that were tried and did not help; they are tried again, now or later. */
  readonly held: readonly Held[];
  /** Steps that nothing but `spec.management: Observe` keeps from being done; each is in `held` too. */
  readonly observed: readonly Step[];
  /** When the first of `held` is due. */
  readonly againSeconds: number | undefined;
}

/** A step that was tried and did not help. */
export interface Held {
  readonly step: Step;
  readonly outcome: StepOutcome;
}

/** Work that goes on beyond the command: the next look shows how far it is. */
export const goesOn = ({ outcome }: Held): boolean =>
  outcome.kind === "done" && /^(waiting|copying|blanking)/.test(outcome.detail);

/** Nothing was handed over. */
export const nothingHanded: Handed = { started: [], held: [], observed: [], againSeconds: undefined };

/** What the gate asks. */
type Books = Pick<World, "freshness" | "ledger">;

/** A job at the gate, and what is known of its last time there. */
interface Candidate {
  readonly world: Books;
  readonly job: Job;
  readonly first: Step | undefined;
  readonly results: readonly StepResult[];
  /** Whether it was tried before, and may be tried now; not asked for before its turn in the list. */
  readonly permission: () => Permission;
}

interface Refusal {
  readonly held?: Held | undefined;
  readonly observed?: readonly Held[];
  readonly againSeconds?: number;
}

/** Undefined: the job may pass. */
type Gate = (candidate: Candidate) => Refusal | undefined;

/**
 * Whether a job may run, in this order; the first that refuses decides. Before it, the annotations paused and dry-run withhold
 * the whole plan, and a migration without its permit or a domain before its turn plans no step; after it, on the machine, the
 * claim is checked, and whatever the script of the step checks for itself.
 */
const gates: readonly Gate[] = [isManaged, isTrusted, isFresh, isIdle, hasSteps, isDue, isConfirmed];

/** On an observed machine no step runs. */
function isManaged({ job }: Candidate): Refusal | undefined {
  const observer = observerOf(job);
  if (observer === undefined || job.steps.length === 0) return undefined;
  return { observed: job.steps.map((step) => ({ step, outcome: observeOnly(observer) })) };
}

/** The object that keeps the job's machine, or one that it concerns, from being changed. */
export function observerOf({ machine, concerns = [] }: Pick<Job, "machine" | "concerns">): ObjectRef | undefined {
  for (const { observer } of [machine, ...concerns]) if (observer !== undefined) return observer;
  return undefined;
}

/** Until its host key and its machine-id are recorded, a machine is probed, and nothing is changed on it. */
function isTrusted({ job: { machine } }: Candidate): Refusal | undefined {
  return machine.trusted ? undefined : {};
}

/** No step runs on facts that are older than what asked for it. */
function isFresh({ job: { fresh = true } }: Candidate): Refusal | undefined {
  return fresh ? undefined : {};
}

/** A look shows first what the last job of this work did. */
function isIdle({ world, job, first, results }: Candidate): Refusal | undefined {
  if (!job.machine.agent.pending(job.work)) return undefined;
  const outcome = world.ledger.lastOutcome(placeOf(job), job.steps);
  if (first === undefined || outcome === undefined) return {};
  return { held: { step: results.at(-1)?.step ?? first, outcome } };
}

/** Nothing to be done: what was tried has worked. */
function hasSteps({ world, job, first }: Candidate): Refusal | undefined {
  if (first !== undefined) return undefined;
  if (job.incomplete !== true) world.ledger.settle(placeOf(job));
  return {};
}

/** A step without effect is tried again after a pause. */
function isDue(candidate: Candidate): Refusal | undefined {
  const permission = candidate.permission();
  if (permission.kind === "Go") return undefined;
  return { held: heldBy(candidate), againSeconds: permission.seconds };
}

/** Before a step that interrupts every client, its witnesses are probed again. */
function isConfirmed(candidate: Candidate): Refusal | undefined {
  const { world, job } = candidate;
  if (job.steps.every(({ interrupts }) => interrupts !== true)) return undefined;
  if (lookedAgain(world, objectOf(job.work), wordsOf(job.steps), job.witnesses ?? [])) return undefined;
  return { held: heldBy(candidate) };
}

function heldBy({ first, results, permission }: Candidate): Held | undefined {
  const { outcome } = permission();
  const step = results.at(-1)?.step ?? first;
  return step === undefined || outcome === undefined ? undefined : { step, outcome };
}

/** Its steps had no effect, and their pause is not over. */
export function rests(world: Books, job: Job): boolean {
  const results = job.machine.agent.results(job.work);
  return world.ledger.judge(placeOf(job), job.steps, job.basis, results).kind === "Wait";
}

const placeOf = ({ work, machine }: Job) => ({ work, machine: machine.endpoint.id });

/** Hands the jobs that may run to the agents of their machines; never waits for them. `log`: of the reconcile, for what they do. */
export function handOver(world: Books, jobs: readonly Job[], log?: Logger): Handed {
  const started: Step[] = [];
  const held: Held[] = [];
  const observed: Step[] = [];
  const again: (number | undefined)[] = [];
  for (const job of jobs) {
    const results = job.machine.agent.results(job.work);
    let known: Permission | undefined;
    const permission = () => {
      known ??= world.ledger.judge(placeOf(job), job.steps, job.basis, results);
      return known;
    };
    const candidate = { world, job, first: job.steps[0], results, permission };
    const refusal = firstRefusal(candidate);
    const told = refusal === undefined ? heldBy(candidate) : refusal.held;
    if (told !== undefined) held.push(told);
    // Of several for one condition the last counts, and the first step is what comes next.
    held.push(...(refusal?.observed ?? []).toReversed());
    observed.push(...(refusal?.observed ?? []).map(({ step }) => step));
    again.push(refusal?.againSeconds);
    if (refusal !== undefined) continue;
    world.ledger.begin(placeOf(job), job.steps, job.basis, results);
    job.machine.agent.lanes.submit(job.work, job.steps, log);
    if (told === undefined) started.push(...job.steps);
  }
  return { started, held, observed, againSeconds: soonest(again) };
}

function firstRefusal(candidate: Candidate): Refusal | undefined {
  for (const gate of gates) {
    const refusal = gate(candidate);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/**
 * True when every witness has been looked at since this very thing was first wanted. Until then it asks, and the object is
 * woken after the looks.
 */
export function lookedAgain(world: Books, object: ObjectRef, words: string, witnesses: readonly Machine[]): boolean {
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

/** `status.plan`: at most 64 steps. */
export function printed(steps: readonly Step[]): PlanStep[] {
  return steps
    .slice(0, 64)
    .map(({ host, action, summary }) => ({ host: hostText(host), action, summary: summary.slice(0, 1024) }));
}

/** Whether an annotation keeps the steps from being done; with dry-run they are written down instead. */
export function withheld(
  status: { plan?: PlanStep[] | undefined },
  { dryRun, paused }: Directives,
  plan: () => PlanStep[],
): boolean {
  delete status.plan;
  if (dryRun) status.plan = plan();
  return dryRun || paused;
}
