import type { Clock } from "../clock.ts";

/**
 * Exponential: `baseMs`, twice that, … up to `maxMs`; each delay is drawn from [half, whole], so that many clients do
 * not retry in step.
 */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** The delay before attempt `failures + 1`, in milliseconds; `failures` counts from 1. */
export function backoffDelay(clock: Pick<Clock, "random">, backoff: Backoff, failures: number): number {
  const whole = Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.min(Math.max(failures, 1) - 1, 40));
  return jittered(clock, whole / 2, whole);
}

/** A number in [from, to). */
export function jittered(clock: Pick<Clock, "random">, from: number, to: number): number {
  return from + clock.random() * (to - from);
}
