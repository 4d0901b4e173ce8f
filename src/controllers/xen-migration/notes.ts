import { rfc3339 } from "../../runtime/conditions.ts";
import type { Machine } from "../hosts/machine.ts";
import type { Extent } from "../hosts/view.ts";
import type { ObjectRef, RefMap } from "../identity.ts";
import type { World } from "../world.ts";
import type { Reservation } from "./permits.ts";

/** How long after any process sent it a begin command may still arrive: its time limit and the wait for its lock. */
const onItsWayMs = 100_000;

/**
 * What this process remembers of migrations. All of it may be lost: the next process probes again and waits long
 * enough.
 */
export class MigrationNotes {
  /** Admitted migrations whose intent may not be recorded yet. */
  readonly reserved: RefMap<Reservation>;
  readonly #ends = new Map<string, string>();
  readonly #asked: RefMap<number>;
  readonly #unbegun: RefMap<number>;
  readonly #starting: RefMap<number>;
  readonly #ended: RefMap<true>;
  readonly #concluded: RefMap<{ readonly words: string; readonly at: number }>;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    this.reserved = world.ledger.page();
    this.#asked = world.ledger.page();
    this.#unbegun = world.ledger.page();
    this.#starting = world.ledger.page();
    this.#ended = world.ledger.page();
    this.#concluded = world.ledger.page();
  }

  /** When the last migration of a domain ended, RFC 3339, by its UUID. */
  get ends(): ReadonlyMap<string, string> {
    return this.#ends;
  }

  /** To be called when a migration that had begun has ended. Ends from before all that wait make no difference. */
  over(domain: string): void {
    const waiting = this.#world.stores.migrations.byIndex("active", "yes");
    const oldest = waiting.map(({ metadata }) => metadata.creationTimestamp ?? "").toSorted()[0] ?? "~";
    for (const [other, end] of this.#ends) if (end < oldest) this.#ends.delete(other);
    this.#ends.set(domain, rfc3339(this.#world.clock.now()));
  }

  /**
   * Requests probes of the hosts at this interval; returns the seconds until the next. Unreachable hosts are left out.
   */
  poll(id: ObjectRef, hosts: readonly Machine[], seconds: number, extent: Extent): number {
    const now = this.#world.clock.monotonic();
    const since = this.#asked.get(id);
    const due = (since ?? now) + seconds * 1000 - now;
    if (since === undefined || due <= 0) this.#asked.set(id, now);
    if (due > 0) return due / 1000;
    const there = hosts.filter(({ agent }) => agent.view.state !== "Unreachable");
    this.#world.freshness.demand(id, there, "Progress", extent);
    return seconds;
  }

  /** To be called when the source has reported that its run is over: probes from now on show the result. */
  ended(id: ObjectRef, hosts: readonly Machine[]): void {
    this.#ended.set(id, true);
    this.#world.freshness.demand(id, hosts, "End", "Running");
  }

  /** Whether every host was probed since the run was reported over; undefined when it was not reported. */
  lookedSinceEnd(id: ObjectRef, hosts: readonly Machine[]): boolean | undefined {
    if (!this.#ended.has(id)) return undefined;
    return hosts.every((host) => this.#world.freshness.isFresh(id, host, "End"));
  }

  /** To be called when a begin command is handed over. */
  sent(id: ObjectRef): void {
    this.#unbegun.set(id, this.#world.clock.monotonic());
  }

  /** Whether a begin command may still arrive at the source, from this process or an earlier one. */
  mayBegin(id: ObjectRef): boolean {
    const now = this.#world.clock.monotonic();
    const since = this.#unbegun.get(id) ?? now;
    this.#unbegun.set(id, since);
    return now - since < onItsWayMs;
  }

  /** When this process learned that the domain must be started on the target, monotonic milliseconds. */
  startingSince(id: ObjectRef): number {
    const since = this.#starting.get(id) ?? this.#world.clock.monotonic();
    this.#starting.set(id, since);
    return since;
  }

  /** Whether the same conclusion was drawn without a break for this long. */
  lasts(id: ObjectRef, words: string | undefined, ms: number): boolean {
    const now = this.#world.clock.monotonic();
    const known = this.#concluded.get(id);
    if (words === undefined) {
      this.#concluded.delete(id);
      return false;
    }
    if (known?.words === words) return now - known.at >= ms;
    this.#concluded.set(id, { words, at: now });
    return ms === 0;
  }
}
