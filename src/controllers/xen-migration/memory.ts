import type { Fleet } from "../fleet.ts";
import type { WatchedHost } from "../hosts/feed.ts";
import type { Claim } from "./permits.ts";

/** A command to begin may still arrive so long after it was sent, whoever sent it: its time limit and the wait for its lock. */
const onItsWayMs = 100_000;

/**
 * What this process remembers of migrations by `XenMigration namespace/name`. All of it may be lost: the next process looks
 * again and waits as long as it must.
 */
export class Memory {
  /** Admitted, and the intent perhaps not written down yet. By `namespace/name`. */
  readonly reserved = new Map<string, Claim>();
  readonly #asked = new Map<string, number>();
  readonly #unbegun = new Map<string, number>();
  readonly #starting = new Map<string, number>();
  readonly #ended = new Set<string>();
  readonly #concluded = new Map<string, { readonly words: string; readonly at: number }>();
  readonly #fleet: Fleet;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  forget(id: string): void {
    for (const known of [this.#asked, this.#unbegun, this.#starting, this.#ended, this.#concluded]) known.delete(id);
    this.#fleet.wanted.delete(id);
  }

  /** Has the hosts looked at every so often; returns the seconds until the next time. A host that is away is not pestered. */
  poll(id: string, hosts: readonly WatchedHost[], seconds: number): number {
    const now = this.#fleet.clock.monotonic();
    const due = (this.#asked.get(id) ?? Number.NEGATIVE_INFINITY) + seconds * 1000 - now;
    if (due > 0) return due / 1000;
    this.#asked.set(id, now);
    const there = hosts.filter(({ watcher }) => watcher.view.state !== "Unreachable");
    this.#fleet.fences.raise(`${id} #poll`, there, "WithoutSegments");
    return seconds;
  }

  /** To be called when the source has told that its run is over: whoever looks from now on sees what it left. */
  ended(id: string, hosts: readonly WatchedHost[]): void {
    this.#ended.add(id);
    this.#fleet.fences.raise(`${id} #ended`, hosts, "WithoutSegments");
  }

  /** Whether every host has been looked at since the run was known to be over; undefined when that was not told. */
  lookedSinceEnd(id: string, hosts: readonly WatchedHost[]): boolean | undefined {
    if (!this.#ended.has(id)) return undefined;
    return hosts.every((host) => this.#fleet.fences.passed(`${id} #ended`, host));
  }

  /** To be called when a command to begin is handed over. */
  sent(id: string): void {
    this.#unbegun.set(id, this.#fleet.clock.monotonic());
  }

  /** A command to begin may still arrive at the source, from this process or from one before. */
  mayBegin(id: string): boolean {
    const now = this.#fleet.clock.monotonic();
    const since = this.#unbegun.get(id) ?? now;
    this.#unbegun.set(id, since);
    return now - since < onItsWayMs;
  }

  /** Since when this process knows that the domain is to be started on the target, monotonic milliseconds. */
  startingSince(id: string): number {
    const since = this.#starting.get(id) ?? this.#fleet.clock.monotonic();
    this.#starting.set(id, since);
    return since;
  }

  /** The same was concluded without a break for so long. */
  lasts(id: string, words: string | undefined, ms: number): boolean {
    const now = this.#fleet.clock.monotonic();
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
