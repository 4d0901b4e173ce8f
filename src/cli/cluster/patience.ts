import { systemClock } from "../../clock.ts";
import { after, TimeoutError } from "../../runtime/cancellation.ts";
import { retrying } from "../../runtime/retry.ts";
import { ApiError, apiError, failureOfCall, mayHaveArrived } from "./api-error.ts";

/** How long a server that is busy, starts or hangs is asked, and who hears of it. */
export interface Patience {
  /** No attempt begins later than this after the first. */
  readonly withinSeconds: number;
  /** Gets one line before each pause: what is waited for, why, and for how long. */
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A call that changes something. */
export interface Write {
  /** The command that shows a person whether it was done. */
  readonly look: string;
}

/** A server that hangs has been asked for long enough. */
const answerSeconds = 12;

/**
 * Asks an API server; `doing` stands before the reason when it refuses. A server that is busy, starts or restarts is asked
 * again, with a line each time, so the call must be one that may be done twice. Each attempt has 12 s for its answer.
 * Rejects with an {@link ApiError}; one of a {@link Write} that got no answer says that it may have been done.
 */
export async function patiently<T>(
  { withinSeconds, say, signal }: Patience,
  doing: string,
  call: () => Promise<T>,
  write?: Write,
): Promise<T> {
  let arrived = false;
  const attempt = async () => {
    try {
      return await withinTime(doing, call());
    } catch (error) {
      const failure = error instanceof ApiError ? error : apiError(doing, error);
      arrived ||= mayHaveArrived(failure);
      throw failure;
    }
  };
  try {
    return await retrying(
      {
        ...{ clock: systemClock, withinSeconds, repeatable: true, judge: failureOfCall, signal },
        onWait: ({ error, delaySeconds }) => {
          const why = error instanceof Error ? error.message : String(error);
          say(`${why}; trying again in ${delaySeconds.toFixed(1)} s`);
        },
      },
      () => unlessAborted(signal, attempt()),
    );
  } catch (error) {
    if (write === undefined || !arrived || !(error instanceof ApiError) || failureOfCall(error).kind === "Final")
      throw error;
    const { status, cause, retryAfterSeconds } = error;
    throw new ApiError(`${error.message}; the change may have been made: see ${write.look}`, {
      ...{ status, cause, retryAfterSeconds },
    });
  }
}

/** The clients take no signal: a person who gives up does not wait for their answer. */
function unlessAborted<T>(signal: AbortSignal | undefined, promise: Promise<T>): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function withinTime<T>(doing: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = after(systemClock, answerSeconds * 1000, () => {
    const cause = new TimeoutError(`no answer within ${answerSeconds} s`);
    late.reject(new ApiError(`${doing}: the API server gave ${cause.message}`, { status: undefined, cause }));
  });
  return Promise.race([promise, late.promise]).finally(() => timer[Symbol.dispose]());
}
