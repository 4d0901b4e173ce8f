import type { Logger } from "pino";
import type { Clock } from "../../clock.ts";
import type { HostCommand, Outcome } from "../../host/command.ts";
import type { ScriptName } from "../../host/scripts.ts";
import { isSameRef, type ObjectRef, objectOf, RefMap, RefSet, type WorkRef } from "../identity.ts";
import { type Step, type StepOutcome, type StepResult, wordsOf } from "./step.ts";
import type { Extent, LookRequest } from "./view.ts";

interface QueuedJob {
  readonly owners: RefSet<WorkRef>;
  readonly steps: readonly Step[];
  readonly words: string;
  /** The probe that shows its effect to all of its owners. */
  extent: Extent;
  /** When the job was handed over, monotonic milliseconds. */
  readonly at: number;
  /** The log of the reconcile that handed it over. */
  readonly log: Logger | undefined;
}

/** For how long the clients' answers justify an interrupting step after it was decided. */
const confirmedMs = 5_000;

/** Options of {@link Lanes}. */
export interface LanesOptions {
  readonly clock: Clock;
  /** How many jobs of different owners may run at once on this host. */
  readonly parallel: number;
  /** Runs one step to its end; undefined when it could not begin before `notAfter` (monotonic). Never rejects. */
  readonly run: (step: Step, notAfter: number | undefined, log: Logger | undefined) => Promise<StepOutcome | undefined>;
  /** Requests a probe that begins after now. */
  readonly ask: (extent: Extent) => LookRequest;
  readonly hasAnswered: (request: LookRequest) => boolean;
  /** Called when a job has ended, before a probe has shown its effect. */
  readonly onEnded: (owners: Iterable<WorkRef>) => void;
  readonly stopped: () => boolean;
}

/**
 * The jobs of one host. Steps of one job run in order until the first that does not succeed; jobs of different owners
 * run in parallel, except exclusive ones; two owners with the same steps share one job.
 */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #queue: QueuedJob[] = [];
  readonly #running = new Set<QueuedJob>();
  readonly #work = new Set<Promise<void>>();
  /** Per owner: the probe that will show the effect of its finished job. */
  readonly #proof = new RefMap<LookRequest, WorkRef>();
  readonly #results = new RefMap<StepResult[], WorkRef>();

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  /** The number of jobs that run or wait to run. */
  get active(): number {
    return this.#queue.length + this.#running.size;
  }

  /** Resolves when no step is running. */
  async ended(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  submit(owner: WorkRef, steps: readonly Step[], log?: Logger): void {
    const words = wordsOf(steps);
    const extent = extentAfter(steps);
    const same = this.#queue.find((job) => job.words === words);
    if (same === undefined)
      this.#queue.push({ owners: new RefSet([owner]), steps, words, extent, at: this.#options.clock.monotonic(), log });
    else {
      same.owners.add(owner);
      if (same.extent === "Running") same.extent = extent;
    }
    this.#start();
  }

  /** True until the owner's job has run and a probe has shown its effect. */
  pending(owner: WorkRef): boolean {
    if ([...this.#queue, ...this.#running].some((job) => job.owners.has(owner))) return true;
    const proof = this.#proof.get(owner);
    return proof !== undefined && !this.#options.hasAnswered(proof);
  }

  /** How the steps of the owner's last job ended; the last result may be no success. */
  results(owner: WorkRef): readonly StepResult[] {
    return this.#results.get(owner) ?? [];
  }

  /** Owners whose job's effect was shown by a probe since; each is returned once. */
  takeShown(): WorkRef[] {
    const shown = [...this.#proof].filter(([, proof]) => this.#options.hasAnswered(proof)).map(([owner]) => owner);
    for (const owner of shown) this.#proof.delete(owner);
    return shown;
  }

  /** Forgets the results of the object and of its parts. */
  forget(object: ObjectRef): void {
    for (const known of [...this.#results.keys()]) if (isSameRef(objectOf(known), object)) this.#results.delete(known);
  }

  #start(): void {
    while (this.#running.size < this.#options.parallel) {
      const next = this.#queue[0];
      if (next === undefined || this.#options.stopped()) return;
      const alone = isExclusive(next);
      if (this.#running.size > 0 && (alone || [...this.#running].some(isExclusive))) return;
      this.#queue.shift();
      const job = this.#joined(next);
      this.#running.add(job);
      const work = this.#run(job).finally(() => this.#work.delete(work));
      this.#work.add(work);
    }
  }

  /** Joins waiting jobs with the same mergeable action into one: one search finds the targets of all. */
  #joined(first: QueuedJob): QueuedJob {
    const merge = mergeOf(first);
    const [step] = first.steps;
    if (merge === undefined || step === undefined) return first;
    const joining = this.#queue.filter((job) => mergeOf(job) !== undefined && job.steps[0]?.action === step.action);
    const jobs = [first, ...joining.slice(0, mostJoined - 1)];
    if (jobs.length === 1) return first;
    for (const job of jobs) if (job !== first) this.#queue.splice(this.#queue.indexOf(job), 1);
    const targets = jobs.flatMap((job) => mergeOf(job)?.targets ?? []);
    const command = merge.command(targets);
    return {
      owners: new RefSet(jobs.flatMap(({ owners }) => [...owners])),
      steps: [{ ...step, command, summary: command.ensures }],
      words: first.words,
      extent: first.extent,
      at: first.at,
      log: first.log,
    };
  }

  async #run(job: QueuedJob): Promise<void> {
    const results: StepResult[] = [];
    for (const step of job.steps) {
      if (this.#options.stopped()) break;
      const outcome = await this.#options.run(
        step,
        step.interrupts === true ? job.at + confirmedMs : undefined,
        job.log,
      );
      // The step waited too long for its turn or for the host: a client may hold the device by now, so decide again.
      if (outcome === undefined) break;
      results.push({ step, outcome, at: this.#options.clock.monotonic() });
      if (outcome.kind !== "done") break;
    }
    this.#running.delete(job);
    if (results.length > 0) for (const owner of job.owners) this.#results.set(owner, results);
    this.#start();
    const request = this.#options.ask(job.extent);
    for (const owner of job.owners) this.#proof.set(owner, request);
    this.#options.onEnded(job.owners);
  }
}

/** Scripts that change who answers on an AoE segment, or whether the host hears the answers. */
const ofSegments: ReadonlySet<string> = new Set<ScriptName>([
  "install-packages",
  "interface-up",
  "ensure-export",
  "remove-export",
  "prepare-initiator",
  "discover",
  "revalidate",
]);

/** The extent of a probe that shows the effect of these steps. */
function extentAfter(steps: readonly Step[]): Extent {
  if (steps.every(({ shownBy }) => shownBy === "Running")) return "Running";
  return steps.some(({ action }) => ofSegments.has(action)) ? "All" : "WithoutSegments";
}

const mostJoined = 64;
const mergeOf = (job: QueuedJob) => (job.steps.length === 1 ? job.steps[0]?.merge : undefined);
const isExclusive = (job: QueuedJob) => job.steps.some(({ exclusive }) => exclusive === true);

/** Options of {@link Waits}. */
export interface WaitsOptions {
  /** Runs a command that changes nothing; undefined when it ended without an exit status. */
  readonly run: (command: HostCommand) => Promise<Outcome | undefined>;
}

/**
 * Commands that wait on the host for an event and change nothing, where probes would have to ask repeatedly. They run
 * beside the jobs and delay none of them.
 */
export class Waits {
  readonly #options: WaitsOptions;
  readonly #waiting = new RefMap<Promise<void>>();

  constructor(options: WaitsOptions) {
    this.#options = options;
  }

  /** The number of commands that wait. */
  get active(): number {
    return this.#waiting.size;
  }

  /**
   * Does nothing if the owner waits already. `come` is called with the outcome of the wait, unless the command was
   * lost.
   */
  begin(owner: ObjectRef, command: HostCommand, come: (outcome: Outcome) => void): void {
    if (this.#waiting.has(owner)) return;
    const waiting = this.#options.run(command).then((outcome) => {
      this.#waiting.delete(owner);
      if (outcome !== undefined) come(outcome);
    });
    this.#waiting.set(owner, waiting);
  }

  /** Resolves when no command waits. */
  async ended(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.all(this.#waiting.values());
  }
}
