import type { Logger } from "pino";
import type { Condition } from "../api/conditions.ts";
import { patienceSeconds } from "../api/reasons/patience.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { EventInput, EventRecorder } from "../runtime/events.ts";
import type { Kind, KubeObject } from "../runtime/kube-api.ts";

/** What a reconcile changed in the conditions of an object. */
export interface ConditionsChange {
  readonly before: readonly Condition[] | undefined;
  readonly after: readonly Condition[] | undefined;
  readonly log: Logger;
}

/**
 * Tells an object's history: when it became ready or ceased to be, as events and in the log. What is to be expected on the
 * way to the first Ready is Normal, and becomes a Warning when it lasts.
 */
export function announce<T extends KubeObject>(
  events: EventRecorder,
  kind: Kind<T>,
  object: T,
  { before, after, log }: ConditionsChange,
): void {
  for (const type of ["Ready", "Conflicted", "DeletionBlocked", "FactsUnreadable"]) {
    const [old, now] = [findCondition(before, type), findCondition(after, type)];
    if (old?.status === now?.status && old?.reason === now?.reason) continue;
    if (type === "Ready" && now !== undefined) logReady(log, old, now);
    events.withdraw(object, type);
    // Of what is not known only the worst is worth an event: somebody has to act at once.
    if (now === undefined || (now.status === "Unknown" && now.reason !== "SplitBrain")) continue;
    if (type !== "Ready" && now.status === "False") continue;
    if (now.reason === "Progressing" || now.reason === "Pending") continue;
    const event = {
      reason: now.reason,
      action: type === "DeletionBlocked" ? "Delete" : "Reconcile",
      note: now.message,
    };
    const patience = type === "Ready" && now.status === "True" ? Number.POSITIVE_INFINITY : patienceWith(now, before);
    events.record(kind, object, { ...event, type: patience > 0 ? "Normal" : "Warning" });
    const warning: EventInput = { ...event, type: "Warning" };
    if (patience > 0 && Number.isFinite(patience)) events.recordAfter(kind, object, type, warning, patience * 1000);
  }
}

/** The line that says how Ready changed. */
export function logReady(
  log: Logger,
  before: Condition | undefined,
  { type, status, reason, message }: Condition,
): void {
  log.info({ condition: type, from: before?.status ?? "Unknown", to: status, reason, message }, `${type} is ${status}`);
}

/** Seconds for which a condition is no reason to worry. */
function patienceWith(now: Condition, before: readonly Condition[] | undefined): number {
  const known: Readonly<Record<string, number | undefined>> = patienceSeconds;
  const seconds = known[now.reason] ?? 0;
  const ready = findCondition(before, "Ready");
  const wasReady = ready?.status === "True" && ready.observedGeneration === now.observedGeneration;
  return wasReady && Number.isFinite(seconds) ? 0 : seconds;
}
