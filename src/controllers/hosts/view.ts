import type { Reason } from "../../api/reasons.ts";
import type { HostFacts } from "../../host/facts.ts";

/**
 * What a probe covers: everything; everything but the responders on the AoE segments, which alone take a second; or only
 * what runs, in a few processes.
 */
export type Extent = "All" | "WithoutSegments" | "Running";

/** A request for a probe that begins after it. */
export interface LookRequest {
  readonly extent: Extent;
  /** Requests are numbered in their order. */
  readonly request: number;
}

/** One successful probe. */
export interface Snapshot {
  readonly facts: HostFacts;
  /** When the probe began: monotonic and wall clock, milliseconds. */
  readonly startedAt: number;
  readonly time: number;
}

/** What is known of a host now. Facts from before an outage are only for people to read: `last` justifies no action. */
export type HostView =
  | { readonly state: "Pending" }
  | { readonly state: "Reachable"; readonly snapshot: Snapshot }
  | {
      readonly state: "Unreachable";
      readonly reason: Reason;
      readonly message: string;
      readonly last: Snapshot | undefined;
    };

/** What a probe of extent Running tells. */
export type RunningFacts = Pick<HostFacts, "identity" | "domains" | "migrations">;

/** What is known now of what a host runs. A {@link HostView} is one. */
export type RunningView =
  | { readonly state: "Pending" }
  | { readonly state: "Reachable"; readonly snapshot: { readonly facts: RunningFacts } }
  | { readonly state: "Unreachable"; readonly reason: Reason; readonly message: string };

/** True while the memory of a domain arrives on the host: its copy is called `NAME--incoming` until it may start. */
export function receivesDomain(view: RunningView): boolean {
  const domains = view.state === "Reachable" ? view.snapshot.facts.domains : undefined;
  return domains?.state === "known" && domains.value.domains.some(({ name }) => name.endsWith("--incoming"));
}

/** Nothing is known yet. */
export const pending: HostView = { state: "Pending" };

/** The facts, if the last probe reached the host. */
export function currentFacts(view: HostView | undefined): HostFacts | undefined {
  return view?.state === "Reachable" ? view.snapshot.facts : undefined;
}

/** The last successful probe, from now or from before the outage. */
export function lastSnapshot(view: HostView | undefined): Snapshot | undefined {
  if (view?.state === "Reachable") return view.snapshot;
  return view?.state === "Unreachable" ? view.last : undefined;
}

/** The facts from now or from before the outage. */
export const lastFacts = (view: HostView | undefined): HostFacts | undefined => lastSnapshot(view)?.facts;

/** The machine-id, which stays when the address changes. */
export function machineOf(view: HostView): string | undefined {
  const identity = lastFacts(view)?.identity;
  return identity?.state === "known" ? identity.value.machineId : undefined;
}

/** True if both views are unreachable for the same reason. */
export function sameTrouble(one: HostView, other: HostView): boolean {
  return (
    one.state === "Unreachable" &&
    other.state === "Unreachable" &&
    one.reason === other.reason &&
    one.message === other.message
  );
}

/** `shelf.slot` */
export const addressText = (at: { readonly shelf: number; readonly slot: number }) => `${at.shelf}.${at.slot}`;

/**
 * Indexes of lists of facts: built once per list and kept with it, so that the lists are not searched for every object.
 */

const indexes = new WeakMap<object, Map<string, Map<string, number[]>>>();

/** The entries of `list` whose `key` is `value`. `name` stands for the key function. */
export function lookUp<T>(list: readonly T[], name: string, key: (item: T) => string, value: string): readonly T[] {
  const byName = indexes.get(list) ?? new Map<string, Map<string, number[]>>();
  indexes.set(list, byName);
  const known = byName.get(name) ?? build(list, key);
  byName.set(name, known);
  const positions = known.get(value) ?? [];
  return positions.flatMap((position) => list[position] ?? []);
}

function build<T>(list: readonly T[], key: (item: T) => string): Map<string, number[]> {
  const index = new Map<string, number[]>();
  for (const [position, item] of list.entries()) {
    const positions = index.get(key(item));
    if (positions === undefined) index.set(key(item), [position]);
    else positions.push(position);
  }
  return index;
}
