import type { Clock } from "../../clock.ts";
import type { Step, StepOutcome, StepResult } from "./step.ts";

interface Attempt {
  /** What was tried, and the facts that made it look right. */
  readonly words: string;
  basis: string;
  failures: number;
  at: number;
  outcome: StepOutcome;
  /** The result this attempt was counted from. */
  counted: StepResult | undefined;
}

export type Verdict =
  /** Never tried, or tried without effect (`outcome`) long enough ago, or the facts have changed since. */
  | { readonly kind: "Go"; readonly outcome?: StepOutcome }
  /** Tried with this outcome, without the wanted effect; try again after the time. */
  | { readonly kind: "Wait"; readonly seconds: number; readonly outcome: StepOutcome };

/** Nothing is tried again within this time, whatever changes: a host that flaps is not hammered. */
const leastMs = 5_000;
const mostMs = 300_000;
const firstMs = { done: 5_000, refused: 30_000, busy: 2_000, failed: 5_000, lost: 5_000 } as const;

/**
 * Remembers what was tried and did not help, so that the same thing is not tried again at once. An exit code is a
 * hint: a step that said `done` and is still in the plan after the next probe counts as one that failed.
 */
export class Attempts {
  readonly #clock: Clock;
  readonly #byOwner = new Map<string, Attempt>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `owner` is one object's work on one host. `results` are those of its last job there. */
  judge(owner: string, steps: readonly Step[], basis: string, results: readonly StepResult[]): Verdict {
    const words = wordsOf(steps);
    const known = this.#byOwner.get(owner);
    const attempt = known?.words === words ? known : undefined;
    if (attempt === undefined) {
      this.#byOwner.delete(owner);
      return { kind: "Go" };
    }
    const last = results.at(-1);
    if (last !== undefined && last !== attempt.counted) {
      attempt.counted = last;
      attempt.outcome = last.outcome;
      attempt.at = last.at;
      attempt.failures++;
    }
    if (attempt.failures === 0) return { kind: "Go" };
    const { outcome } = attempt;
    const backoff = Math.min(mostMs, firstMs[attempt.outcome.kind] * 2 ** Math.min(attempt.failures - 1, 10));
    const wait =
      attempt.at + (basis === attempt.basis ? backoff : Math.min(backoff, leastMs)) - this.#clock.monotonic();
    return wait <= 0 ? { kind: "Go", outcome } : { kind: "Wait", seconds: wait / 1000, outcome };
  }

  /** How these very steps ended the last time, while they are tried once more. */
  lastOutcome(owner: string, steps: readonly Step[]): StepOutcome | undefined {
    const known = this.#byOwner.get(owner);
    return known !== undefined && known.failures > 0 && known.words === wordsOf(steps) ? known.outcome : undefined;
  }

  /** To be called when the steps are handed over. */
  begin(owner: string, steps: readonly Step[], basis: string, results: readonly StepResult[]): void {
    const words = wordsOf(steps);
    const known = this.#byOwner.get(owner);
    const counted = results.at(-1);
    if (known?.words === words) Object.assign(known, { basis, counted });
    else
      this.#byOwner.set(owner, {
        words,
        basis,
        failures: 0,
        at: this.#clock.monotonic(),
        outcome: { kind: "done", detail: "" },
        counted,
      });
  }

  /** The plan is empty: what was tried has worked. */
  settle(owner: string): void {
    this.#byOwner.delete(owner);
  }

  /** To be called when an object is gone: all its work, on whatever hosts. */
  forget(object: string): void {
    for (const owner of this.#byOwner.keys())
      if (owner.startsWith(`${object} on `) || owner.startsWith(`${object} #`)) this.#byOwner.delete(owner);
  }
}

/** Steps that say the same do the same. */
export function wordsOf(steps: readonly Step[]): string {
  return JSON.stringify(steps.map(({ command }) => [command.script.name, ...command.args]));
}
