import type { XenMigration } from "../../api/kinds.ts";
import { findCondition } from "../../runtime/conditions.ts";

/** Finished migrations of one domain that are kept when nothing else is said. */
export const keptPerDomain = 10;

/** When a finished migration ended, wall-clock milliseconds. */
export function finishedAt({ status }: XenMigration): number {
  const time = status?.completionTime ?? findCondition(status?.conditions, "Succeeded")?.lastTransitionTime;
  return time === undefined ? 0 : Date.parse(time);
}

/** Of the finished migrations of one domain those that have had their time. */
export function outdated(finished: readonly XenMigration[]): XenMigration[] {
  return finished
    .filter(({ spec }) => spec.ttlSecondsAfterFinished === undefined)
    .toSorted((one, other) => finishedAt(other) - finishedAt(one))
    .slice(keptPerDomain);
}

/** Seconds until the object is to be deleted; undefined when it is kept. */
export function secondsToLive(migration: XenMigration, nowMs: number): number | undefined {
  const { ttlSecondsAfterFinished } = migration.spec;
  if (ttlSecondsAfterFinished === undefined) return undefined;
  return Math.max(0, (finishedAt(migration) - nowMs) / 1000 + ttlSecondsAfterFinished);
}
