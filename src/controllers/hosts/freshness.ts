import { type ObjectRef, refText } from "../identity.ts";
import type { Machine } from "./machine.ts";
import type { Extent, LookRequest } from "./view.ts";

/**
 * What an object needs a newer probe for: `Change` of its own spec, before anything is done for it; `Confirm`, before a
 * step that interrupts or a conclusion; `Compare`, to have two probes; `Progress` of running work; `End` of finished
 * work; `Moved`, of a domain whose migration has ended, before anything is said about it; `Twice`, to tell a domain on two
 * hosts from one that moved in between.
 */
export type Need = "Change" | "Confirm" | "Compare" | "Progress" | "End" | "Moved" | "Twice";

interface Demand {
  readonly object: ObjectRef;
  readonly need: Need;
  /** The probe that answers it meets the demand. */
  readonly request: LookRequest;
  /** How often it was made again before a probe met it. */
  readonly again: number;
}

/** An object that changes faster than its machines can be probed is judged all the same: others may wait for it. */
const mostAgain = 3;

/**
 * Tracks which objects must wait for a look at a machine that began after a given moment before they act on it, and
 * why.
 */
export class Freshness {
  readonly #open = new WeakMap<Machine, Map<string, Demand>>();

  /**
   * Requests a look that begins after now from each machine; until it has ended, the facts are too old for this need.
   */
  demand(object: ObjectRef, machines: Iterable<Machine>, need: Need = "Change", extent?: Extent): void {
    for (const machine of machines) {
      const demands = this.#open.get(machine) ?? new Map<string, Demand>();
      this.#open.set(machine, demands);
      const key = `${need} ${refText(object)}`;
      const again = (demands.get(key)?.again ?? -1) + 1;
      if (need !== "Change" || again <= mostAgain)
        demands.set(key, {
          object,
          need,
          request: machine.agent.ask(extent, need === "Change" ? need : "Work"),
          again,
        });
    }
  }

  /** True if the facts of the machine are fresh for this need. */
  isFresh(object: ObjectRef, machine: Machine, need: Need = "Change"): boolean {
    return this.#open.get(machine)?.has(`${need} ${refText(object)}`) !== true;
  }

  /** To be called after each look at a machine; returns the demands that the look has met. */
  takeMet(machine: Machine): readonly Pick<Demand, "object" | "need">[] {
    const demands = this.#open.get(machine);
    if (demands === undefined) return [];
    const met = [...demands].filter(([, { request }]) => machine.agent.hasAnswered(request));
    for (const [key] of met) demands.delete(key);
    if (demands.size === 0) this.#open.delete(machine);
    return met.map(([, { object, need }]) => ({ object, need }));
  }
}
