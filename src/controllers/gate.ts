import type { Logger } from "pino";
import { cut } from "../api/fit-status.ts";
import type { PlanStep } from "../api/plan-step.ts";
import { type Directives, suspends } from "./directives.ts";
import type { Due } from "./hosts/ledger.ts";
import type { Machine } from "./hosts/machine.ts";
import { observeOnly, type Step, type StepOutcome, type StepResult, wordsOf } from "./hosts/step.ts";
import type { Extent } from "./hosts/view.ts";
import { type ObjectRef, objectOf, type WorkRef } from "./identity.ts";
import type { World } from "./world.ts";

/** The steps of a plan that run on one machine, one after the other. */
export interface Job {
  readonly work: WorkRef;
  readonly machine: Machine;
  readonly steps: readonly Step[];
  /** The facts on which the steps rest, as text: when they change, a failed step is worth another try. */
  readonly basis: string;
  /** Machines to be probed again before a step that interrupts clients. */
  readonly confirmedBy?: readonly Machine[];
  /**
   * Machines that the steps change besides the one on which they run: other nodes of a cluster, the other end of a
   * migration.
   */
  readonly concerns?: readonly Machine[];
  /** False: the facts that the plan rests on are too old for it. */
  readonly fresh?: boolean;
  /** True: a step is left out until its turn comes, so that the job has not worked when the others are done. */
  readonly incomplete?: boolean;
}

/** What became of the jobs at the gate. */
export interface Handed {
  /** Steps that start now, for the first time. */
  readonly started: readonly Step[];
  /** Steps that do not run now: tried without effect, to be tried again, or withheld from an observed machine. */
  readonly held: readonly Held[];
  /** Steps that only `spec.management: Observe` keeps from running; each is in `held` too. */
  readonly withheld: readonly Step[];
  /** Seconds until the first of `held` is due. */
  readonly againSeconds: number | undefined;
}

/** A step that does not run now, and the outcome that says why: tried without effect, or withheld from an observed machine. */
export interface Held {
  readonly step: Step;
  readonly outcome: StepOutcome;
}

/** True for work that continues after the command has ended: the next look shows its progress. */
export const goesOn = ({ outcome }: Held): boolean =>
  outcome.kind === "done" && /^(waiting|copying|blanking)/.test(outcome.detail);

/** The result when nothing was handed over. */
export const nothingHanded: Handed = { started: [], held: [], withheld: [], againSeconds: undefined };

/** The parts of the world that the gate uses. */
type Books = Pick<World, "freshness" | "ledger">;

/** For whom jobs come to the gate. */
interface Caller {
  /** What the annotations of the object say. */
  readonly directives: Directives;
  /** The reconcile's, for the lines of the jobs. */
  readonly log?: Logger;
}

/** A job at the gate, and the results of its last run. */
interface Candidate {
  readonly world: Books;
  readonly directives: Directives;
  readonly job: Job;
  readonly first: Step | undefined;
  readonly results: readonly StepResult[];
  /** Whether the job was tried before, and may be tried now; computed only when a gate asks for it. */
  readonly due: () => Due;
}

interface Refusal {
  readonly held?: Held | undefined;
  readonly withheld?: readonly Held[];
  readonly againSeconds?: number;
}

/** One check of a job; undefined lets it pass. */
type Gate = (candidate: Candidate) => Refusal | undefined;

/**
 * Checks whether a job may run, in this order; the first refusal decides. Earlier, a migration without a permit or a
 * domain before its turn plans no step. Later, on the machine, the claim is checked, and the script of the step makes
 * its own checks.
 */
const gates: readonly Gate[] = [isWanted, isManaged, isTrusted, isFresh, isIdle, hasSteps, isDue, isConfirmed];

/** No step runs for an object whose annotations suspend changes. */
function isWanted({ directives }: Candidate): Refusal | undefined {
  return suspends(directives) ? {} : undefined;
}

/** No step runs on an observed machine. */
function isManaged({ job }: Candidate): Refusal | undefined {
  const observer = observerOf(job);
  if (observer === undefined || job.steps.length === 0) return undefined;
  return { withheld: job.steps.map((step) => ({ step, outcome: observeOnly(observer) })) };
}

/** The object that keeps the job's machine, or a machine that the job concerns, from being changed. */
export function observerOf({ machine, concerns = [] }: Pick<Job, "machine" | "concerns">): ObjectRef | undefined {
  for (const { observer } of [machine, ...concerns]) if (observer !== undefined) return observer;
  return undefined;
}

/** Until its host key and its machine-id are recorded, a machine is only probed. */
function isTrusted({ job: { machine } }: Candidate): Refusal | undefined {
  return machine.trusted ? undefined : {};
}

/** No step runs on facts that are older than the request for it. */
function isFresh({ job: { fresh = true } }: Candidate): Refusal | undefined {
  return fresh ? undefined : {};
}

/** The look that shows what the last job of this work did comes first. */
function isIdle({ world, job, first, results }: Candidate): Refusal | undefined {
  if (!job.machine.agent.pending(job.work)) return undefined;
  const outcome = world.ledger.lastOutcome(machineWorkOf(job), job.steps);
  if (first === undefined || outcome === undefined) return {};
  return { held: { step: results.at(-1)?.step ?? first, outcome } };
}

/** No steps are left: what was tried has worked. */
function hasSteps({ world, job, first }: Candidate): Refusal | undefined {
  if (first !== undefined) return undefined;
  if (job.incomplete !== true) world.ledger.worked(machineWorkOf(job));
  return {};
}

/** A step without effect is tried again after a pause. */
function isDue(candidate: Candidate): Refusal | undefined {
  const due = candidate.due();
  if (due.kind === "Go") return undefined;
  return { held: heldBy(candidate), againSeconds: due.seconds };
}

/** Before a step that interrupts every client, the machines that confirm it are probed again. */
function isConfirmed(candidate: Candidate): Refusal | undefined {
  const { world, job } = candidate;
  if (job.steps.every(({ interrupts }) => interrupts !== true)) return undefined;
  if (lookedAgain(world, objectOf(job.work), wordsOf(job.steps), job.confirmedBy ?? [])) return undefined;
  return { held: heldBy(candidate) };
}

function heldBy({ first, results, due }: Candidate): Held | undefined {
  const { outcome } = due();
  const step = results.at(-1)?.step ?? first;
  return step === undefined || outcome === undefined ? undefined : { step, outcome };
}

/** True if the steps of the job had no effect and their pause is not over. */
export function rests(world: Books, job: Job): boolean {
  const results = job.machine.agent.results(job.work);
  return world.ledger.due(machineWorkOf(job), job.steps, job.basis, results).kind === "Wait";
}

const machineWorkOf = ({ work, machine }: Job) => ({ work, machine: machine.endpoint.id });

/** Hands the jobs that may run to the agents of their machines, without waiting. */
export function handOver(world: Books, jobs: readonly Job[], { directives, log }: Caller): Handed {
  const started: Step[] = [];
  const held: Held[] = [];
  const withheld: Step[] = [];
  const again: (number | undefined)[] = [];
  for (const job of jobs) {
    const results = job.machine.agent.results(job.work);
    let known: Due | undefined;
    const due = () => {
      known ??= world.ledger.due(machineWorkOf(job), job.steps, job.basis, results);
      return known;
    };
    const candidate = { world, directives, job, first: job.steps[0], results, due };
    const refusal = firstRefusal(candidate);
    const told = refusal === undefined ? heldBy(candidate) : refusal.held;
    if (told !== undefined) held.push(told);
    // For one condition the last entry counts: the first step, which comes next, goes last.
    held.push(...(refusal?.withheld ?? []).toReversed());
    withheld.push(...(refusal?.withheld ?? []).map(({ step }) => step));
    again.push(refusal?.againSeconds);
    if (refusal !== undefined) continue;
    world.ledger.begin(machineWorkOf(job), job.steps, job.basis, results);
    job.machine.agent.lanes.submit(job.work, job.steps, log);
    if (told === undefined) started.push(...job.steps);
  }
  return { started, held, withheld, againSeconds: soonest(again) };
}

function firstRefusal(candidate: Candidate): Refusal | undefined {
  for (const gate of gates) {
    const refusal = gate(candidate);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/**
 * True when every machine has been looked at since this text was first wanted. Until then it demands these looks, and
 * the object is woken after them.
 */
export function lookedAgain(
  world: Books,
  object: ObjectRef,
  words: string,
  machines: readonly Machine[],
  extent?: Extent,
): boolean {
  if (!world.ledger.wants(object, words)) {
    world.freshness.demand(object, machines, "Confirm", extent);
    return false;
  }
  if (!machines.every((machine) => world.freshness.isFresh(object, machine, "Confirm"))) return false;
  world.ledger.hasWanted(object);
  return true;
}

/** The smallest of these times; undefined when there is none. */
export const soonest = (times: readonly (number | undefined)[]): number | undefined => {
  const known = times.flatMap((time) => time ?? []);
  return known.length === 0 ? undefined : Math.min(...known);
};

/** The steps as `status.plan` shows them: at most 64. */
export function printed(steps: readonly Step[]): PlanStep[] {
  return steps.slice(0, 64).map(({ host: { kind, name }, action, summary }) => ({
    hostRef: { kind, name },
    action,
    summary: cut(summary, 1024),
  }));
}
