import type { Clock } from "../../clock.ts";
import { type ObjectRef, objectOf, RefMap, type WorkRef } from "../identity.ts";
import { type Step, type StepOutcome, type StepResult, wordsOf } from "./step.ts";

interface Attempt {
  /** The steps that were tried, and the facts on which they rested. */
  readonly words: string;
  basis: string;
  failures: number;
  at: number;
  outcome: StepOutcome;
  /** The result that was counted last. */
  counted: StepResult | undefined;
}

/** Whether steps may be handed over now. */
export type Due =
  /** Never tried, or tried without effect (`outcome`) long enough ago, or since then the facts have changed. */
  | { readonly kind: "Go"; readonly outcome?: StepOutcome }
  /** Tried with this outcome, without the wanted effect; try again after the given time. */
  | { readonly kind: "Wait"; readonly seconds: number; readonly outcome: StepOutcome };

/** Work on one machine, named by the id of its endpoint. */
export interface MachineWork {
  readonly work: WorkRef;
  readonly machine: string;
}

/** Nothing is tried again within this time, whatever changes, so that a flapping host is not flooded with attempts. */
const leastMs = 5_000;
const mostMs = 300_000;
const firstMs = { done: 5_000, refused: 30_000, busy: 2_000, failed: 5_000, lost: 5_000, withheld: 5_000 } as const;

/**
 * What this process remembers of its work for each object: what was tried without effect, so that it is not tried again
 * at once, and the notes of the kinds on their own pages. All of it may be lost with the process, and is deleted with
 * the object. An exit code is a hint: a step that reported `done` and is still in the plan after the next probe has
 * failed.
 */
export class Ledger {
  readonly #clock: Clock;
  readonly #pages: Pick<RefMap<unknown>, "delete" | "keys">[] = [];
  /** By object, then by part and machine. */
  readonly #attempts = this.page<Map<string, Attempt>>();
  /** The steps that wait for one more look at the machines that confirm them, as text. */
  readonly #wanted = this.page<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Creates a page for one note per object. */
  page<T>(): RefMap<T> {
    const page = new RefMap<T>();
    this.#pages.push(page);
    return page;
  }

  /** Notes what waits for one more look; true if the same was noted before. */
  wants(object: ObjectRef, words: string): boolean {
    const same = this.#wanted.get(object) === words;
    this.#wanted.set(object, words);
    return same;
  }

  /** To be called after that look: the next time another one is needed. */
  hasWanted(object: ObjectRef): void {
    this.#wanted.delete(object);
  }

  /** To be called when an object is gone. */
  forget(object: ObjectRef): void {
    for (const page of this.#pages) page.delete(object);
  }

  /** To be called when a namespace is no longer served: another operator that serves it makes all of this untrue. */
  forgetNamespace(namespace: string): void {
    for (const page of this.#pages)
      for (const object of [...page.keys()]) if (object.namespace === namespace) page.delete(object);
  }

  /** `results`: of the last job of this work on this machine. */
  due(on: MachineWork, steps: readonly Step[], basis: string, results: readonly StepResult[]): Due {
    const words = wordsOf(steps);
    const known = this.#at(on);
    const attempt = known?.words === words ? known : undefined;
    if (attempt === undefined) {
      this.worked(on);
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

  /** How the same steps ended last time, while they are tried again. */
  lastOutcome(on: MachineWork, steps: readonly Step[]): StepOutcome | undefined {
    const known = this.#at(on);
    return known !== undefined && known.failures > 0 && known.words === wordsOf(steps) ? known.outcome : undefined;
  }

  /** To be called when the steps are handed over. */
  begin(on: MachineWork, steps: readonly Step[], basis: string, results: readonly StepResult[]): void {
    const words = wordsOf(steps);
    const known = this.#at(on);
    const counted = results.at(-1);
    if (known?.words === words) Object.assign(known, { basis, counted });
    else {
      const object = objectOf(on.work);
      const attempts = this.#attempts.get(object) ?? new Map<string, Attempt>();
      this.#attempts.set(object, attempts);
      const outcome = { kind: "done", detail: "" } as const;
      attempts.set(keyOf(on), { words, basis, failures: 0, at: this.#clock.monotonic(), outcome, counted });
    }
  }

  /** To be called when the plan is empty: what was tried has worked. */
  worked(on: MachineWork): void {
    this.#attempts.get(objectOf(on.work))?.delete(keyOf(on));
  }

  #at(on: MachineWork): Attempt | undefined {
    return this.#attempts.get(objectOf(on.work))?.get(keyOf(on));
  }
}

const keyOf = ({ work: { part = "" }, machine }: MachineWork) => JSON.stringify([part, machine]);
