import type { Clock } from "../clock.ts";
import { type Backoff, backoffDelay } from "./backoff.ts";
import { Heap } from "./heap.ts";

/** Higher goes first. Objects of the first list can wait for recent changes. */
export const priority = { low: -100, normal: 0, high: 100 } as const;

/** Receives the measurements of a queue. */
export interface QueueObserver {
  depth(depth: number): void;
  added(): void;
  retried(): void;
  /** Seconds from ready to taken. */
  waited(seconds: number): void;
  /** Seconds from taken to done. */
  worked(seconds: number): void;
}

/** Options of a queue. */
export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly backoff?: Backoff;
  readonly observer?: QueueObserver;
}

const defaultBackoff: Backoff = { baseMs: 500, maxMs: 5 * 60_000 };

interface Entry {
  priority: number;
  readonly since: number;
}

/**
 * A set of keys that wait for a worker. A key is in the queue once, however often it is added; it is given to one
 * worker at a time (added meanwhile, it returns afterwards), and may be delayed. Taking a key drops its delay: the
 * reconcile that follows decides again when to return.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #observer: QueueObserver | undefined;
  readonly #ready = new Map<string, Entry>();
  /** By priority, highest first; within one, oldest first. */
  readonly #order = new Map<number, Set<string>>();
  readonly #processing = new Map<string, number>();
  /** Keys added while they are processed. */
  readonly #again = new Map<string, number>();
  readonly #delayed = new Map<string, { readonly at: number; readonly priority: number; readonly sequence: number }>();
  readonly #deadlines = new Heap<{ readonly at: number; readonly key: string; readonly sequence: number }>(
    (a, b) => a.at - b.at || a.sequence - b.sequence,
  );
  readonly #failures = new Map<string, number>();
  readonly #takers = new Set<() => void>();
  #sequence = 0;
  #timer: { readonly at: number; readonly cancel: AbortController } | undefined;
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#backoff = options.backoff ?? defaultBackoff;
    this.#observer = options.observer;
  }

  /** Number of keys ready to be taken. */
  get length(): number {
    return this.#ready.size;
  }

  /** Number of keys being processed. */
  get processing(): number {
    return this.#processing.size;
  }

  /** Seconds that each key in work has taken. */
  unfinished(): number[] {
    const now = this.#clock.monotonic();
    return [...this.#processing.values()].map((since) => (now - since) / 1000);
  }

  /** Milliseconds until the next delayed key is due; undefined if there is none. */
  nextDelay(): number | undefined {
    const next = this.#nextDeadline();
    return next === undefined ? undefined : Math.max(0, next.at - this.#clock.monotonic());
  }

  add(key: string, level: number = priority.normal): void {
    if (this.#closed) return;
    if (this.#processing.has(key)) {
      const before = this.#again.get(key);
      if (before === undefined) this.#observer?.added();
      this.#again.set(key, Math.max(before ?? level, level));
      return;
    }
    const entry = this.#ready.get(key);
    if (entry === undefined) {
      this.#ready.set(key, { priority: level, since: this.#clock.monotonic() });
      this.#bucket(level).add(key);
      this.#observer?.added();
      this.#observer?.depth(this.#ready.size);
      this.#wakeOne();
    } else if (level > entry.priority) {
      this.#bucket(entry.priority).delete(key);
      this.#bucket(level).add(key);
      entry.priority = level;
    }
  }

  /** Adds the key after `ms`; if the key is delayed already, the earlier time holds. */
  addAfter(key: string, ms: number, level: number = priority.normal): void {
    if (this.#closed) return;
    if (ms <= 0) {
      this.add(key, level);
      return;
    }
    const at = this.#clock.monotonic() + ms;
    const before = this.#delayed.get(key);
    if (before !== undefined && before.at <= at) return;
    const sequence = this.#sequence++;
    this.#delayed.set(key, { at, priority: level, sequence });
    this.#deadlines.push({ at, key, sequence });
    this.#arm();
  }

  /** Adds the key after its next backoff delay, which it returns in milliseconds. */
  addRateLimited(key: string, options: { readonly atLeastMs?: number; readonly priority?: number } = {}): number {
    const failures = this.failures(key) + 1;
    this.#failures.set(key, failures);
    const delay = Math.max(options.atLeastMs ?? 0, backoffDelay(this.#clock, this.#backoff, failures));
    this.#observer?.retried();
    this.addAfter(key, delay, options.priority);
    return delay;
  }

  /** Resets the backoff of this key. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /**
   * Waits for a key. Returns undefined when the signal is aborted or the queue closed. Call {@link done} for a key
   * taken.
   */
  async take(signal: AbortSignal): Promise<string | undefined> {
    for (;;) {
      if (signal.aborted || this.#closed) return undefined;
      this.#arm();
      const key = this.#first();
      if (key !== undefined) {
        this.#start(key);
        return key;
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#takers.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        this.#takers.add(wake);
        signal.addEventListener("abort", wake, { once: true });
      });
    }
  }

  done(key: string): void {
    const since = this.#processing.get(key);
    if (since === undefined) return;
    this.#processing.delete(key);
    this.#observer?.worked((this.#clock.monotonic() - since) / 1000);
    const again = this.#again.get(key);
    if (again === undefined) return;
    this.#again.delete(key);
    this.add(key, again);
  }

  /**
   * Cancels the timer for delayed keys until the next take: a timer of an hour would keep the process alive that long.
   */
  rest(): void {
    this.#timer?.cancel.abort(new Error("no worker takes keys"));
    this.#timer = undefined;
  }

  /** Drops all waiting keys; every `take` returns undefined from now on. */
  close(): void {
    this.#closed = true;
    this.rest();
    for (const wake of [...this.#takers]) wake();
    this.#ready.clear();
    this.#order.clear();
    this.#delayed.clear();
    this.#deadlines.clear();
    this.#observer?.depth(0);
  }

  #bucket(level: number): Set<string> {
    const bucket = this.#order.get(level);
    if (bucket !== undefined) return bucket;
    const created = new Set<string>();
    this.#order.set(level, created);
    return created;
  }

  #first(): string | undefined {
    let best: { level: number; key: string } | undefined;
    for (const [level, keys] of this.#order) {
      const [key] = keys;
      if (key === undefined) this.#order.delete(level);
      else if (best === undefined || level > best.level) best = { level, key };
    }
    return best?.key;
  }

  #start(key: string): void {
    const now = this.#clock.monotonic();
    const entry = this.#ready.get(key);
    if (entry !== undefined) {
      this.#bucket(entry.priority).delete(key);
      this.#observer?.waited((now - entry.since) / 1000);
    }
    this.#ready.delete(key);
    this.#delayed.delete(key);
    this.#processing.set(key, now);
    this.#observer?.depth(this.#ready.size);
    if (this.#ready.size > 0) this.#wakeOne();
  }

  #wakeOne(): void {
    const [wake] = this.#takers;
    wake?.();
  }

  #nextDeadline() {
    for (;;) {
      const next = this.#deadlines.peek();
      if (next === undefined || this.#delayed.get(next.key)?.sequence === next.sequence) return next;
      this.#deadlines.pop();
    }
  }

  /** One timer for all delayed keys, set to the earliest. */
  #arm(): void {
    const next = this.#nextDeadline();
    if (next === undefined || this.#closed) return;
    if (this.#timer !== undefined) {
      if (this.#timer.at <= next.at) return;
      this.#timer.cancel.abort(new Error("an earlier key was added"));
    }
    const timer = { at: next.at, cancel: new AbortController() };
    this.#timer = timer;
    // Whole milliseconds: a clock that rounds a fraction away would wake this queue repeatedly just before the time.
    this.#clock.sleep(Math.max(0, Math.ceil(next.at - this.#clock.monotonic())), timer.cancel.signal).then(
      () => {
        if (this.#timer === timer) this.#timer = undefined;
        this.#release();
      },
      () => undefined,
    );
  }

  #release(): void {
    for (let next = this.#nextDeadline(); next !== undefined; next = this.#nextDeadline()) {
      if (next.at > this.#clock.monotonic()) break;
      this.#deadlines.pop();
      const delayed = this.#delayed.get(next.key);
      this.#delayed.delete(next.key);
      this.add(next.key, delayed?.priority ?? priority.normal);
    }
    this.#arm();
  }
}
