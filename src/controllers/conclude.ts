import { finalizer } from "../api/common.ts";
import type { Condition } from "../api/conditions.ts";
import type { Metadata } from "../api/kinds.ts";
import type { ConditionUpdate } from "../runtime/conditions.ts";
import type { EventRecorder } from "../runtime/events.ts";
import { isDeleting, removeFinalizer } from "../runtime/finalizers.ts";
import type { Kind, KubeApi, KubeObject } from "../runtime/kube-api.ts";
import { done, type ReconcileContext, type ReconcileResult } from "../runtime/reconciler.ts";
import type { Directives } from "./directives.ts";
import { news, say } from "./draft.ts";
import { no, unknown, yes } from "./finding.ts";
import { sayStalled } from "./stalled.ts";

/** What clusters, domains and volumes have in common when a reconcile comes to its end. */

interface Judged {
  readonly metadata: Metadata;
  readonly status?: { readonly conditions?: readonly Condition[] | undefined };
}

interface Concluding {
  conditions?: Condition[] | undefined;
  observedGeneration?: number | undefined;
}

export interface Verdict {
  readonly directives: Directives;
  /** What the reconcile found out. */
  readonly conditions: readonly ConditionUpdate[];
  /** Condition types that the object always has, beside Ready. */
  readonly owned: readonly string[];
  /** Sums up the status as it is then, where `conditions` says nothing of Ready. */
  readonly ready: () => ConditionUpdate;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

/** Writes the verdict into the status draft of an object. */
export function conclude(status: Concluding, object: Judged, verdict: Verdict): void {
  const { directives, conditions, owned, ready, now } = verdict;
  const { generation } = object.metadata;
  const context = { now, generation };
  const fresh = news(conditions, object.status?.conditions, generation);
  const paused = yes("Paused", "Paused", "The annotation xensan.dev/paused keeps xensan from changing anything");
  const gone = [...(directives.paused ? [] : ["Paused"]), ...(isDeleting(object) ? [] : ["DeletionBlocked"])];
  const known = new Set([...conditions, ...(status.conditions ?? [])].map(({ type }) => type));
  const first = owned.filter((type) => !known.has(type)).map((type) => unknown(type, "Pending", "Not looked at yet"));
  say(status, [...first, ...fresh, ...(directives.paused ? [paused] : [])], context, gone);
  if (generation !== undefined) status.observedGeneration = generation;
  if (!conditions.some(({ type }) => type === "Ready")) say(status, [ready()], context);
  sayStalled(status, context);
}

/** Why a deletion does not go on although nothing is in its way. */
export function suspended({ paused, dryRun }: Directives): ConditionUpdate[] {
  if (paused)
    return [yes("DeletionBlocked", "Paused", "The annotation xensan.dev/paused keeps xensan from cleaning up")];
  if (dryRun)
    return [yes("DeletionBlocked", "DryRun", "The annotation xensan.dev/dry-run keeps xensan from cleaning up")];
  return [];
}

/** A spec that cannot be acted upon, and what that means for a deletion. */
export function invalidSpec(object: Judged, owned: readonly string[], message: string): ConditionUpdate[] {
  const all = owned.map((type) => unknown(type, "InvalidSpec", message));
  if (!isDeleting(object)) return [...all, no("Ready", "InvalidSpec", message)];
  const leave = `correct the spec, or set the annotation xensan.dev/abandon=${object.metadata.name}`;
  return [...all, yes("DeletionBlocked", "InvalidSpec", `${message}; ${leave}`)];
}

/** Lets go of a deleted object although its clean-up cannot be done. `left`: what stays on which machine. */
export async function abandon<T extends KubeObject>(
  { api, events }: { readonly api: KubeApi; readonly events: EventRecorder },
  kind: Kind<T>,
  object: T,
  left: string,
  { signal }: ReconcileContext,
): Promise<ReconcileResult> {
  events.record(kind, object, { type: "Warning", reason: "Abandoned", action: "Delete", note: left });
  await removeFinalizer({ api, kind, object, finalizer, signal });
  return done;
}
