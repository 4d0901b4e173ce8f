import { cut } from "../../api/fit-status.ts";
import type { XenMigrationStatus } from "../../api/xen-migration.ts";
import { rfc3339 } from "../../runtime/conditions.ts";
import type { DomainRun } from "../xen-domain/observation.ts";

/** What the status records of a migration's course. */

/** The name of the run of an operation on the source, for the status. */
export const unitName = (operation: string) => `xensan-migrate-${operation}`;

/** What an offline migration stops, as it recorded when it began; undefined in a status of an earlier release. */
export function runOf({ offline, sourceBootID: bootID }: XenMigrationStatus = {}): DomainRun | undefined {
  const domainID = offline?.domainID;
  return bootID === undefined || domainID === undefined ? undefined : { bootID, domainID };
}

/** Adds a transition to the history, unless its reason is the same as before. Returns whether it was new. */
export function transition(
  status: XenMigrationStatus,
  change: { readonly reason: string; readonly message: string },
  nowMs: number,
): boolean {
  const history = status.history ?? [];
  if (history.at(-1)?.reason === change.reason) return false;
  const entry = { time: rfc3339(nowMs), reason: change.reason, message: cut(change.message, 1024) };
  status.history = [...history.slice(-63), entry];
  return true;
}

/** Seconds since this time; 0 if there is none. */
export function secondsSince(time: string | undefined, nowMs: number): number {
  return time === undefined ? 0 : (nowMs - Date.parse(time)) / 1000;
}
