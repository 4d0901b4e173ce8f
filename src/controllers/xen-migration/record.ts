import type { XenMigrationStatus } from "../../api/xen-migration.ts";
import { rfc3339 } from "../../runtime/conditions.ts";

/** What the status keeps of a migration's course. */

/** The run of an operation on the source, for people. */
export const unitName = (operation: string) => `xensan-migrate-${operation}`;

/** Notes a transition, once: the same state again is none. Tells whether it was new. */
export function transition(
  status: XenMigrationStatus,
  change: { readonly state: string; readonly message: string },
  nowMs: number,
): boolean {
  const history = status.history ?? [];
  if (history.at(-1)?.state === change.state) return false;
  const entry = { time: rfc3339(nowMs), state: change.state, message: change.message.slice(0, 1024) };
  status.history = [...history.slice(-63), entry];
  return true;
}

/** It may still be aborted or time out: seconds since the intent was written down. */
export function secondsSince(time: string | undefined, nowMs: number): number {
  return time === undefined ? 0 : (nowMs - Date.parse(time)) / 1000;
}
