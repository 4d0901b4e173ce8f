/** What an error means for the next attempt. Controllers throw these; the loop turns them into delays. */
export type RetryClass =
  /** May pass by itself: retried with jittered exponential backoff. */
  | "Transient"
  /** Another object or host has to change first: woken by its event, with a slow resync as the safety net. */
  | "Waiting"
  /** Cannot succeed until somebody changes the spec: not retried until then. */
  | "Stalled"
  /** Facts contradict each other or are incomplete after an irreversible step: a human decides. Never retried blindly. */
  | "Ambiguous";

export class ReconcileError extends Error {
  override readonly name = "ReconcileError";
  readonly retry: RetryClass;
  /** PascalCase, from the catalogue in api/reasons.ts. */
  readonly reason: string;
  constructor(retry: RetryClass, reason: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.retry = retry;
    this.reason = reason;
  }
}
