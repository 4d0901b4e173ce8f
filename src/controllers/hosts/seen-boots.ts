import { currentFacts, type HostView, lastFacts } from "./view.ts";

/** A machine whose looks are compared. */
export interface LookedAt {
  readonly agent: { readonly view: HostView };
}

/** The looks in a row that showed one boot of a machine, monotonic milliseconds. */
interface SeenBoot {
  readonly bootId: string;
  /** The end of the first one. */
  readonly since: number;
  /** The start of the last one. */
  readonly until: number;
}

/** Whether two addresses lead to one machine, as their boot ids show. `Unknown`: the machine may have rebooted. */
export type Sameness = "Same" | "Distinct" | "Unknown";

/** Remembers when each machine was seen in its last known boot. */
export class SeenBoots {
  readonly #seen = new WeakMap<LookedAt, SeenBoot>();

  /** To be called after each look; `now`: when it ended, monotonic milliseconds. */
  look(machine: LookedAt, now: number): void {
    const { view } = machine.agent;
    if (view.state !== "Reachable") return;
    const bootId = bootOf(view);
    const before = this.#seen.get(machine);
    if (bootId === undefined) this.#seen.delete(machine);
    else {
      const since = before?.bootId === bootId ? before.since : now;
      this.#seen.set(machine, { bootId, since, until: view.snapshot.startedAt });
    }
  }

  /**
   * Compares two machines that report one machine-id. A machine never returns to a former boot: if each was seen in its
   * boot after the other was, they are two. Without boot ids nothing is known.
   */
  compare(one: LookedAt, other: LookedAt): Sameness {
    if (one === other) return "Same";
    const [mine, theirs] = [this.#seenOf(one), this.#seenOf(other)];
    if (mine === undefined || theirs === undefined) return "Unknown";
    if (mine.bootId === theirs.bootId) return "Same";
    return mine.until > theirs.since && theirs.until > mine.since ? "Distinct" : "Unknown";
  }

  /** Facts from before an outage count, those that were discarded do not. */
  #seenOf(machine: LookedAt): SeenBoot | undefined {
    return lastFacts(machine.agent.view) === undefined ? undefined : this.#seen.get(machine);
  }
}

function bootOf(view: HostView): string | undefined {
  const identity = currentFacts(view)?.identity;
  return identity?.state === "known" ? identity.value.bootId : undefined;
}
