import { type XenMigration, xenMigrations } from "../../api/kinds.ts";
import type { XenMigrationSpec, XenMigrationStatus } from "../../api/xen-migration.ts";
import { type ConditionUpdate, findCondition } from "../../runtime/conditions.ts";
import { conclude, say } from "../conclude.ts";
import type { Pass } from "../reconciler.ts";
import type { Means } from "../world.ts";
import type { MigrationNotes } from "./notes.ts";
import { transition } from "./record.ts";

/** What the reconciler of migrations works with. */
export interface MigrationMeans extends Means {
  /** How many migrations may run at once, over all hosts. */
  readonly fleetCap: number;
}

/** One reconcile of one migration, as its parts share it. */
export interface MigrationPass extends MigrationMeans, Pass<XenMigration, XenMigrationSpec, XenMigrationStatus> {
  readonly notes: MigrationNotes;
}

/** Condition types that a migration always has, besides Ready. */
export const owned = ["Admitted", "Migrating", "Aborted", "Succeeded"] as const;

/** Sets conditions in the draft before it is stored in the middle of a reconcile. */
export function concludeNow(
  { draft, object, directives, world }: MigrationPass,
  conditions: readonly ConditionUpdate[],
): void {
  conclude(draft.status, object, { directives, conditions, obsolete: [], owned, summarise, now: world.clock.now() });
}

/**
 * Sets the conditions for tools that wait for any object (kstatus, and with it Flux): Ready repeats Succeeded,
 * Reconciling is present until the end, Stalled after a failure.
 */
export function summarise(status: XenMigrationStatus, context: Parameters<typeof say>[2]): void {
  const outcome = findCondition(status.conditions, "Succeeded");
  if (outcome === undefined) return;
  const { reason, message } = outcome;
  const ready = { type: "Ready", status: outcome.status, reason, message };
  const reconciling = { type: "Reconciling", status: "True", reason, message } as const;
  const stalled = { type: "Stalled", status: "True", reason, message } as const;
  switch (outcome.status) {
    case "Unknown":
      say(status, [ready, reconciling], context, ["Stalled"]);
      break;
    case "True":
      say(status, [ready], context, ["Reconciling", "Stalled"]);
      break;
    case "False":
      say(status, [ready, stalled], context, ["Reconciling"]);
      break;
  }
}

const troubles: ReadonlySet<string> = new Set([
  "OutcomeUnknown",
  "OutcomeAmbiguous",
  "ApprovalNeeded",
  "SplitBrain",
  "MigrationFailed",
  "DomainGone",
  "NotAdmitted",
  "TimeLimitExceeded",
  "Stalled",
]);

/** Adds a transition to the history and records it as an event, once. */
export function tell(
  { draft, object: migration, events, world }: MigrationPass,
  change: { reason: string; message: string },
): void {
  if (!transition(draft.status, change, world.clock.now())) return;
  events.record(xenMigrations, migration, {
    type: troubles.has(change.reason) ? "Warning" : "Normal",
    reason: change.reason,
    action: "Migrate",
    note: change.message,
  });
}
