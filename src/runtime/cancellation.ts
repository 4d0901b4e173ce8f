import type { Clock } from "../clock.ts";

/** A signal of our own that also follows its parents. Disposing removes its listeners from the parents, so that nothing leaks. */
export interface LinkedSignal extends Disposable {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
}

/**
 * `AbortSignal.any` with an end: signals that live as long as the program collect no listeners from what is long over.
 */
export function linkedSignal(...parents: (AbortSignal | undefined)[]): LinkedSignal {
  const controller = new AbortController();
  const releases: (() => void)[] = [];
  for (const parent of parents) {
    if (parent === undefined) continue;
    if (parent.aborted) {
      controller.abort(parent.reason);
      break;
    }
    const follow = () => controller.abort(parent.reason);
    parent.addEventListener("abort", follow, { once: true });
    releases.push(() => parent.removeEventListener("abort", follow));
  }
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    [Symbol.dispose]: () => {
      for (const release of releases.splice(0)) release();
    },
  };
}

/** A time limit of our own has passed. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** Runs `body` under a signal that is aborted with a {@link TimeoutError} after `ms`. It waits for `body` to end. */
export async function withTimeout<R>(
  clock: Clock,
  ms: number,
  what: string,
  parent: AbortSignal | undefined,
  body: (signal: AbortSignal) => Promise<R>,
): Promise<R> {
  using linked = linkedSignal(parent);
  using timer = after(clock, ms, () => linked.abort(new TimeoutError(`${what} took longer than ${ms / 1000} s`)));
  void timer;
  return await body(linked.signal);
}

/** Calls `then` after `ms`, unless disposed before. */
export function after(clock: Clock, ms: number, then: () => void): Disposable {
  const cancel = new AbortController();
  clock.sleep(ms, cancel.signal).then(then, () => undefined);
  return { [Symbol.dispose]: () => cancel.abort(noLongerNeeded) };
}

/** One for all: an error of its own for every timer would carry a stack that nobody reads. */
export const noLongerNeeded = new Error("no longer needed");
