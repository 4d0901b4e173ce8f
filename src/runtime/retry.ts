import type { Clock } from "../clock.ts";
import { backoffDelay } from "./backoff.ts";

/** Whether a failed request to an API server may be repeated. */
export type Failure =
  /** The server rejected it and did none of it (429): any request may be repeated. */
  | { readonly kind: "TurnedAway"; readonly retryAfterSeconds?: number | undefined }
  /**
   * No answer, or one (500, 502, 503, 504) that leaves open whether the request took effect: only requests that may
   * take effect twice are repeated.
   */
  | { readonly kind: "Open"; readonly retryAfterSeconds?: number | undefined }
  /** A repeated request would fail the same way. */
  | { readonly kind: "Final" };

/** How long and how a call is repeated. */
export interface RetryOptions {
  readonly clock: Clock;
  /** No attempt begins later than this after the first one. */
  readonly withinSeconds: number;
  /** Whether a repetition does no harm: a read, or a write of fixed values. */
  readonly repeatable: boolean;
  readonly classify: (error: unknown) => Failure;
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
 * Calls until it succeeds, fails finally, or the next attempt would begin too late; then rejects with the last error.
 * The pause is the one that the server asks for (Retry-After), or a growing one with jitter if that is longer.
 */
export async function retrying<T>(options: RetryOptions, call: () => Promise<T>): Promise<T> {
  const { clock, withinSeconds, repeatable, classify, signal, onWait } = options;
  const started = clock.monotonic();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      const failure = classify(error);
      if (signal?.aborted || failure.kind === "Final" || (failure.kind === "Open" && !repeatable)) throw error;
      const delay = Math.max((failure.retryAfterSeconds ?? 0) * 1000, backoffDelay(clock, backoff, attempt));
      if (clock.monotonic() - started + delay > withinSeconds * 1000) throw error;
      onWait?.({ error, attempt, delaySeconds: delay / 1000 });
      await clock.sleep(delay, signal);
    }
  }
}

/** The failure of an HTTP status; 0 or undefined without an answer. */
export function failureOf(status: number | undefined, retryAfterSeconds: number | undefined): Failure {
  if (status === 429) return { kind: "TurnedAway", retryAfterSeconds };
  if (status === undefined || status === 0 || [502, 503, 504].includes(status))
    return { kind: "Open", retryAfterSeconds };
  // ServerTimeout and the like: the server itself allows a retry.
  if (status === 500 && retryAfterSeconds !== undefined) return { kind: "Open", retryAfterSeconds };
  return { kind: "Final" };
}
