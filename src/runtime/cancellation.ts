import type { Clock } from "../clock.ts";

/**
 * A signal that also follows its parents. Disposing it removes its listeners from the parents, so that nothing leaks.
 */
export interface LinkedSignal extends Disposable {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
}

/**
 * `AbortSignal.any` that can be disposed of: signals that live as long as the program do not collect listeners of
 * finished work.
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

/** Resolves when the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** One of our own time limits has passed. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** Runs `body` under a signal that is aborted with a {@link TimeoutError} after `ms`. Waits for `body` to end. */
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

/** One error for all timers: a new one each time would carry a stack that is never read. */
export const noLongerNeeded = new Error("no longer needed");
