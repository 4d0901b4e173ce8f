import type { Clock } from "../../../src/clock.ts";
import type { Random } from "./random.ts";

/** 2026-01-01T00:00:00Z: every run starts here. */
export const epoch = Date.UTC(2026, 0, 1);

interface Timer {
  readonly due: number;
  /** Breaks ties between timers of the same instant, so that the seed decides their order. */
  readonly tie: number;
  fire: (() => void) | undefined;
}

/**
 * Time that passes only while no promise can continue. All waiting of a run goes through `sleep`; between two timers
 * every promise that can continue does.
 */
export class VirtualClock implements Clock {
  readonly #random: Random;
  readonly #timers = new TimerHeap();
  #now = epoch;
  /** Timers fired so far: the cost of a run. */
  fired = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - epoch;
  }

  random(): number {
    return this.#random.next();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = this.#add(ms, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      const onAbort = () => {
        timer.fire = undefined;
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /**
   * Calls back after `ms`; the returned function cancels it. For the world around the operator, without AbortSignals.
   */
  after(ms: number, callback: () => void): () => void {
    const timer = this.#add(ms, callback);
    return () => {
      timer.fire = undefined;
    };
  }

  /** Lets `ms` pass, or less if `stop` returns true; resolves to whether it did. */
  async advance(ms: number, stop: () => boolean = () => false): Promise<boolean> {
    const deadline = this.#now + ms;
    for (;;) {
      await settled();
      if (stop()) return true;
      const timer = this.#timers.peek();
      if (timer === undefined || timer.due > deadline) {
        this.#now = deadline;
        return false;
      }
      this.#timers.pop();
      const fire = timer.fire;
      if (fire === undefined) continue;
      this.#now = timer.due;
      this.fired++;
      fire();
    }
  }

  #add(ms: number, fire: () => void): Timer {
    const timer = { due: this.#now + Math.max(0, ms), tie: this.#random.next(), fire };
    this.#timers.push(timer);
    return timer;
  }
}

/** Resolves when no promise can continue: microtasks and nextTick callbacks all run before the next setImmediate. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A binary heap, the earliest timer first. */
class TimerHeap {
  readonly #heap: Timer[] = [];

  peek(): Timer | undefined {
    return this.#heap[0];
  }

  push(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(timer, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = timer;
  }

  pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      if (left === undefined) break;
      let smaller = left;
      const right = heap[child + 1];
      if (right !== undefined && before(right, left)) {
        smaller = right;
        child++;
      }
      if (!before(smaller, last)) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = last;
  }
}

function before(one: Timer, other: Timer): boolean {
  return one.due < other.due || (one.due === other.due && one.tie < other.tie);
}
