import type { WatchedHost } from "./feed.ts";
import type { Extent } from "./watcher.ts";

/**
 * Who must not act on a host before it has been looked at again. Raised when a spec changes, and once more before
 * anything that interrupts a client; a look that began afterwards lowers it.
 */
export class Fences {
  readonly #open = new Map<WatchedHost, Map<string, number>>();

  /** Asks for a look at each host that begins after now. */
  raise(owner: string, hosts: Iterable<WatchedHost>, extent?: Extent): void {
    for (const host of hosts) {
      const owners = this.#open.get(host) ?? new Map<string, number>();
      this.#open.set(host, owners);
      owners.set(owner, host.watcher.ask(extent));
    }
  }

  passed(owner: string, host: WatchedHost): boolean {
    return this.#open.get(host)?.has(owner) !== true;
  }

  /** To be called when nobody watches the host any more. */
  forget(host: WatchedHost): void {
    this.#open.delete(host);
  }

  /** To be called after each look at a host: whose fences it has lowered. */
  lower(host: WatchedHost): string[] {
    const owners = this.#open.get(host);
    if (owners === undefined) return [];
    const lowered = [...owners].filter(([, mark]) => mark <= host.watcher.covered).map(([owner]) => owner);
    for (const owner of lowered) owners.delete(owner);
    if (owners.size === 0) this.#open.delete(host);
    return lowered;
  }
}
