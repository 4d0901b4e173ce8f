import type { Logger } from "pino";
import type { Reason } from "../../api/reasons.ts";
import type { Clock } from "../../clock.ts";
import { type Addressee, addressed } from "../../host/addressee.ts";
import type { HostCommand, Outcome } from "../../host/command.ts";
import type { HostFacts } from "../../host/facts.ts";
import { outcomeOf } from "../../host/outcome.ts";
import { parseProbeGently } from "../../host/parse-probe.ts";
import { linkedSignal, noLongerNeeded } from "../../runtime/cancellation.ts";
import { HostError, type HostSession, type RunResult, type SshTarget } from "../../ssh/host-session.ts";
import type { ObjectRef, WorkRef } from "../identity.ts";
import type { Route } from "./endpoint.ts";
import { Lanes, Waits } from "./lanes.ts";
import { observeOnly, type Step, type StepOutcome, type StepResult } from "./step.ts";
import {
  type Extent,
  type HostView,
  type LookRequest,
  lastSnapshot,
  pending,
  type RunningFacts,
  type RunningView,
  receivesDomain,
  type Snapshot,
} from "./view.ts";

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
  /**
   * Called after every probe, successful or not, that covers more than what runs. `shown`: the owners whose jobs'
   * effect this probe shows.
   */
  readonly onView: (before: HostView, shown: readonly WorkRef[]) => void;
  /** Called after every successful probe of what runs. */
  readonly onRunning: (shown: readonly WorkRef[]) => void;
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

/** After so many probes in a row for changes of objects, the next ones begin at least so many milliseconds apart. */
const changesInARow = 3;
const changesMs = 1_000;

/**
 * How long a slow host is not probed regularly while it sends or receives a domain: a probe in the last round of copying
 * lengthens the guest's pause.
 */
const migrationPauseMs = 300_000;

/**
 * The only component that talks to a host. It probes once per interval, sooner on request, never twice at once; all
 * requests made before a probe begins share it. A probe of what runs does not wait for another probe: it is short, and
 * somebody waits for it. Jobs are queued here, so that a host that hangs delays only itself.
 */
export class HostAgent {
  readonly lanes: Lanes;
  readonly waits: Waits;
  readonly #options: HostAgentOptions;
  #view: HostView = pending;
  /** The latest request; the latest for more than what runs, and the latest of these that a finished probe has answered. */
  #asked = 0;
  #askedMore = 0;
  #covered = 0;
  #askedAt = 0;
  /** The last successful probe of what runs. */
  #running: { readonly facts: RunningFacts; readonly startedAt: number } | undefined;
  /** The latest request for what runs, and the latest request that any finished probe has answered. */
  #askedRunning = 0;
  #coveredRunning = 0;
  /** Set while what runs is probed. */
  #lookingAtRunning: Promise<void> | undefined;
  #runningTook = 0;
  /** When the last answered probe of what runs ended. */
  #runningAt = Number.NEGATIVE_INFINITY;
  #probedAt: number | undefined;
  /** When the last probe of everything began, and whether one is requested. */
  #allAt = Number.NEGATIVE_INFINITY;
  #wantsAll = true;
  /** True while a probe is requested for more than changes of objects, and how many in a row had no other reason. */
  #hurries = false;
  #forChanges = 0;
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
      hasAnswered: (request) => this.hasAnswered(request),
      onEnded: (owners) => options.onEnded(owners),
      stopped: () => this.#stop?.aborted ?? true,
    });
    this.waits = new Waits({ run: (command) => this.#wait(command) });
  }

  get view(): HostView {
    return this.#view;
  }

  /** What runs on the host, by the latest probe that tells. */
  get running(): RunningView {
    const [view, running] = [this.#view, this.#running];
    if (view.state !== "Reachable" || running === undefined) return view;
    return running.startedAt > view.snapshot.startedAt ? { state: "Reachable", snapshot: running } : view;
  }

  /** The last probe with what runs by the latest probe that tells, of one boot: Pending while a new boot is not probed. */
  get current(): HostView {
    const [view, running] = [this.#view, this.running];
    if (view.state !== "Reachable" || running.state !== "Reachable") return view;
    if (bootIn(running.snapshot.facts) !== bootIn(view.snapshot.facts)) return pending;
    return {
      state: "Reachable",
      snapshot: { ...view.snapshot, facts: { ...view.snapshot.facts, ...running.snapshot.facts } },
    };
  }

  /**
   * What to probe when it matters what runs now, and everything else from within an interval suffices. A host that was
   * just asked what runs is probed like any other: objects may change without end.
   */
  get briefly(): Extent {
    const now = this.#options.clock.monotonic();
    const rest = this.isRecent && this.current.state === "Reachable";
    const idle = this.#lookingAtRunning === undefined && now - this.#runningAt >= 3 * this.#runningTook;
    return rest && idle ? "Running" : "WithoutSegments";
  }

  /** Whether the last probe is at most one interval old, and no newer one is requested. */
  get isRecent(): boolean {
    return this.#isCurrent && this.sinceLookSeconds <= this.#options.intervalSeconds;
  }

  /** Seconds since the last successful probe that tells what runs ended; infinite when the last probe failed. */
  get sinceRunningSeconds(): number {
    const ran = this.running === this.#view ? Number.NEGATIVE_INFINITY : this.#runningAt;
    return Math.min(this.sinceLookSeconds, (this.#options.clock.monotonic() - ran) / 1000);
  }

  /** Seconds since the last successful probe began, whether or not the host answers now; undefined before the first. */
  ageSeconds(): number | undefined {
    const snapshot = lastSnapshot(this.#view);
    return snapshot === undefined ? undefined : (this.#options.clock.monotonic() - snapshot.startedAt) / 1000;
  }

  /** Seconds since the last successful probe ended; infinite when the last probe failed. */
  get sinceLookSeconds(): number {
    const age = this.#view.state === "Reachable" ? this.ageSeconds() : undefined;
    return (age ?? Number.POSITIVE_INFINITY) - this.tookSeconds;
  }

  /** How long the last answered probe took that covers more than what runs. */
  get tookSeconds(): number {
    return this.#took / 1000;
  }

  /** How long the last answered probe of what runs took. */
  get runningTookSeconds(): number {
    return this.#runningTook / 1000;
  }

  /** False while a probe is requested that covers more than what runs. */
  get #isCurrent(): boolean {
    return this.#askedMore <= this.#covered;
  }

  /**
   * Requests a probe that begins after now. `why`: users may change objects without end, so many probes in a row for
   * changes alone leave the host most of its time.
   */
  ask(extent: Extent = "All", why: "Change" | "Work" = "Work"): LookRequest {
    // Of a host that does not answer, a whole probe tells whether it does again.
    if (extent === "Running" && this.#view.state !== "Reachable") return this.ask("WithoutSegments", why);
    if (extent !== "Running" && why === "Work") this.#hurries = true;
    if (extent === "All") this.#wantsAll = true;
    if (extent !== "Running" && this.#isCurrent) this.#askedAt = this.#options.clock.monotonic();
    this.#asked++;
    if (extent === "Running") {
      this.#askedRunning = this.#asked;
      this.#lookingAtRunning ??= this.#lookAtRunning();
    } else {
      this.#askedMore = this.#asked;
      this.#poke();
    }
    return { extent, request: this.#asked };
  }

  /** True once a probe that began after the request has ended: with facts, or with a failure. */
  hasAnswered({ extent, request }: LookRequest): boolean {
    return request <= (extent === "Running" ? this.#coveredRunning : this.#covered);
  }

  pending(owner: WorkRef): boolean {
    return this.lanes.pending(owner);
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
    // Wait for cancelled steps to end, so that the agent of the next term does not act while one is still running.
    await this.lanes.ended();
    await this.waits.ended();
    await this.#lookingAtRunning;
  }

  async #untilDue(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const delay = this.#dueIn();
      if (delay <= 0) return;
      using wake = linkedSignal(signal);
      this.#poke = () => wake.abort(noLongerNeeded);
      await this.#options.clock.sleep(delay, wake.signal).catch(() => undefined);
      this.#poke = () => undefined;
    }
  }

  #dueIn(): number {
    const now = this.#options.clock.monotonic();
    const regular = (this.#probedAt ?? now) + Math.max(this.#options.intervalSeconds * 1000, this.#pauseMs()) - now;
    if (this.#isCurrent) return regular;
    const patience = Math.max(patienceMs, this.#took);
    const apart = this.#hurries || this.#forChanges < changesInARow ? 0 : Math.max(changesMs, 3 * this.#took);
    const idle = (this.#probedAt ?? now) + apart - now;
    return Math.min(regular, this.lanes.active === 0 ? idle : this.#askedAt + patience - now);
  }

  /** A host that needs most of the interval to answer also has other work. */
  #pauseMs(): number {
    const migrates = this.waits.active > 0 || receivesDomain(this.running);
    if (migrates) return Math.max(10 * this.#took, Math.min(60 * this.#took, migrationPauseMs));
    return (this.lanes.active > 0 ? 10 : 2) * this.#took;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const request = this.#asked;
    const startedAt = this.#options.clock.monotonic();
    const time = this.#options.clock.now();
    this.#probedAt = startedAt;
    const extent = this.#extent(startedAt);
    this.#forChanges = this.#hurries || this.#isCurrent ? 0 : this.#forChanges + 1;
    this.#hurries = false;
    if (extent === "All") {
      this.#allAt = startedAt;
      this.#wantsAll = false;
    }
    const before = this.#view;
    const after = await this.#probe(signal, extent, { startedAt, time });
    if (signal.aborted) return;
    this.#view = after;
    this.#covered = request;
    this.#coveredRunning = Math.max(this.#coveredRunning, request);
    this.#askedAt = this.#options.clock.monotonic();
    if (after.state === "Reachable") this.#took = this.#askedAt - startedAt;
    this.#options.onView(before, this.lanes.takeShown());
  }

  /** Probes what runs until every request for it is answered. Never rejects. */
  async #lookAtRunning(): Promise<void> {
    const wanted = () => this.#coveredRunning < this.#askedRunning;
    while (wanted() && this.#view.state === "Reachable") {
      const request = this.#asked;
      const when = { startedAt: this.#options.clock.monotonic(), time: this.#options.clock.now() };
      const after = await this.#probe(this.#stop, "Running", when);
      if (this.#stop?.aborted !== false) break;
      this.#coveredRunning = Math.max(this.#coveredRunning, request);
      if (after.state === "Reachable") {
        const { identity, domains, migrations } = after.snapshot.facts;
        this.#running = { facts: { identity, domains, migrations }, startedAt: when.startedAt };
        this.#runningAt = this.#options.clock.monotonic();
        this.#runningTook = this.#runningAt - when.startedAt;
        // Everything else that is known of the host is of its former boot.
        if (this.current.state === "Pending") this.ask("WithoutSegments");
        this.#options.onRunning(this.lanes.takeShown());
      } else {
        // The host does not answer: nothing that was known of it justifies an action any more.
        const before = this.#view;
        this.#view = after;
        this.#covered = Math.max(this.#covered, request);
        this.#options.onView(before, this.lanes.takeShown());
      }
    }
    this.#lookingAtRunning = undefined;
    if (wanted()) this.ask("WithoutSegments");
  }

  /** Leaves the segments out only if no request needs them and what is known of them is younger than an interval. */
  #extent(now: number): Extent {
    const known = this.#view.state === "Reachable" && now - this.#allAt < this.#options.intervalSeconds * 1000;
    return known && !this.#wantsAll ? "WithoutSegments" : "All";
  }

  async #probe(signal: AbortSignal | undefined, extent: Extent, when: Omit<Snapshot, "facts">): Promise<HostView> {
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
    const same = extent !== "Running" && this.#view.state === "Reachable" && this.#stdout === result.stdout;
    const parsed =
      same && last !== undefined
        ? last.facts
        : await parseProbeGently(result.stdout, () => this.#options.clock.sleep(0));
    const facts = extent === "All" || last === undefined ? parsed : { ...parsed, responders: last.facts.responders };
    if (extent !== "Running") this.#stdout = extent === "All" ? result.stdout : "";
    const sections = Object.values(parsed);
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
    if (seen === undefined || seen === machineId) return undefined;
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

/** The boot of which the facts tell; undefined if they do not. */
const bootIn = ({ identity }: RunningFacts) => (identity.state === "known" ? identity.value.bootId : undefined);

function explain(error: unknown): { reason: Reason; message: string } {
  if (error instanceof HostError) return { reason: error.code, message: error.message };
  return { reason: "ProbeUnreadable", message: error instanceof Error ? error.message : String(error) };
}
