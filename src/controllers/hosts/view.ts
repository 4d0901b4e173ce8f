import type { Reason } from "../../api/reasons.ts";
import type { HostFacts } from "../../host/facts.ts";

/** One successful probe. */
export interface Snapshot {
  readonly facts: HostFacts;
  /** Asks up to this mark had been made when the probe began: for them the facts are fresh. */
  readonly mark: number;
  /** When the probe began: monotonic and wall clock, milliseconds. */
  readonly startedAt: number;
  readonly time: number;
}

/** What is known of a host now. Facts of before an outage are only ever for people: `last` justifies no action. */
export type HostView =
  | { readonly state: "Pending" }
  | { readonly state: "Reachable"; readonly snapshot: Snapshot }
  | {
      readonly state: "Unreachable";
      readonly reason: Reason;
      readonly message: string;
      readonly last: Snapshot | undefined;
    };

export const pending: HostView = { state: "Pending" };

/** The facts, when the host could be reached the last time. */
export function currentFacts(view: HostView | undefined): HostFacts | undefined {
  return view?.state === "Reachable" ? view.snapshot.facts : undefined;
}

/** The last successful probe, of now or of before the outage. */
export function lastSnapshot(view: HostView | undefined): Snapshot | undefined {
  if (view?.state === "Reachable") return view.snapshot;
  return view?.state === "Unreachable" ? view.last : undefined;
}

/** The facts of now or of before the outage. */
export const lastFacts = (view: HostView | undefined): HostFacts | undefined => lastSnapshot(view)?.facts;

/** The machine's own name for itself, which stays when its address changes. */
export function machineOf(view: HostView): string | undefined {
  const identity = lastFacts(view)?.identity;
  return identity?.state === "known" && identity.value.machineId !== "" ? identity.value.machineId : undefined;
}

export function sameTrouble(one: HostView, other: HostView): boolean {
  return (
    one.state === "Unreachable" &&
    other.state === "Unreachable" &&
    one.reason === other.reason &&
    one.message === other.message
  );
}
