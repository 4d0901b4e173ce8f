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
import type { Extent } from "./extent.ts";
import { Lanes, Waits } from "./lanes.ts";
import { observeOnly } from "./observe-only.ts";
import type { Step, StepOutcome, StepResult } from "./step.ts";
import { type HostView, lastSnapshot, pending, type Snapshot } from "./view.ts";

/** What an agent is built from. */
export interface HostAgentOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly intervalSeconds: number;
  /** Jobs of different owners that may run at once. */
  readonly parallel: number;
  readonly session: (target: SshTarget) => HostSession;
  /** Decided anew before every probe and every step: Secrets rotate, host keys get recorded. */
  readonly route: () => Route;
  /** What to ask this time: the union of what all objects on this host need. */
  readonly probe: (extent: Extent) => HostCommand;
  /** After every probe, successful or not. `settled`: whose jobs this probe has proven. */
  readonly onView: (before: HostView, settled: readonly WorkRef[]) => void;
  /** After every job, before a probe shows what it did. */
  readonly onEnded: (owners: Iterable<WorkRef>) => void;
  /** Whom every command is meant for; decided anew each time. */
  readonly addressee: () => Addressee;
  /** An object that wants the machine looked at only; decided anew before every step. */
  readonly observer: () => ObjectRef | undefined;
  readonly onHostKey: (publicKey: string) => void;
  readonly onCommand: (name: string, error: HostError | undefined) => void;
}

/**
 * How long an asked-for probe waits for the host's other jobs, so that one probe shows the work of many; on a host that
 * is slow to answer, as long as the last probe took.
 */
const patienceMs = 2_000;

/**
 * The only one who talks to a host. It looks once per interval, sooner when asked, never twice at once; everybody who
 * asks before a look begins shares it. Changes are queued here, so that a host that hangs holds up nothing but itself.
 */
export class HostAgent {
  readonly lanes: Lanes;
  readonly waits: Waits;
  readonly #options: HostAgentOptions;
  #view: HostView = pending;
  /** The youngest ask, and the youngest ask that a finished probe has answered. */
  #asked = 0;
  #covered = 0;
  #askedAt = 0;
  #probedAt: number | undefined;
  /** When the last look at everything began, and whether one is asked for. */
  #allAt = Number.NEGATIVE_INFINITY;
  #wantsAll = true;
  /** Milliseconds the last answered probe took. */
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

  /** Seconds since the last successful probe came back; infinite when the last one failed. */
  get sinceLookSeconds(): number {
    return (this.ageSeconds() ?? Number.POSITIVE_INFINITY) - this.tookSeconds;
  }

  /** How long the last answered probe took. */
  get tookSeconds(): number {
    return this.#took / 1000;
  }

  /** Asks for a probe that begins after now; the answer compares with {@link covered} and `Snapshot.mark`. */
  ask(extent: Extent = "All"): number {
    if (extent === "All") this.#wantsAll = true;
    if (this.#asked === this.#covered) this.#askedAt = this.#options.clock.monotonic();
    this.#asked++;
    this.#poke();
    return this.#asked;
  }

  /** Asks up to this one have been answered, by facts or by a failure. */
  get covered(): number {
    return this.#covered;
  }

  pending(owner: WorkRef): boolean {
    return this.lanes.pending(owner, this.#covered);
  }

  results(owner: WorkRef): readonly StepResult[] {
    return this.lanes.results(owner);
  }

  /** Watches until the signal is aborted and the last step has ended. */
  async run(signal: AbortSignal): Promise<void> {
    this.#stop = signal;
    while (!signal.aborted) {
      await this.#look(signal);
      await this.#untilDue(signal);
    }
    // Whoever watches next must not plan while a step of ours is still being called off.
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
    // A host that needs most of the interval to answer has other work to do as well, above all what was just begun there.
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

  /** Without the segments only when nobody wants them and what is known of them is younger than an interval. */
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
    // Word for word the same: the same facts, which nobody has to compare.
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
    const message = `The probe ended with exit code ${result.exitCode} and said ${JSON.stringify(said)}`;
    return { state: "Unreachable", reason: "ProbeUnreadable", message, last };
  }

  /** Says so when another machine answered than the one that was recorded: what it shows is nothing of ours. */
  #otherMachine({ identity }: HostFacts): string | undefined {
    const { machineId } = this.#options.addressee();
    if (machineId === undefined || identity.state !== "known") return undefined;
    const seen = identity.value.machineId;
    if (seen === "" || seen === machineId) return undefined;
    const way = `if it replaces the old one permanently, set the annotation xensan.dev/approve=Machine:${seen}`;
    return `The machine has machine-id ${seen}, but ${machineId} was recorded: xensan changes nothing on it; ${way}`;
  }

  async #act(step: Step, notAfter: number | undefined, by: Logger | undefined): Promise<StepOutcome | undefined> {
    const log = by?.child(this.#options.log.bindings()) ?? this.#options.log;
    const beginWithinSeconds = notAfter === undefined ? undefined : (notAfter - this.#options.clock.monotonic()) / 1000;
    if (beginWithinSeconds !== undefined && beginWithinSeconds <= 0) return undefined;
    const observer = this.#options.observer();
    if (observer !== undefined) return observeOnly(observer);
    // The host went away while the step waited for its turn: what justified it is no longer known.
    if (this.#view.state === "Unreachable")
      return { kind: "lost", reason: this.#view.reason, message: this.#view.message };
    const route = this.#options.route();
    if (route.kind === "problem") return { kind: "lost", reason: route.reason, message: route.message };
    try {
      const command = addressed(step.command, this.#options.addressee());
      const result = await this.#run(route.target, command, this.#stop, beginWithinSeconds);
      const outcome = outcomeOf(result);
      log.info({ action: step.action, ensures: step.summary, outcome }, "acted");
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
