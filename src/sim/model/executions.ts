import type { RackEvent } from "./events.ts";

/** An interval in which a domain executed on one host, in milliseconds of the rack's clock. */
export interface Execution {
  readonly uuid: string;
  readonly host: string;
  /** Distinguishes two domains with the same UUID on one host. */
  readonly id: number;
  readonly from: number;
  /** Undefined while it still executes. */
  readonly until: number | undefined;
}

/** All executions, in the order in which they began. */
export function executions(events: readonly RackEvent[]): Execution[] {
  const found: (Execution & { until: number | undefined })[] = [];
  const open = new Map<string, (typeof found)[number]>();
  for (const event of events) {
    if (!("uuid" in event) || !("id" in event)) continue;
    const key = `${event.host} ${event.id} ${event.uuid}`;
    if (event.kind === "DomainStarted" || event.kind === "DomainResumed") {
      const begun = { uuid: event.uuid, host: event.host, id: event.id, from: event.at, until: undefined };
      found.push(begun);
      open.set(key, begun);
    } else if (event.kind !== "DomainAsked") {
      const ended = open.get(key);
      if (ended !== undefined) ended.until = event.at;
      open.delete(key);
    }
  }
  return found;
}

/** Pairs of executions of one domain that overlap: the second began before the first was over. */
export function runsTwice(all: readonly Execution[]): [Execution, Execution][] {
  const found: [Execution, Execution][] = [];
  all.forEach((first, index) => {
    for (const second of all.slice(index + 1)) {
      if (second.uuid === first.uuid && (first.until === undefined || second.from < first.until)) {
        found.push([first, second]);
      }
    }
  });
  return found;
}
