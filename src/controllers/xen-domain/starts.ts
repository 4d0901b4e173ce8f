import type { Ledger } from "../hosts/ledger.ts";
import { isSameRef, type ObjectRef, type RefMap } from "../identity.ts";

/**
 * How many domains are built on one host at once: xl builds one after the other, and each takes memory from dom0's
 * cache.
 */
export const startsAtOnce = 2;

/** How long a domain that ran before waits for others of a higher rank to request a start, milliseconds. */
const settleMs = 2_000;

/** After this time without a request a domain no longer counts as waiting, milliseconds. */
const staleMs = 15_000;

/** The order of starts: the higher priority first, then the older object, then the name. */
export interface Rank {
  readonly priority: number;
  /** metadata.creationTimestamp, RFC 3339. */
  readonly created: string;
  readonly name: string;
}

/** A request for a start now. */
export interface StartRequest {
  /** The XenHost. */
  readonly host: ObjectRef;
  readonly uuid: string;
  readonly mebibytes: number;
  readonly rank: Rank;
  /** The domain ran before: others of the same host may request a start soon. */
  readonly again: boolean;
}

interface Waiting extends StartRequest {
  readonly since: number;
  readonly asked: number;
}

const before = (one: Rank, other: Rank) =>
  other.priority - one.priority || one.created.localeCompare(other.created) || one.name.localeCompare(other.name);

/** Gives turns when many domains wait for a start: by rank, and only so many at once on one host. */
export class Starts {
  readonly #waiting: RefMap<Waiting>;
  readonly #given: RefMap<StartRequest>;

  constructor(ledger: Ledger) {
    this.#waiting = ledger.page();
    this.#given = ledger.page();
  }

  /** MiB that other domains with a permitted start will take on the host and that `shown` does not show there yet. */
  reserved(host: ObjectRef, except: ObjectRef, shown: (uuid: string) => boolean): number {
    let sum = 0;
    for (const [id, { host: on, uuid, mebibytes }] of this.#given)
      if (!isSameRef(id, except) && isSameRef(on, host) && !shown(uuid)) sum += mebibytes;
    return sum;
  }

  /** The XenHost on which its start was permitted. */
  hostOf(id: ObjectRef): ObjectRef | undefined {
    return this.#given.get(id)?.host;
  }

  /** True if it requested a start, and its turn has not come. */
  isWaiting(id: ObjectRef): boolean {
    return this.#waiting.has(id);
  }

  /**
   * To be called whenever a start is wanted. Returns what it waits for; undefined: it may start. `now`: monotonic
   * milliseconds.
   */
  ask(id: ObjectRef, request: StartRequest, now: number): string | undefined {
    const { host, rank, again } = request;
    const given = this.#given.get(id);
    if (given !== undefined && isSameRef(given.host, host)) return undefined;
    this.#given.delete(id);
    const since = this.#waiting.get(id)?.since ?? now;
    this.#waiting.set(id, { ...request, since, asked: now });
    const under = [...this.#given.values()].filter((one) => isSameRef(one.host, host)).map((one) => one.rank.name);
    if (under.length >= startsAtOnce)
      return `${under.length} starts are under way there (${under.sort().join(", ")}), and more at once would slow down all of them`;
    const ahead = [...this.#waiting.values()].filter(
      (one) => isSameRef(one.host, host) && now - one.asked < staleMs && before(one.rank, rank) < 0,
    );
    const [first] = ahead.toSorted((one, other) => before(one.rank, other.rank));
    if (first !== undefined)
      return `${first.rank.name} will be started there first (spec.priority ${first.rank.priority})`;
    if (again && now - since < settleMs) return "domains of a higher priority may still ask for the host";
    this.#waiting.delete(id);
    this.#given.set(id, request);
    return undefined;
  }

  /** To be called when a start is no longer wanted: the domain runs, or must not run. */
  end(id: ObjectRef): void {
    this.#waiting.delete(id);
    this.#given.delete(id);
  }
}
