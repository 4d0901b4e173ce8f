import type { Logger } from "pino";
import type { Reason } from "../../api/reasons.ts";
import type { Clock } from "../../clock.ts";
import { type Addressee, addressed } from "../../host/addressee.ts";
import type { HostCommand, Outcome } from "../../host/command.ts";
import type { HostFacts } from "../../host/facts.ts";
import { outcomeOf } from "../../host/outcome.ts";
import { parseProbeGently } from "../../host/parse-probe.ts";
import { noLongerNeeded } from "../../runtime/cancellation.ts";
import { HostError, type HostSession, type RunResult, type SshTarget } from "../../ssh/host-session.ts";
import type { ObjectRef, WorkRef } from "../identity.ts";
import type { Route } from "./endpoint.ts";
import { Lanes, Waits } from "./lanes.ts";
import { observeOnly, type Step, type StepOutcome, type StepResult } from "./step.ts";
import { type Extent, type HostView, lastSnapshot, pending, type Snapshot } from "./view.ts";

/** Options of {@link HostAgent}. */
export interface HostAgentOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly intervalSeconds: number;
  /** How many jobs of different owners may run at once. */
  readonly parallel: number;
  readonly session: (target: SshTarget) => HostSession;
  /** Called before every probe and every step, because Secrets rotate and host keys get recorded. */
  readonly route: () => Route;
  /** The probe to run: it asks for everything that the objects on this host need. */
  readonly probe: (extent: Extent) => HostCommand;
  /** Called after every probe, successful or not. `settled`: the owners whose jobs' effect this probe shows. */
  readonly onView: (before: HostView, settled: readonly WorkRef[]) => void;
  /** Called after every job, before a probe shows its effect. */
  readonly onEnded: (owners: Iterable<WorkRef>) => void;
  /** The machine and the claims that every command is meant for; called each time. */
  readonly addressee: () => Addressee;
  /** The object that wants the machine only observed; called before every step. */
  readonly observer: () => ObjectRef | undefined;
  readonly onHostKey: (publicKey: string) => void;
  readonly onCommand: (name: string, error: HostError | undefined) => void;
}

/**
 * How long a requested probe waits for the host's other jobs, so that one probe shows the effect of many; on a slow
 * host, as long as the last probe took.
 */
const patienceMs = 2_000;

/**
 * The only component that talks to a host. It probes once per interval, sooner on request, never twice at once; all
 * requests made before a probe begins share it. Jobs are queued here, so that a host that hangs delays only itself.
 */
export class HostAgent {
  readonly lanes: Lanes;
  readonly waits: Waits;
  readonly #options: HostAgentOptions;
  #view: HostView = pending;
  /** The latest request, and the latest request that a finished probe has answered. */
  #asked = 0;
  #covered = 0;
  #askedAt = 0;
  #probedAt: number | undefined;
  /** When the last probe of everything began, and whether one is requested. */
  #allAt = Number.NEGATIVE_INFINITY;
  #wantsAll = true;
  /** How many milliseconds the last answered probe took. */
  #took = 0;
  #stdout = "";
  #stop: AbortSignal | undefined;
  #poke: () => void = () => undefined;

  constructor(options: HostAgentOptions) {
    this.#options = options;
    this.lanes = new Lanes({
      clock: options.clock,
      parallel: options.parallel,
      run: (step, notAfter, by) => this.#act(step, notAfter, by),
      ask: (extent) => this.ask(extent),
      onEnded: (owners) => options.onEnded(owners),
      stopped: () => this.#stop?.aborted ?? true,
    });
    this.waits = new Waits({ run: (command) => this.#wait(command) });
  }

  get view(): HostView {
    return this.#view;
  }

  /** Seconds since the last successful probe began. */
  ageSeconds(): number | undefined {
    const snapshot = this.#view.state === "Reachable" ? this.#view.snapshot : undefined;
    return snapshot === undefined ? undefined : (this.#options.clock.monotonic() - snapshot.startedAt) / 1000;
  }

  /** Seconds since the last successful probe ended; infinite when the last probe failed. */
  get sinceLookSeconds(): number {
    return (this.ageSeconds() ?? Number.POSITIVE_INFINITY) - this.tookSeconds;
  }

  /** How long the last answered probe took. */
  get tookSeconds(): number {
    return this.#took / 1000;
  }

  /** Requests a probe that begins after now; the result compares with {@link covered} and `Snapshot.mark`. */
  ask(extent: Extent = "All"): number {
    if (extent === "All") this.#wantsAll = true;
    if (this.#asked === this.#covered) this.#askedAt = this.#options.clock.monotonic();
    this.#asked++;
    this.#poke();
    return this.#asked;
  }

  /** Requests up to this one have been answered, by facts or by a failure. */
  get covered(): number {
    return this.#covered;
  }

  pending(owner: WorkRef): boolean {
    return this.lanes.pending(owner, this.#covered);
  }

  results(owner: WorkRef): readonly StepResult[] {
    return this.lanes.results(owner);
  }

  /** Probes until the signal is aborted and the last step has ended. */
  async run(signal: AbortSignal): Promise<void> {
    this.#stop = signal;
    while (!signal.aborted) {
      await this.#look(signal);
      await this.#untilDue(signal);
    }
    // Wait for cancelled steps to end, so that the next watcher does not plan while one is still running.
    await this.lanes.ended();
    await this.waits.ended();
  }

  async #untilDue(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const delay = this.#dueIn();
      if (delay <= 0) return;
      const wake = new AbortController();
      const stop = () => wake.abort(noLongerNeeded);
      this.#poke = stop;
      signal.addEventListener("abort", stop, { once: true });
      await this.#options.clock.sleep(delay, wake.signal).catch(() => undefined);
      signal.removeEventListener("abort", stop);
      this.#poke = () => undefined;
    }
  }

  #dueIn(): number {
    const now = this.#options.clock.monotonic();
    // A host that needs most of the interval to answer also has other work, above all the jobs that were just begun.
    const share = this.lanes.active + this.waits.active === 0 ? 2 : 10;
    const regular = (this.#probedAt ?? now) + Math.max(this.#options.intervalSeconds * 1000, share * this.#took) - now;
    if (this.#asked === this.#covered) return regular;
    const patience = Math.max(patienceMs, this.#took);
    return Math.min(regular, this.lanes.active === 0 ? 0 : this.#askedAt + patience - now);
  }

  async #look(signal: AbortSignal): Promise<void> {
    const mark = this.#asked;
    const startedAt = this.#options.clock.monotonic();
    const time = this.#options.clock.now();
    this.#probedAt = startedAt;
    const extent = this.#extent(startedAt);
    if (extent === "All") {
      this.#allAt = startedAt;
      this.#wantsAll = false;
    }
    const before = this.#view;
    const after = await this.#probe(signal, extent, { mark, startedAt, time });
    if (signal.aborted) return;
    this.#view = after;
    this.#covered = mark;
    this.#askedAt = this.#options.clock.monotonic();
    if (after.state === "Reachable") this.#took = this.#askedAt - startedAt;
    const settled = this.lanes.settle(mark);
    this.#options.onView(before, settled);
  }

  /** Leaves the segments out only if no request needs them and what is known of them is younger than an interval. */
  #extent(now: number): Extent {
    const known = this.#view.state === "Reachable" && now - this.#allAt < this.#options.intervalSeconds * 1000;
    return known && !this.#wantsAll ? "WithoutSegments" : "All";
  }

  async #probe(signal: AbortSignal, extent: Extent, when: Omit<Snapshot, "facts">): Promise<HostView> {
    const last = lastSnapshot(this.#view);
    const route = this.#options.route();
    if (route.kind === "problem") return { state: "Unreachable", reason: route.reason, message: route.message, last };
    try {
      const result = await this.#run(route.target, this.#options.probe(extent), signal);
      return await this.#understand(result, extent, when);
    } catch (error) {
      const { reason, message } = explain(error);
      return { state: "Unreachable", reason, message, last };
    }
  }

  async #understand(result: RunResult, extent: Extent, when: Omit<Snapshot, "facts">): Promise<HostView> {
    const last = lastSnapshot(this.#view);
    // The output is the same word for word, so the facts are the same and need not be compared.
    const same = this.#view.state === "Reachable" && this.#stdout === result.stdout;
    const parsed =
      same && last !== undefined
        ? last.facts
        : await parseProbeGently(result.stdout, () => this.#options.clock.sleep(0));
    const facts = extent === "All" || last === undefined ? parsed : { ...parsed, responders: last.facts.responders };
    this.#stdout = extent === "All" ? result.stdout : "";
    const sections = Object.values(facts);
    const other = this.#otherMachine(facts);
    if (other !== undefined) return { state: "Unreachable", reason: "MachineChanged", message: other, last };
    if (result.exitCode === 0 && sections.some(({ state }) => state !== "unknown"))
      return { state: "Reachable", snapshot: { facts, ...when } };
    const said = (result.stdout.trim() || result.stderr.trim()).slice(0, 200);
    const message = `The probe ended with exit code ${result.exitCode} and printed ${JSON.stringify(said)}`;
    return { state: "Unreachable", reason: "ProbeUnreadable", message, last };
  }

  /** The message when another machine than the recorded one answered: its facts say nothing about ours. */
  #otherMachine({ identity }: HostFacts): string | undefined {
    const { machineId } = this.#options.addressee();
    if (machineId === undefined || identity.state !== "known") return undefined;
    const seen = identity.value.machineId;
    if (seen === "" || seen === machineId) return undefined;
    const way = `if this machine permanently replaces the recorded one, set the annotation xensan.dev/approve=Machine:${seen}`;
    return `The machine has machine-id ${seen}, but machine-id ${machineId} was recorded: xensan changes nothing on it; ${way}`;
  }

  async #act(step: Step, notAfter: number | undefined, by: Logger | undefined): Promise<StepOutcome | undefined> {
    const log = by?.child(this.#options.log.bindings()) ?? this.#options.log;
    const beginWithinSeconds = notAfter === undefined ? undefined : (notAfter - this.#options.clock.monotonic()) / 1000;
    if (beginWithinSeconds !== undefined && beginWithinSeconds <= 0) return undefined;
    const observer = this.#options.observer();
    if (observer !== undefined) return observeOnly(observer);
    // The host became unreachable while the step waited: the facts that justified the step may no longer hold.
    if (this.#view.state === "Unreachable")
      return { kind: "lost", reason: this.#view.reason, message: this.#view.message };
    const route = this.#options.route();
    if (route.kind === "problem") return { kind: "lost", reason: route.reason, message: route.message };
    try {
      const command = addressed(step.command, this.#options.addressee());
      const result = await this.#run(route.target, command, this.#stop, beginWithinSeconds);
      const outcome = outcomeOf(result);
      log.info({ action: step.action, ensures: step.summary, outcome }, "a step ended");
      return outcome;
    } catch (error) {
      const tooLate = error instanceof HostError && error.code === "TimedOut" && !error.started;
      if (tooLate && beginWithinSeconds !== undefined) return undefined;
      const { reason, message } = explain(error);
      log.warn({ action: step.action, ensures: step.summary, err: error }, "a step ended without an exit status");
      return { kind: "lost", reason, message };
    }
  }

  async #wait(command: HostCommand): Promise<Outcome | undefined> {
    const route = this.#options.route();
    if (route.kind === "problem" || this.#stop?.aborted !== false) return undefined;
    try {
      const meant = addressed(command, this.#options.addressee());
      return outcomeOf(await this.#run(route.target, meant, this.#stop));
    } catch (error) {
      this.#options.log.debug({ waitsFor: command.ensures, err: error }, "a wait ended without an exit status");
      return undefined;
    }
  }

  async #run(
    target: SshTarget,
    command: HostCommand,
    signal: AbortSignal | undefined,
    beginWithinSeconds?: number,
  ): Promise<RunResult> {
    const { script, args, timeoutSeconds, maxOutputBytes } = command;
    try {
      const result = await this.#options.session({ ...target, onHostKey: this.#options.onHostKey }).run({
        script,
        args,
        timeoutSeconds,
        ...(maxOutputBytes === undefined ? {} : { maxOutputBytes }),
        ...(signal === undefined ? {} : { signal }),
        ...(beginWithinSeconds === undefined ? {} : { beginWithinSeconds }),
      });
      this.#options.onCommand(script.name, undefined);
      return result;
    } catch (error) {
      if (error instanceof HostError) this.#options.onCommand(script.name, error);
      throw error;
    }
  }
}

function explain(error: unknown): { reason: Reason; message: string } {
  if (error instanceof HostError) return { reason: error.code, message: error.message };
  return { reason: "ProbeUnreadable", message: error instanceof Error ? error.message : String(error) };
}
