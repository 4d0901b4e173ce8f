import type { ObjectRef, RefMap } from "../identity.ts";
import type { World } from "../world.ts";
import type { ObservedHost } from "./observation.ts";

/**
 * Domains that were seen on several hosts. Looks at different hosts happen at different times, so a domain that moved
 * in between shows on both: only looks at all of them that began after the doubt arose prove it.
 */
export class Doubts {
  readonly #world: World;
  readonly #open: RefMap<true>;

  constructor(world: World) {
    this.#world = world;
    this.#open = world.ledger.page();
  }

  /**
   * To be called at each reconcile with the hosts that show the domain; true when at least `least` of them really have
   * it.
   */
  proven(id: ObjectRef, present: readonly ObservedHost[], least = 2): boolean {
    if (present.length < least) {
      this.#open.delete(id);
      return false;
    }
    const watched = present.flatMap(({ machine }) => (machine.state === "Found" ? [machine.watched] : []));
    if (!this.#open.has(id)) {
      this.#open.set(id, true);
      this.#world.freshness.demand(id, watched, "Twice");
    }
    return watched.every((host) => this.#world.freshness.isFresh(id, host, "Twice"));
  }
}
