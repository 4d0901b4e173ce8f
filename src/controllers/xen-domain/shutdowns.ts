import type { Ledger } from "../hosts/ledger.ts";
import type { StepResult } from "../hosts/step.ts";
import type { ObjectRef, RefMap } from "../identity.ts";

/**
 * Since when guests have been asked to shut down, as this process has seen it. The time in the status does not tell: it
 * may come from a backup or from another clock, and a host may have refused the stop. A guest is destroyed only after it
 * had its time, so a new process begins anew.
 */
export class Shutdowns {
  readonly #since: RefMap<number>;
  /** When a stop was last no longer wanted: results from before do not count. */
  readonly #ended: RefMap<number>;

  constructor(ledger: Ledger) {
    this.#since = ledger.page();
    this.#ended = ledger.page();
  }

  /**
   * To be called at each reconcile. Milliseconds since a host first reported that the guest was asked and has not shut
   * down yet; undefined where none has. `results`: of the domain's last steps. `now`: monotonic milliseconds.
   */
  look(id: ObjectRef, results: readonly StepResult[], now: number): number | undefined {
    const ended = this.#ended.get(id) ?? Number.NEGATIVE_INFINITY;
    const asked = results.find(({ at, step, outcome }) => at > ended && isWaiting(step.action, outcome));
    const since = this.#since.get(id) ?? asked?.at;
    if (since === undefined) return undefined;
    this.#since.set(id, since);
    return now - since;
  }

  /** To be called when no stop is wanted. */
  end(id: ObjectRef, now: number): void {
    this.#since.delete(id);
    this.#ended.set(id, now);
  }
}

const isWaiting = (action: string, outcome: StepResult["outcome"]) =>
  action === "stop-domain" && outcome.kind === "done" && outcome.detail.startsWith("waiting");
