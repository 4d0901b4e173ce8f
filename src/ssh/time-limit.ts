import type { Clock } from "../clock.ts";
import { HostError } from "./host-session.ts";

/** A time limit and a caller's signal as one signal, and the error that tells which of the two ended the work. */
export interface TimeLimit extends Disposable {
  readonly signal: AbortSignal;
  /** `TimedOut` or `Aborted`, once the signal is aborted. `what` is a phrase like "waiting for a free channel". */
  error(what: string, options: { started: boolean; fate?: string }): HostError;
}

/** Seconds from now to a time of the monotonic clock (milliseconds); 0 when it has passed. */
export const secondsUntil = (clock: Clock, monotonic: number) => Math.max(0, (monotonic - clock.monotonic()) / 1000);

/** Starts the limit; dispose of it when the limited work has ended. */
export function startTimeLimit(clock: Clock, seconds: number, caller: AbortSignal | undefined): TimeLimit {
  const timer = new AbortController();
  const over = new AbortController();
  const onCallerAbort = () => over.abort(caller?.reason);
  if (caller?.aborted) onCallerAbort();
  caller?.addEventListener("abort", onCallerAbort, { once: true });
  void clock.sleep(seconds * 1000, timer.signal).then(
    () => over.abort(),
    () => undefined,
  );
  return {
    signal: over.signal,
    error(what, { started, fate = "" }) {
      const end = fate === "" ? "" : `; ${fate}`;
      return caller?.aborted
        ? new HostError("Aborted", `cancelled while ${what}${end}`, { started, cause: caller.reason })
        : new HostError("TimedOut", `timed out after ${seconds} s while ${what}${end}`, { started });
    },
    [Symbol.dispose]() {
      timer.abort();
      caller?.removeEventListener("abort", onCallerAbort);
    },
  };
}

/** Resolves to undefined if the signal is aborted before the promise settles; `late` then receives the later value. */
export async function orAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  late?: (value: T) => void,
): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  const onAbort = () => aborted.resolve(undefined);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  let abandoned = false;
  promise.then(
    (value) => (abandoned ? late?.(value) : undefined),
    () => undefined,
  );
  try {
    const first = await Promise.race([promise.then((value) => ({ value })), aborted.promise]);
    abandoned = first === undefined;
    return first?.value;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
