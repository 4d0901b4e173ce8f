import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { Backoff } from "./backoff.ts";
import { after, linkedSignal, TimeoutError } from "./cancellation.ts";
import { isConflict, KubeError, keyString, type ObjectKey, parseKey } from "./kube-api.ts";
import { type ControllerObserver, type Metrics, observeController, observeQueue } from "./metrics.ts";
import type { ReconcileResult, Reconciler } from "./reconciler.ts";
import { priority, WorkQueue } from "./work-queue.ts";

/** Options of a controller. */
export interface ControllerOptions {
  /** In logs and metrics, for example `aoevolume`. */
  readonly name: string;
  /** The kind of its objects, in logs: `AoeVolume`. */
  readonly kind?: string;
  readonly reconciler: Reconciler;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** Number of keys reconciled at once. */
  readonly workers?: number;
  /** Time limit of one reconcile; then its signal is aborted. */
  readonly timeoutSeconds?: number;
  readonly backoff?: Backoff;
}

const defaults = { workers: 4, timeoutSeconds: 300 };
/** How long a cancelled reconcile may take before its worker is released. */
const graceSeconds = 10;

/** Turns events into reconciles, at most one at a time for each key. Failures of one key do not affect the others. */
export class Controller {
  readonly name: string;
  readonly queue: WorkQueue;
  readonly #options: ControllerOptions & typeof defaults;
  readonly #log: Logger;
  readonly #observer: ControllerObserver | undefined;

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = { ...defaults, ...options };
    const kind = options.kind === undefined ? {} : { kind: options.kind };
    this.#log = options.log.child({ controller: options.name, ...kind });
    const { clock, metrics } = options;
    this.#observer = metrics && observeController(metrics, options.name, this.#options.workers);
    this.queue = new WorkQueue({
      clock,
      ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
      ...(metrics === undefined
        ? {}
        : { observer: observeQueue(metrics, options.name, () => this.queue.unfinished()) }),
    });
  }

  enqueue(key: ObjectKey, options: { readonly afterMs?: number; readonly priority?: number } = {}): void {
    this.queue.addAfter(keyString(key), options.afterMs ?? 0, options.priority ?? priority.normal);
  }

  /**
   * Works until the signal is aborted, then waits for running reconciles (their signals are aborted too). Never
   * rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const workers = Array.from({ length: this.#options.workers }, () => this.#work(signal));
    await Promise.all(workers);
    this.queue.rest();
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (;;) {
      const key = await this.queue.take(signal);
      if (key === undefined) return;
      const { clock } = this.#options;
      if (clock.pause !== undefined) await clock.pause();
      await this.#process(key, signal);
    }
  }

  async #process(text: string, leading: AbortSignal): Promise<void> {
    const { clock, reconciler, timeoutSeconds } = this.#options;
    const key = parseKey(text);
    const log = this.#log.child({ namespace: key.namespace, name: key.name, reconcileID: reconcileID(clock) });
    using linked = linkedSignal(leading);
    const overdue = Promise.withResolvers<void>();
    const giveUp = () => {
      log.error("the reconcile ignores its time limit; its worker continues with other objects");
      overdue.resolve();
    };
    const deadline = () => {
      linked.abort(new TimeoutError(`the reconcile took longer than ${timeoutSeconds} s`));
      timer = after(clock, graceSeconds * 1000, giveUp);
    };
    let timer = after(clock, timeoutSeconds * 1000, deadline);
    const started = clock.monotonic();
    this.#observer?.active(1);
    const settled = (async () => {
      try {
        const result = await reconciler.reconcile(key, { signal: linked.signal, leading, log });
        linked.signal.throwIfAborted();
        this.#finished(text, result, log);
      } catch (error) {
        if (leading.aborted) this.#stopped(text, error, log);
        else this.#failed(text, linked.signal.aborted ? linked.signal.reason : error, log);
      } finally {
        this.#observer?.active(-1);
        this.#observer?.took((clock.monotonic() - started) / 1000);
        // Last, because the key may be taken again from here on.
        this.queue.done(text);
      }
    })();
    // A reconcile that ignores its signal loses its worker, so that other keys go on, but keeps its key: one key is
    // never reconciled twice at once.
    await Promise.race([settled, overdue.promise]);
    timer[Symbol.dispose]();
  }

  #finished(key: string, result: ReconcileResult, log: Logger): void {
    this.queue.forget(key);
    if (result.kind === "again") this.queue.addAfter(key, result.afterSeconds * 1000);
    this.#observer?.result(result.kind === "again" ? "requeue_after" : "success");
    log.debug({ result }, "reconciled");
  }

  #stopped(key: string, error: unknown, log: Logger): void {
    this.queue.add(key);
    log.debug({ err: error }, "stopped during a reconcile");
  }

  #failed(key: string, error: unknown, log: Logger): void {
    const asked = error instanceof KubeError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    const delaySeconds = this.queue.addRateLimited(key, { atLeastMs: asked }) / 1000;
    const fields = { err: error, failures: this.queue.failures(key), delaySeconds };
    // A concurrent write: a normal case of optimistic locking, not a failure.
    const conflict = isConflict(error);
    this.#observer?.result(conflict ? "requeue" : "error");
    if (conflict) log.debug(fields, "conflict, retrying");
    else log.error(fields, "reconcile failed, retrying");
  }
}

function reconcileID(clock: Clock): string {
  const word = () => Math.floor(clock.random() * 2 ** 32);
  return [word(), word()].map((number) => number.toString(16).padStart(8, "0")).join("");
}
