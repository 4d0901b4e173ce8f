import { type ObjectRef, refText } from "../identity.ts";
import type { Extent } from "./extent.ts";
import type { Machine } from "./machine.ts";

/**
 * What an object needs a newer look for: `Change` of its own spec, before anything is done for it; `Confirm`, again before
 * what interrupts or concludes; `Compare`, to have two looks; `Progress` of what is under way; `End` of what ran;
 * `Twice`, to tell a domain on two hosts from one that has moved in between.
 */
export type Need = "Change" | "Confirm" | "Compare" | "Progress" | "End" | "Twice";

interface Demand {
  readonly object: ObjectRef;
  readonly need: Need;
  /** The look that answers this ask meets it. */
  readonly mark: number;
}

/**
 * Not on knowledge older than …: which objects must not act upon a machine before a look at it that began after a moment, and
 * for what they need it.
 */
export class Freshness {
  readonly #open = new WeakMap<Machine, Map<string, Demand>>();

  /** Asks each machine for a look that begins after now; until it is over, what is known of it is too old for this need. */
  demand(object: ObjectRef, machines: Iterable<Machine>, need: Need = "Change", extent?: Extent): void {
    for (const machine of machines) {
      const demands = this.#open.get(machine) ?? new Map<string, Demand>();
      this.#open.set(machine, demands);
      demands.set(`${need} ${refText(object)}`, { object, need, mark: machine.agent.ask(extent) });
    }
  }

  /** What is known of the machine is young enough. */
  holds(object: ObjectRef, machine: Machine, need: Need = "Change"): boolean {
    return this.#open.get(machine)?.has(`${need} ${refText(object)}`) !== true;
  }

  /** To be called after each look at a machine: what that look has met. */
  settle(machine: Machine): readonly Pick<Demand, "object" | "need">[] {
    const demands = this.#open.get(machine);
    if (demands === undefined) return [];
    const met = [...demands].filter(([, { mark }]) => mark <= machine.agent.covered);
    for (const [key] of met) demands.delete(key);
    if (demands.size === 0) this.#open.delete(machine);
    return met.map(([, { object, need }]) => ({ object, need }));
  }
}
