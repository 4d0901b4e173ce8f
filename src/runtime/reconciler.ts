import type { Logger } from "pino";
import type { ObjectKey } from "./kube-api.ts";

/**
 * Makes the world match one object. Called with a key, again after every change, never twice at once for the same key.
 */
export interface Reconciler {
  reconcile(key: ObjectKey, context: ReconcileContext): Promise<ReconcileResult>;
}

/** Signals and log of one reconcile. */
export interface ReconcileContext {
  /** Aborted when the reconcile times out, leadership is lost or the operator stops: start no further side effect. */
  readonly signal: AbortSignal;
  /**
   * Aborted only when leadership is lost or the operator stops, not by the time limit of this reconcile: a status that
   * says "timed out" may still be written under it.
   */
  readonly leading: AbortSignal;
  /** Carries `controller`, `kind`, `namespace`, `name` and `reconcileID`. */
  readonly log: Logger;
}

/** `done`: nothing to do until an event. `again`: reconcile again after this delay, whatever happens. */
export type ReconcileResult = { readonly kind: "done" } | { readonly kind: "again"; readonly afterSeconds: number };

/** Nothing to do until an event. */
export const done: ReconcileResult = { kind: "done" };
/** Reconciles again after this many seconds, whatever happens. */
export const againAfter = (afterSeconds: number): ReconcileResult => ({ kind: "again", afterSeconds });
