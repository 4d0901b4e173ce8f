import type { Logger } from "pino";
import { type Condition, unsaid } from "../api/conditions.ts";
import { patienceSeconds } from "../api/reasons/patience.ts";
import { isStalling } from "../api/reasons/stalling.ts";
import {
  type Conditioned,
  type ConditionUpdate,
  findCondition,
  removeCondition,
  setCondition,
} from "../runtime/conditions.ts";
import type { EventInput, EventRecorder } from "../runtime/events.ts";
import { isDeleting } from "../runtime/finalizers.ts";
import type { Kind, KubeObject } from "../runtime/kube-api.ts";
import type { Directives } from "./directives.ts";
import { no, unknown, yes } from "./finding.ts";

/** The end of a reconcile, the same for all kinds. */

interface Concluding {
  conditions?: Condition[] | undefined;
  observedGeneration?: number | undefined;
}

/** The result of a reconcile. */
export interface Conclusion {
  readonly directives: Directives;
  /** The conditions that the reconcile found. */
  readonly conditions: readonly ConditionUpdate[];
  /** Condition types that the object always has, besides Ready. */
  readonly owned: readonly string[];
  /** Condition types that no longer apply. */
  readonly obsolete: readonly string[];
  /** Sets Ready, and what follows from it, from the status as it is then. */
  readonly summarise: (status: Concluding, context: Parameters<typeof say>[2]) => void;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

/** Writes the conclusion into the status draft of an object. */
export function conclude(status: Concluding, object: Conditioned, conclusion: Conclusion): void {
  const { directives, conditions, obsolete, owned, summarise, now } = conclusion;
  const { generation } = object.metadata;
  const context = { now, generation };
  const fresh = news(conditions, object.status?.conditions, generation);
  const paused = yes("Paused", "Paused", "The annotation xensan.dev/paused suspends all changes");
  const gone = [
    ...(directives.paused ? [] : ["Paused"]),
    ...(isDeleting(object) ? [] : ["DeletionBlocked"]),
    ...obsolete,
  ];
  const known = new Set([...conditions, ...(status.conditions ?? [])].map(({ type }) => type));
  const first = owned.filter((type) => !known.has(type)).map((type) => unknown(type, "Pending", "Not checked yet"));
  say(status, [...first, ...fresh, ...(directives.paused ? [paused] : [])], context, gone);
  if (generation !== undefined) status.observedGeneration = generation;
  summarise(status, context);
}

/** DeletionBlocked for a deletion that only an annotation holds back. */
export function suspended({ paused, dryRun }: Directives): ConditionUpdate[] {
  if (paused) return [yes("DeletionBlocked", "Paused", "The annotation xensan.dev/paused suspends the clean-up")];
  if (dryRun) return [yes("DeletionBlocked", "DryRun", "The annotation xensan.dev/dry-run suspends the clean-up")];
  return [];
}

/** The conditions for a spec that cannot be acted on, also for a deleted object. */
export function invalidSpec(object: Conditioned, owned: readonly string[], message: string): ConditionUpdate[] {
  const all = owned.map((type) => unknown(type, "InvalidSpec", message));
  if (!isDeleting(object)) return [...all, no("Ready", "InvalidSpec", message)];
  const leave = `correct the spec, or set the annotation xensan.dev/abandon=${object.metadata.name}`;
  return [...all, yes("DeletionBlocked", "InvalidSpec", `${message}; ${leave}`)];
}

interface HasConditions {
  conditions?: Condition[] | undefined;
}

/** Sets conditions in a status draft. Types in `gone` are removed. */
export function say(
  status: HasConditions,
  updates: readonly ConditionUpdate[],
  context: { readonly now: number; readonly generation: number | undefined },
  gone: readonly string[] = [],
): void {
  let conditions: readonly Condition[] = status.conditions ?? [];
  // Replace the initial conditions, which the API server filled in, by conditions of the operator.
  for (const initial of conditions)
    if (initial.lastTransitionTime === unsaid) conditions = setCondition(conditions, initial, context);
  for (const update of updates) conditions = setCondition(conditions, update, context);
  for (const type of gone) conditions = removeCondition(conditions, type);
  status.conditions = [...conditions];
}

/**
 * Drops updates that only say that nothing was observed yet, where the status already holds an observation for this
 * generation: a restart of the operator is no news about the machines.
 */
export function news(
  updates: readonly ConditionUpdate[],
  stored: readonly Condition[] | undefined,
  generation: number | undefined,
): ConditionUpdate[] {
  return updates.filter(({ type, reason }) => {
    const known = findCondition(stored, type);
    return reason !== "Pending" || known === undefined || known.observedGeneration !== generation;
  });
}

/**
 * Sets the condition Stalled beside a Ready that stays False until a person acts, and removes it otherwise: kstatus,
 * and with it Flux and Argo CD, then reads Failed instead of InProgress.
 */
export function sayStalled(status: Parameters<typeof say>[0], context: Parameters<typeof say>[2]): void {
  const ready = findCondition(status.conditions, "Ready");
  if (ready?.status === "False" && isStalling(ready.reason))
    say(status, [{ type: "Stalled", status: "True", reason: ready.reason, message: ready.message }], context);
  else say(status, [], context, ["Stalled"]);
}

/** Ready of an object whose annotations hold its steps back. */
export function heldBack(ready: ConditionUpdate, { paused, dryRun }: Directives): ConditionUpdate {
  if (ready.status === "True" || ready.reason !== "Progressing") return ready;
  if (paused) return { ...ready, reason: "Paused" };
  return dryRun ? { ...ready, reason: "DryRun" } : ready;
}

/** The conditions of an object before and after a reconcile. */
export interface ConditionsChange {
  readonly before: readonly Condition[] | undefined;
  readonly after: readonly Condition[] | undefined;
  readonly log: Logger;
}

/**
 * Reports when an object became ready or ceased to be, as events and in the log. A state that is expected on the way to
 * the first Ready is Normal, and becomes a Warning when it lasts.
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
    // Of the conditions that are Unknown only the worst, SplitBrain, is worth an event: a person must act at once.
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

/** Logs a change of Ready. */
export function logReady(
  log: Logger,
  before: Condition | undefined,
  { type, status, reason, message }: Condition,
): void {
  log.info({ condition: type, from: before?.status ?? "Unknown", to: status, reason, message }, `${type} is ${status}`);
}

/** For how many seconds a condition is no reason for a Warning. */
function patienceWith(now: Condition, before: readonly Condition[] | undefined): number {
  const known: Readonly<Record<string, number | undefined>> = patienceSeconds;
  const seconds = known[now.reason] ?? 0;
  const ready = findCondition(before, "Ready");
  const wasReady = ready?.status === "True" && ready.observedGeneration === now.observedGeneration;
  return wasReady && Number.isFinite(seconds) ? 0 : seconds;
}
