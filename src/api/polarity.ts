import type { Condition } from "./conditions.ts";
import type { Reason } from "./reasons.ts";

/** The good status of each condition type. Contains every condition type of every kind. */
export const polarity: Readonly<Record<string, "Positive" | "Negative">> = {
  Ready: "Positive",
  Succeeded: "Positive",
  Reachable: "Positive",
  Prepared: "Positive",
  AoeReady: "Positive",
  ToolstackReady: "Positive",
  RelocationReady: "Positive",
  WatchdogReady: "Positive",
  Drained: "Positive",
  Exported: "Positive",
  Attached: "Positive",
  Configured: "Positive",
  Online: "Positive",
  Formatted: "Positive",
  Mounted: "Positive",
  Healthy: "Positive",
  DisksReady: "Positive",
  Running: "Positive",
  Admitted: "Positive",
  Migrating: "Positive",
  Aborted: "Negative",
  Conflicted: "Negative",
  PendingRestart: "Negative",
  Paused: "Negative",
  DeletionBlocked: "Negative",
  FactsUnreadable: "Negative",
  Reconciling: "Negative",
  Stalled: "Negative",
};

/** Reasons for work that is not done because it was not requested: neither good nor bad. */
const idle: readonly Reason[] = ["NotDraining", "NotMigrating", "NotAborted", "RelocationDisabled", "NotANode"];

/** Interprets a condition, whatever its type. */
export function judged({
  type,
  status,
  reason,
}: Pick<Condition, "type" | "status" | "reason">): "Good" | "Bad" | "Unknown" | "Idle" {
  if (idle.some((one) => one === reason)) return "Idle";
  if (status === "Unknown") return "Unknown";
  return (status === "True") === (polarity[type] !== "Negative") ? "Good" : "Bad";
}
