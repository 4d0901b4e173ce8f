import type { Life } from "./life.ts";

/** One change that the operator made outside: a write to the API or a command that may change a host. */
export interface SideEffect {
  /** From 1, over all processes of a run. */
  readonly number: number;
  readonly at: number;
  /** The process that did it. */
  readonly by: string;
  readonly door: "api" | "host";
  /** `apply aoevolumes san/data status`, `bella export-start 0 1 eth1 …` */
  readonly what: string;
}

export interface CrashPoint {
  readonly effect: number;
  /** Before: the process dies and nothing is sent. After: it is done, and the process dies before the answer comes. */
  readonly when: "before" | "after";
}

/** Numbers the side effects of a run and stops the process at the chosen one. */
export class SideEffects {
  readonly done: SideEffect[] = [];
  readonly #now: () => number;
  readonly #crash: CrashPoint | undefined;
  readonly #onEffect: (effect: SideEffect) => void;
  #begun = 0;

  constructor(options: { now: () => number; crash?: CrashPoint | undefined; onEffect?: (effect: SideEffect) => void }) {
    this.#now = options.now;
    this.#crash = options.crash;
    this.#onEffect = options.onEffect ?? (() => undefined);
  }

  /** Begins a side effect. Undefined: the process is dead (or dies now), so send nothing. */
  begin(life: Life, door: "api" | "host", what: string): SideEffect | undefined {
    if (!life.alive) return undefined;
    const effect = { number: ++this.#begun, at: this.#now(), by: life.name, door, what };
    if (this.#crash?.when === "before" && this.#crash.effect === effect.number) {
      life.end();
      return undefined;
    }
    this.done.push(effect);
    this.#onEffect(effect);
    return effect;
  }

  /** The side effect has been done. */
  end(life: Life, effect: SideEffect): void {
    if (this.#crash?.when === "after" && this.#crash.effect === effect.number) life.end();
  }
}
