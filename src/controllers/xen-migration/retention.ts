import type { XenMigration } from "../../api/kinds.ts";
import { findCondition } from "../../runtime/conditions.ts";

/** How many finished migrations of one domain are kept by default. */
export const keptPerDomain = 10;

/** When a finished migration ended, wall-clock milliseconds. */
export function finishedAt({ status }: XenMigration): number {
  const time = status?.completionTime ?? findCondition(status?.conditions, "Succeeded")?.lastTransitionTime;
  return time === undefined ? 0 : Date.parse(time);
}

/** The finished migrations of one domain that exceed the number to keep. */
export function outdated(finished: readonly XenMigration[]): XenMigration[] {
  return finished
    .filter(({ spec }) => spec.ttlSecondsAfterFinished === undefined)
    .toSorted((one, other) => finishedAt(other) - finishedAt(one))
    .slice(keptPerDomain);
}

/** Seconds until the object must be deleted; undefined when it is kept. */
export function secondsToLive(migration: XenMigration, nowMs: number): number | undefined {
  const { ttlSecondsAfterFinished } = migration.spec;
  if (ttlSecondsAfterFinished === undefined) return undefined;
  return Math.max(0, (finishedAt(migration) - nowMs) / 1000 + ttlSecondsAfterFinished);
}
