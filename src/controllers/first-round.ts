import type { Condition } from "../api/conditions.ts";
import type { Metadata } from "../api/kinds.ts";
import { findCondition } from "../runtime/conditions.ts";
import { isDeleting } from "../runtime/finalizers.ts";
import type { WatchedHost } from "./hosts/feed.ts";

interface Judged {
  readonly metadata: Metadata;
  readonly status?: { readonly conditions?: readonly Condition[] | undefined };
}

/**
 * Objects that an earlier process has judged as they are now. Of them there is nothing new to say before each of their
 * machines has been asked once, so each costs one reconcile after a restart, and no write. Unreachable is an answer.
 */
export class FirstRound {
  readonly #waiting = new Set<string>();
  readonly #hostsOf: (id: string) => Iterable<WatchedHost>;

  constructor(hostsOf: (id: string) => Iterable<WatchedHost>) {
    this.#hostsOf = hostsOf;
  }

  /** To be called for what the first list brings. */
  begin(id: string, object: Judged): void {
    if (isSettled(object)) this.#waiting.add(id);
  }

  /** There is something new to say of it: a new spec, a deletion. */
  leave(id: string): void {
    this.#waiting.delete(id);
  }

  /** Whether the object still waits; when it no longer does, it never does again. */
  waits(id: string): boolean {
    if (!this.#waiting.has(id)) return false;
    for (const host of this.#hostsOf(id)) if (host.watcher.view.state === "Pending") return true;
    this.#waiting.delete(id);
    return false;
  }
}

/** Everything has been said about this generation. */
function isSettled({ metadata, status }: Judged): boolean {
  const ready = findCondition(status?.conditions, "Ready");
  return !isDeleting({ metadata }) && ready !== undefined && ready.observedGeneration === metadata.generation;
}

/** Ready as it is now: no first answer of a machine that it does not list can matter to it. */
export function isContent(object: Judged): boolean {
  return isSettled(object) && findCondition(object.status?.conditions, "Ready")?.status === "True";
}
