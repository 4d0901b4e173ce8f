import { type Clock, systemClock } from "../../src/clock.ts";
import type { VirtualClock } from "../simulation/world/virtual-clock.ts";

/** Virtual while a fleet converges, so that minutes cost seconds; real from the moment the measurement begins. */
export class HandoverClock implements Clock {
  readonly #virtual: VirtualClock;
  #real: { readonly startedAt: number; readonly now: number; readonly monotonic: number } | undefined;

  constructor(virtual: VirtualClock) {
    this.#virtual = virtual;
  }

  /** A sleep that began in virtual time never ends. */
  becomeReal(): void {
    const startedAt = performance.now();
    this.#real = { startedAt, now: this.#virtual.now(), monotonic: this.#virtual.monotonic() };
  }

  now(): number {
    return this.#real === undefined ? this.#virtual.now() : this.#real.now + performance.now() - this.#real.startedAt;
  }

  monotonic(): number {
    const real = this.#real;
    return real === undefined ? this.#virtual.monotonic() : real.monotonic + performance.now() - real.startedAt;
  }

  random(): number {
    return this.#virtual.random();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return (this.#real === undefined ? this.#virtual : systemClock).sleep(ms, signal);
  }
}
