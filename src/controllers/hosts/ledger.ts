import type { Clock } from "../../clock.ts";
import { type ObjectRef, objectOf, RefMap, type WorkRef } from "../identity.ts";
import { type Step, type StepOutcome, type StepResult, wordsOf } from "./step.ts";

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

/** Whether steps may be handed over now. */
export type Permission =
  /** Never tried, or tried without effect (`outcome`) long enough ago, or the facts have changed since. */
  | { readonly kind: "Go"; readonly outcome?: StepOutcome }
  /** Tried with this outcome, without the wanted effect; try again after the time. */
  | { readonly kind: "Wait"; readonly seconds: number; readonly outcome: StepOutcome };

/** Work on one machine, named by the id of its endpoint. */
export interface Place {
  readonly work: WorkRef;
  readonly machine: string;
}

/** Nothing is tried again within this time, whatever changes: a host that flaps is not hammered. */
const leastMs = 5_000;
const mostMs = 300_000;
const firstMs = { done: 5_000, refused: 30_000, busy: 2_000, failed: 5_000, lost: 5_000, withheld: 5_000 } as const;

/**
 * What this process remembers of its work for each object: what was tried and did not help, so that the same thing is not tried
 * again at once, and what the kinds note on pages of their own. All of it may be lost with the process, and is forgotten with
 * the object. An exit code is a hint: a step that said `done` and is still in the plan after the next probe has failed.
 */
export class Ledger {
  readonly #clock: Clock;
  readonly #pages: Pick<RefMap<unknown>, "delete" | "keys">[] = [];
  /** By object, then by part and machine. */
  readonly #attempts = this.page<Map<string, Attempt>>();
  /** The words of what waits for one more look at its witnesses. */
  readonly #wanted = this.page<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A page for one note of each object. */
  page<T>(): RefMap<T> {
    const page = new RefMap<T>();
    this.#pages.push(page);
    return page;
  }

  /** Notes what waits for one more look; true when it is what was wanted before. */
  wants(object: ObjectRef, words: string): boolean {
    const same = this.#wanted.get(object) === words;
    this.#wanted.set(object, words);
    return same;
  }

  /** To be called when the look has come: the next time another one is needed. */
  hasWanted(object: ObjectRef): void {
    this.#wanted.delete(object);
  }

  /** To be called when an object is gone. */
  forget(object: ObjectRef): void {
    for (const page of this.#pages) page.delete(object);
  }

  /** To be called when a namespace is served no longer: whoever serves it meanwhile makes all of it untrue. */
  forgetNamespace(namespace: string): void {
    for (const page of this.#pages)
      for (const object of [...page.keys()]) if (object.namespace === namespace) page.delete(object);
  }

  /** `results` are those of the last job there. */
  judge(place: Place, steps: readonly Step[], basis: string, results: readonly StepResult[]): Permission {
    const words = wordsOf(steps);
    const known = this.#at(place);
    const attempt = known?.words === words ? known : undefined;
    if (attempt === undefined) {
      this.settle(place);
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

  /** How these very steps ended the last time, while they are tried again. */
  lastOutcome(place: Place, steps: readonly Step[]): StepOutcome | undefined {
    const known = this.#at(place);
    return known !== undefined && known.failures > 0 && known.words === wordsOf(steps) ? known.outcome : undefined;
  }

  /** To be called when the steps are handed over. */
  begin(place: Place, steps: readonly Step[], basis: string, results: readonly StepResult[]): void {
    const words = wordsOf(steps);
    const known = this.#at(place);
    const counted = results.at(-1);
    if (known?.words === words) Object.assign(known, { basis, counted });
    else {
      const object = objectOf(place.work);
      const attempts = this.#attempts.get(object) ?? new Map<string, Attempt>();
      this.#attempts.set(object, attempts);
      const outcome = { kind: "done", detail: "" } as const;
      attempts.set(keyOf(place), { words, basis, failures: 0, at: this.#clock.monotonic(), outcome, counted });
    }
  }

  /** The plan is empty: what was tried has worked. */
  settle(place: Place): void {
    this.#attempts.get(objectOf(place.work))?.delete(keyOf(place));
  }

  #at(place: Place): Attempt | undefined {
    return this.#attempts.get(objectOf(place.work))?.get(keyOf(place));
  }
}

const keyOf = ({ work: { part = "" }, machine }: Place) => JSON.stringify([part, machine]);
