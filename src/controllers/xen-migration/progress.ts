import { bytesOf, formatQuantity } from "../../api/quantity.ts";
import type { XenMigrationStatus } from "../../api/xen-migration.ts";
import type { MigrationRun } from "../../host/xen-facts.ts";
import { furthest } from "./recovery.ts";

type Progress = NonNullable<XenMigrationStatus["progress"]>;

/** How long no more memory may arrive on the target before the migration counts as stalled, seconds. */
export const stallSeconds = 300;

const mib = 2 ** 20;

/**
 * The progress of the copying. xl does not report it, so it is the memory that the target has allocated for the copy;
 * neither it nor the phase ever goes back. `time`: of the last change.
 */
export function progressed(
  before: Progress | undefined,
  seen: { readonly phase: MigrationRun["phase"] | undefined; readonly receivedMiB: number | undefined },
  now: string,
): Progress | undefined {
  if (seen.phase === undefined && seen.receivedMiB === undefined) return before;
  const bytes = Math.max(bytesOf(before?.received) ?? 0, (seen.receivedMiB ?? 0) * mib);
  const known = before?.phase ?? "Connecting";
  const phase = furthest(known, seen.phase ?? known);
  const moved = before === undefined || bytes > (bytesOf(before.received) ?? 0) || phase !== known;
  return {
    ...(bytes === 0 ? {} : { received: formatQuantity(bytes) }),
    phase,
    time: moved ? now : (before.time ?? now),
  };
}

/**
 * True if nothing has changed for too long. Once everything has been allocated on the target, xl sends changed pages
 * again without a visible effect: from then on only the time limit of the migration counts.
 */
export function isStalled(progress: Progress | undefined, memoryMiB: number, nowMs: number): boolean {
  if (progress?.time === undefined) return false;
  if ((bytesOf(progress.received) ?? 0) >= memoryMiB * mib) return false;
  return nowMs - Date.parse(progress.time) >= stallSeconds * 1000;
}

/** `Sending, 95 of 128 MiB`. */
export function describeProgress(progress: Progress | undefined, memoryMiB: number): string {
  const phase = words[progress?.phase ?? "Connecting"];
  const received = Math.min(memoryMiB, Math.floor((bytesOf(progress?.received) ?? 0) / mib));
  return progress?.received === undefined ? phase : `${phase}, ${received} of ${memoryMiB} MiB allocated on the target`;
}

const words: Record<MigrationRun["phase"], string> = {
  Connecting: "Connecting",
  Sending: "Copying memory while the domain runs",
  Transferred: "The target has received the whole memory",
  Permission: "The target has permission to start",
  Succeeded: "The target has started the domain",
  Failed: "xl migrate failed",
};
