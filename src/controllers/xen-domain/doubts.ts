import type { Fleet } from "../fleet.ts";
import type { HostSight } from "./observation.ts";

/**
 * Domains that were seen on several hosts. Looks at different hosts happen at different times, so one that has moved in
 * between shows on both: only what all of them show once more, in looks that began after the doubt arose, is true.
 */
export class Doubts {
  readonly #fleet: Fleet;
  readonly #open = new Set<string>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** To be called at each judgement with the hosts that show the domain; true when several really do. */
  proven(id: string, present: readonly HostSight[]): boolean {
    if (present.length < 2) {
      this.#open.delete(id);
      return false;
    }
    const owner = `${id} #twice`;
    const watched = present.flatMap(({ machine }) => (machine.state === "Found" ? [machine.watched] : []));
    if (!this.#open.has(id)) {
      this.#open.add(id);
      this.#fleet.fences.raise(owner, watched);
    }
    return watched.every((host) => this.#fleet.fences.passed(owner, host));
  }

  forget(id: string): void {
    this.#open.delete(id);
  }
}
