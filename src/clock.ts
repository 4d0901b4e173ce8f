/** Time and randomness: one of the three interfaces to the outside world (KubeApi, HostSession, Clock). */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds on a clock that never goes back; only differences are meaningful. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason if it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A number in [0, 1), for jitter; from the run's seed in a simulation. */
  random(): number;
  /**
   * Resolves at once, or in another turn of the event loop when this one has computed for 10 ms: whoever calls it between
   * two pieces of work lets requests and hosts be served in between. Absent where computing takes no time.
   */
  pause?(): Promise<void>;
}

/** Milliseconds that one turn of the event loop may compute before {@link Clock.pause} ends it. */
const turnMs = 10;
let turnBegan = performance.now();
let lastPause = Promise.resolve();

/** Resolves in the next turn of the event loop. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => {
      turnBegan = performance.now();
      resolve();
    });
  });
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  /** Pauses end one after the other: each counts what those who asked earlier have computed since. */
  pause() {
    lastPause = lastPause.then(() => (performance.now() - turnBegan < turnMs ? undefined : nextTurn()));
    return lastPause;
  },
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  },
};
