import { type Condition, type ConditionStatus, unsaid } from "../api/conditions.ts";
import { printable } from "../printable.ts";
import type { KubeObject } from "./kube-api.ts";

/** An object whose status has conditions, of whatever kind. */
export interface Conditioned {
  readonly metadata: KubeObject["metadata"];
  readonly status?: { readonly conditions?: readonly Condition[] | undefined };
}

/** A condition as a controller reports it; {@link setCondition} adds time and generation. */
export interface ConditionUpdate {
  readonly type: string;
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
}

/** Time and generation of a condition. */
export interface ConditionContext {
  /** Wall-clock milliseconds. */
  readonly now: number;
  /** `metadata.generation` of the observed object. */
  readonly generation: number | undefined;
}

/**
 * Adds this condition to the list or replaces it. `lastTransitionTime` changes only with `status`; returns the same
 * list if nothing changed.
 */
export function setCondition(
  conditions: readonly Condition[],
  update: ConditionUpdate,
  { now, generation }: ConditionContext,
): readonly Condition[] {
  const old = findCondition(conditions, update.type);
  const next: Condition = {
    type: update.type,
    status: update.status,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime:
      old?.status === update.status && old.lastTransitionTime !== unsaid ? old.lastTransitionTime : rfc3339(now),
    reason: update.reason,
    // The API has no condition without a message.
    message: truncated(printable(update.message)) || update.reason,
  };
  if (old === undefined) return [...conditions, next];
  if (sameCondition(old, next)) return conditions;
  return conditions.map((condition) => (condition === old ? next : condition));
}

/** The condition of this type. */
export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Whether the condition exists, has this status and, if given, is of this generation. */
export function hasCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
  status: ConditionStatus = "True",
  generation?: number,
): boolean {
  const condition = findCondition(conditions, type);
  if (condition?.status !== status) return false;
  return generation === undefined || condition.observedGeneration === generation;
}

/** The list without this condition; the same list if it does not contain the condition. */
export function removeCondition(conditions: readonly Condition[], type: string): readonly Condition[] {
  return conditions.some((condition) => condition.type === type)
    ? conditions.filter((condition) => condition.type !== type)
    : conditions;
}

/** Derives a summary from other conditions. */
export interface SummaryRules {
  /** Usually `Ready`. */
  readonly type: string;
  /** All of these must be True; the first False one, else the first one that is not True, determines the summary. */
  readonly required: readonly string[];
  /** Conditions of negative polarity: True is bad and takes precedence over everything else. Absent is fine. */
  readonly negative?: readonly string[];
  readonly readyMessage: string;
}

/** One condition that summarises all of them, with the reason of the most important one. */
export function summarise(conditions: readonly Condition[], rules: SummaryRules): ConditionUpdate {
  const raised = (rules.negative ?? []).flatMap((type) => findCondition(conditions, type) ?? []);
  const required = rules.required.map((type) => findCondition(conditions, type) ?? pending(type));
  const bad = raised.find(({ status }) => status === "True") ?? required.find(({ status }) => status === "False");
  const open = required.find(({ status }) => status === "Unknown") ?? raised.find(({ status }) => status === "Unknown");
  const speaker = bad ?? open;
  if (speaker === undefined)
    return { type: rules.type, status: "True", reason: rules.type, message: rules.readyMessage };
  return {
    type: rules.type,
    status: bad === undefined ? "Unknown" : "False",
    reason: speaker.reason,
    message: speaker.message,
  };
}

const pending = (type: string): Pick<Condition, "status" | "reason" | "message"> => ({
  status: "Unknown",
  reason: "Pending",
  message: `${type} has not been checked yet`,
});

function sameCondition(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration &&
    a.lastTransitionTime === b.lastTransitionTime
  );
}

/** metav1.Time: seconds, UTC. */
export function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

/** metav1.MicroTime, as Lease and Event use it. */
export function rfc3339Micro(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/(\.\d{3})Z$/, "$1000Z");
}

const messageLimit = 32_768;
const truncated = (message: string) =>
  message.length <= messageLimit ? message : `${message.slice(0, messageLimit - 1).toWellFormed()}…`;
