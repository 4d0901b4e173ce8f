import type { Ledger } from "../hosts/ledger.ts";
import type { ObjectRef, RefMap } from "../identity.ts";
import type { Survey } from "./observation.ts";

/**
 * Since when domains are on no host, as all their hosts show. A guest that reboots is on none for about two seconds,
 * and nothing on the hosts says that it will come back: only looks that are further apart distinguish it from one that
 * has ended, also for a process that began in between.
 */
export class Absences {
  readonly #since: RefMap<number>;
  /** Domains that this process has seen on a host. */
  readonly #seen: RefMap<true>;

  constructor(ledger: Ledger) {
    this.#since = ledger.page();
    this.#seen = ledger.page();
  }

  /**
   * To be called at each reconcile. Milliseconds since the first of an unbroken series of calls, in which all hosts
   * answered and none had the domain. Undefined where it may be on one, or never ran. `recorded`: its status or its
   * lock file says that it ran. `now`: monotonic milliseconds.
   */
  look(id: ObjectRef, { present, blind }: Survey, recorded: boolean, now: number): number | undefined {
    if (present.length > 0) this.#seen.set(id, true);
    if (present.length + blind.length > 0 || !(recorded || this.#seen.has(id))) {
      this.#since.delete(id);
      return undefined;
    }
    const since = this.#since.get(id) ?? now;
    this.#since.set(id, since);
    return now - since;
  }
}
