import type { Condition } from "../api/conditions.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { EventRecorder } from "../runtime/events.ts";
import type { Kind, KubeObject } from "../runtime/kube-api.ts";
import type { Step } from "./hosts/step.ts";

/** Tells an object's history in events: when it became ready or ceased to be, and what is being done about it. */
export function announce<T extends KubeObject>(
  events: EventRecorder,
  kind: Kind<T>,
  object: T,
  change: {
    readonly before: readonly Condition[] | undefined;
    readonly after: readonly Condition[] | undefined;
    readonly started: readonly Step[];
  },
): void {
  for (const { host, action, summary } of change.started)
    events.record(kind, object, {
      type: "Normal",
      reason: "Acting",
      action: pascal(action),
      note: `${host}: ${summary}`,
    });
  for (const type of ["Ready", "Conflicted", "DeletionBlocked", "FactsUnreadable"]) {
    const [old, now] = [findCondition(change.before, type), findCondition(change.after, type)];
    // Of what is not known only the worst is worth an event: somebody has to act at once.
    if (
      now === undefined ||
      (now.status === "Unknown" && now.reason !== "SplitBrain") ||
      (old?.status === now.status && old.reason === now.reason)
    )
      continue;
    if (type !== "Ready" && now.status === "False") continue;
    const good = type === "Ready" && now.status === "True";
    if (now.reason === "Progressing" || now.reason === "Pending") continue;
    events.record(kind, object, {
      type: good ? "Normal" : "Warning",
      reason: now.reason,
      action: type === "DeletionBlocked" ? "Delete" : "Reconcile",
      note: now.message,
    });
  }
}

const pascal = (name: string) => name.replace(/(^|-)([a-z])/g, (_all, _dash, letter: string) => letter.toUpperCase());
