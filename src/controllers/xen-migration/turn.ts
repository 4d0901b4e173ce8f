import { type XenMigration, xenMigrations } from "../../api/kinds.ts";
import type { XenMigrationSpec, XenMigrationStatus } from "../../api/xen-migration.ts";
import { type ConditionUpdate, findCondition } from "../../runtime/conditions.ts";
import type { ReconcileContext } from "../../runtime/reconciler.ts";
import type { StatusDraft } from "../../runtime/status-patch.ts";
import type { Directives } from "../directives.ts";
import { say } from "../draft.ts";
import { unknown, yes } from "../finding.ts";
import type { ObjectRef } from "../identity.ts";
import type { Means } from "../world.ts";
import type { Memory } from "./memory.ts";
import { transition } from "./record.ts";

/** What the reconciler of migrations works with. */
export interface MigrationMeans extends Means {
  /** Migrations that may be under way at once, over all hosts. */
  readonly fleetCap: number;
}

/** One reconcile of one migration: what its parts need, and where they say what they found. */
export interface Turn extends MigrationMeans {
  readonly id: ObjectRef;
  readonly migration: XenMigration;
  readonly spec: XenMigrationSpec;
  readonly directives: Directives;
  readonly draft: StatusDraft<XenMigrationStatus>;
  readonly context: ReconcileContext;
  readonly memory: Memory;
}

/** What a part of the reconcile leaves: conditions to be set, and when to look again. */
export interface Said {
  readonly conditions: readonly ConditionUpdate[];
  readonly againSeconds?: number | undefined;
}

export const conditionTypes = ["Admitted", "Migrating", "Aborted", "Succeeded", "Ready"] as const;

/** Sets conditions in the draft; a type that nobody has spoken of yet is Pending. */
export function conclude(
  status: XenMigrationStatus,
  migration: XenMigration,
  directives: Directives,
  conditions: readonly ConditionUpdate[],
  now: number,
): void {
  const { generation } = migration.metadata;
  const known = new Set([...conditions, ...(status.conditions ?? [])].map(({ type }) => type));
  const first = conditionTypes
    .filter((type) => !known.has(type))
    .map((type) => unknown(type, "Pending", "Not looked at yet"));
  const paused = yes("Paused", "Paused", "The annotation xensan.dev/paused keeps xensan from changing anything");
  say(
    status,
    [...first, ...conditions, ...(directives.paused ? [paused] : [])],
    { now, generation },
    directives.paused ? [] : ["Paused"],
  );
  if (generation !== undefined) status.observedGeneration = generation;
  summariseFor(status, { now, generation });
}

/**
 * For those who wait for any object (kstatus, and with it Flux): Ready says what Succeeded says, Reconciling is there until the
 * end, Stalled after a bad one.
 */
function summariseFor(status: XenMigrationStatus, context: Parameters<typeof say>[2]): void {
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

/** Notes a transition in the history and tells it as an event, once. */
export function tell({ draft, migration, events, world }: Turn, change: { state: string; message: string }): void {
  if (!transition(draft.status, change, world.clock.now())) return;
  events.record(xenMigrations, migration, {
    type: troubles.has(change.state) ? "Warning" : "Normal",
    reason: change.state,
    action: "Migrate",
    note: change.message,
  });
}
