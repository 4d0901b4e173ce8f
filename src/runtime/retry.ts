import type { Clock } from "../clock.ts";
import { backoffDelay } from "./backoff.ts";

/** What a failed request to an API server means for sending it again. */
export type Failure =
  /** The server turned it away and did none of it (429): any request may be sent again. */
  | { readonly kind: "TurnedAway"; readonly retryAfterSeconds?: number | undefined }
  /** No answer, or one (500, 502, 503, 504) that leaves open whether it was done: for requests that may be done twice. */
  | { readonly kind: "Open"; readonly retryAfterSeconds?: number | undefined }
  /** The same again would end the same way. */
  | { readonly kind: "Final" };

/** How long and how a call is sent again. */
export interface RetryOptions {
  readonly clock: Clock;
  /** No attempt begins later than this after the first. */
  readonly withinSeconds: number;
  /** Whether doing it twice does no harm: a read, or a write that sets what it says. */
  readonly repeatable: boolean;
  readonly judge: (error: unknown) => Failure;
  readonly signal?: AbortSignal | undefined;
  /** Called before each pause. */
  readonly onWait?: (wait: {
    readonly error: unknown;
    readonly attempt: number;
    readonly delaySeconds: number;
  }) => void;
}

const backoff = { baseMs: 500, maxMs: 5_000 };

/**
 * Calls until it succeeds, fails for good, or the next attempt would begin too late; rejects with the last error then.
 * The pause is what the server asks for (Retry-After), or a growing one with jitter where that is longer.
 */
export async function retrying<T>(options: RetryOptions, call: () => Promise<T>): Promise<T> {
  const { clock, withinSeconds, repeatable, judge, signal, onWait } = options;
  const started = clock.monotonic();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      const failure = judge(error);
      if (signal?.aborted || failure.kind === "Final" || (failure.kind === "Open" && !repeatable)) throw error;
      const delay = Math.max((failure.retryAfterSeconds ?? 0) * 1000, backoffDelay(clock, backoff, attempt));
      if (clock.monotonic() - started + delay > withinSeconds * 1000) throw error;
      onWait?.({ error, attempt, delaySeconds: delay / 1000 });
      await clock.sleep(delay, signal);
    }
  }
}

/** By the HTTP status; 0 or undefined when there was no answer. */
export function failureOf(status: number | undefined, retryAfterSeconds: number | undefined): Failure {
  if (status === 429) return { kind: "TurnedAway", retryAfterSeconds };
  if (status === undefined || status === 0 || [502, 503, 504].includes(status))
    return { kind: "Open", retryAfterSeconds };
  // ServerTimeout and its like: the server says itself that it may be tried again.
  if (status === 500 && retryAfterSeconds !== undefined) return { kind: "Open", retryAfterSeconds };
  return { kind: "Final" };
}
