import type { PlanStep } from "../api/plan-step.ts";
import { hasCondition } from "../runtime/conditions.ts";
import { suspends } from "./directives.ts";
import { type Handed, handOver, type Job, observerOf, printed } from "./gate.ts";
import type { Step } from "./hosts/step.ts";
import type { CommonStatus, Declared, Pass } from "./reconciler.ts";
import type { Means } from "./world.ts";

/** What acting for an object of one kind needs besides its jobs. */
export interface Acting {
  /** What a dry run writes to status.plan. */
  readonly preview: () => PlanStep[];
  /** To be done and stored before the first of these steps begins. */
  readonly before?: (steps: readonly Step[]) => Promise<unknown>;
  /** False: the steps restore nothing, and are not counted as repairs. */
  readonly repairs?: boolean;
}

/**
 * Hands the jobs of a reconcile to their machines. Steps that an annotation or `spec.management: Observe` withholds are
 * written to status.plan.
 */
export async function act<T extends Declared<Status>, Spec, Status extends CommonStatus>(
  means: Means,
  { ref, object, draft, directives, context }: Pass<T, Spec, Status>,
  jobs: readonly Job[],
  { preview, before, repairs = true }: Acting,
): Promise<Handed> {
  delete draft.status.plan;
  const allowed = suspends(directives) ? [] : jobs.filter((job) => observerOf(job) === undefined);
  const steps = allowed.flatMap((job) => job.steps);
  if (steps.length > 0) await before?.(steps);
  // The steps must rest on what the server holds, not only on the cache.
  if (steps.length > 0) await draft.confirm();
  context.signal.throwIfAborted();
  const handed = handOver(means.world, jobs, { directives, log: context.log });
  if (directives.dryRun || handed.withheld.length > 0)
    draft.status.plan = steps.length === 0 ? preview() : printed(handed.withheld);
  if (repairs) countRepairs(means, object, ref.kind, handed.started);
  return handed;
}

/** Counts steps as repairs if the object was already Ready for the current spec. */
function countRepairs(
  { metrics }: Means,
  { metadata, status }: Declared<CommonStatus>,
  kind: string,
  started: readonly { readonly action: string }[],
): void {
  if (!hasCondition(status?.conditions, "Ready", "True", metadata.generation)) return;
  for (const { action } of started) metrics.repairs.inc({ kind, action });
}
