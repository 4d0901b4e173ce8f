import type { XenDomainStatus } from "../../api/xen-domain.ts";
import { currentFacts, type HostView } from "../hosts/view.ts";

type Recorded = NonNullable<XenDomainStatus["migrations"]>[number];

/** The record of an operation that was begun before. */
export interface DoneBefore {
  /** RFC 3339; undefined in older records. */
  readonly time: string | undefined;
  /** Running: it runs on a host now. Unknown: only its beginning is recorded. */
  readonly outcome: "Succeeded" | "Failed" | "Unknown" | "Running";
  /** Where that is recorded: `XenHost bella`. */
  readonly where: string;
}

/**
 * Whether an operation was begun before, by the status of its XenDomain and the records of every reachable host. A
 * record that it is running counts first, then one with an outcome.
 */
export function doneBefore(
  operation: string,
  domain: { readonly name: string; readonly migrations: readonly Recorded[] } | undefined,
  hosts: readonly { readonly name: string; readonly view: HostView }[],
): DoneBefore | undefined {
  const told: DoneBefore[] = [];
  for (const one of domain?.migrations ?? [])
    if (one.operationID === operation)
      told.push({ time: one.startTime, outcome: one.outcome, where: `the status of XenDomain ${domain?.name}` });
  for (const { name, view } of hosts) {
    const migrations = currentFacts(view)?.migrations;
    if (migrations?.state !== "known") continue;
    for (const run of migrations.value) {
      if (run.operation !== operation) continue;
      const ended = run.phase === "Succeeded" ? "Succeeded" : "Failed";
      const outcome = run.state === "Ended" ? ended : run.state === "Running" ? "Running" : "Unknown";
      told.push({ time: run.time, outcome, where: `XenHost ${name}` });
    }
  }
  return (
    told.find(({ outcome }) => outcome === "Running") ?? told.find(({ outcome }) => outcome !== "Unknown") ?? told[0]
  );
}
