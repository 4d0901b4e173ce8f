import { systemClock } from "../../clock.ts";
import { after, TimeoutError } from "../../runtime/cancellation.ts";
import { retrying } from "../../runtime/retry.ts";
import { ApiError, apiError, failureOfCall, mayHaveArrived } from "./api-error.ts";

/** How long calls to a server that is busy, starts or hangs are repeated, and where the waits are reported. */
export interface RetryLimit {
  /** No attempt begins later than this after the first one. */
  readonly withinSeconds: number;
  /** Receives one line before each pause: what is being waited for, why, and for how long. */
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A call that makes a change. */
export interface Write {
  /** The command that shows a person whether the change was made. */
  readonly check: string;
}

/** Time limit of one attempt, for a server that hangs. */
const answerSeconds = 12;

/**
 * Calls an API server. `doing`: what the call does; error messages begin with it. Repeats the call while the server is
 * busy, starts or restarts, with a line each time, so the call must be safe to repeat. Each attempt may take 12 s.
 * Rejects with an {@link ApiError}; the error of a {@link Write} without an answer says that the change may have been
 * made.
 */
export async function withRetries<T>(
  { withinSeconds, say, signal }: RetryLimit,
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
        ...{ clock: systemClock, withinSeconds, repeatable: true, classify: failureOfCall, signal },
        onWait: ({ error, delaySeconds }) => {
          const why = error instanceof Error ? error.message : String(error);
          say(`${why}; retrying in ${delaySeconds.toFixed(1)} s`);
        },
      },
      () => unlessAborted(signal, attempt()),
    );
  } catch (error) {
    if (write === undefined || !arrived || !(error instanceof ApiError) || failureOfCall(error).kind === "Final")
      throw error;
    const { status, cause, retryAfterSeconds } = error;
    throw new ApiError(`${error.message}; the change may have been made; check with: ${write.check}`, {
      ...{ status, cause, retryAfterSeconds },
    });
  }
}

/**
 * Rejects when the signal is aborted: the clients take no signal, and a person who gives up does not wait for their
 * answer.
 */
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
