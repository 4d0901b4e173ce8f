import type { PlanStep } from "../api/plan-step.ts";
import { unlessInvalid } from "../host/values.ts";
import { type ConditionUpdate, hasCondition } from "../runtime/conditions.ts";
import { isDeleting } from "../runtime/finalizers.ts";
import { type Kind, keyOf } from "../runtime/kube-api.ts";
import type { ReadonlyStore } from "../runtime/store.ts";
import { suspended } from "./conclude.ts";
import { suspends } from "./directives.ts";
import { unknown, yes } from "./finding.ts";
import { goesOn, type Handed, type Held, handOver, type Job, observerOf, printed, soonest } from "./gate.ts";
import { explainOutcome, type Step } from "./hosts/step.ts";
import { type CommonStatus, type Declared, ensureFinalizer, type Pass, type PassResult } from "./reconciler.ts";
import type { Means } from "./world.ts";

/** The conditions of an object, and the steps that are needed. */
export interface Plan {
  readonly conditions: readonly ConditionUpdate[];
  readonly steps: readonly Step[];
}

/** What must be removed before a deleted object may go. */
export type Release<P extends Plan> =
  /** Nothing of it is left, or what is left stays on purpose: the finalizer may go. */
  { readonly kind: "Released" } | { readonly kind: "Open"; readonly finding: P };

/** How objects of one kind converge: how they are observed, planned, released and described. */
export interface Converging<T extends Declared<Status>, Spec, Status extends CommonStatus, Seen, P extends Plan> {
  readonly kind: Kind<T>;
  readonly store: ReadonlyStore<T>;
  readonly owned: readonly string[];
  readonly observe: (pass: Pass<T, Spec, Status>) => Seen;
  /** A pure function of what was observed. */
  readonly plan: (seen: Seen) => P;
  readonly release: (seen: Seen) => Release<P>;
  /** A plan with these conditions and no steps. */
  readonly planWith: (conditions: readonly ConditionUpdate[]) => P;
  /** True if something must be released even where the plan has no steps. */
  readonly needsFinalizer?: (seen: Seen, plan: P) => boolean;
  /** Does or learns what the plan needs before it holds; not called for a deleted object. */
  readonly prepare?: (
    pass: Pass<T, Spec, Status>,
    seen: Seen,
    plan: P,
  ) => Promise<{ readonly seen: Seen; readonly plan: P }>;
  /** Writes the fields of the status other than conditions. */
  readonly describe: (pass: Pass<T, Spec, Status>, seen: Seen, plan: P) => void;
  /** What a dry run prints; the steps by default. */
  readonly preview?: (plan: P) => PlanStep[];
  /** True if the status must be stored before these steps begin. */
  readonly storesBefore?: (steps: readonly Step[]) => boolean;
  readonly jobs: (pass: Pass<T, Spec, Status>, seen: Seen, steps: P["steps"]) => readonly Job[];
  /** False: its steps restore nothing, and are not counted as repairs. */
  readonly repairs?: boolean;
  /** The conditions that follow from steps without effect. */
  readonly conditionsOfHeld: (held: readonly Held[], seen: Seen) => readonly ConditionUpdate[];
  /** Called when the jobs have come to the gate; returns further delays in seconds after which to reconcile again. */
  readonly again?: (
    pass: Pass<T, Spec, Status>,
    seen: Seen,
    result: { readonly plan: P; readonly handed: Handed; readonly conditions: readonly ConditionUpdate[] },
  ) => readonly (number | undefined)[];
}

/** Reconciles one object: observe, plan, act, describe; or release, if it is deleted. */
export function convergence<T extends Declared<Status>, Spec, Status extends CommonStatus, Seen, P extends Plan>(
  means: Means,
  definition: Converging<T, Spec, Status, Seen, P>,
): (pass: Pass<T, Spec, Status>) => Promise<PassResult> {
  const { api } = means;
  const { kind, store } = definition;

  /** Sets our finalizer before the first side effect. */
  async function setFinalizer({ object, context }: Pass<T, Spec, Status>): Promise<void> {
    const current = store.get(keyOf(object));
    const same = current !== undefined && current.metadata.uid === object.metadata.uid;
    await ensureFinalizer({ api, kind, store }, same ? current : object, context);
  }

  const actOn = async (pass: Pass<T, Spec, Status>, seen: Seen, plan: P): Promise<Handed> =>
    await act(means, pass, definition.jobs(pass, seen, plan.steps), {
      preview: () => definition.preview?.(plan) ?? printed(plan.steps),
      async before(steps) {
        await setFinalizer(pass);
        if (definition.storesBefore?.(steps) === true) await pass.draft.flush();
      },
      repairs: definition.repairs ?? true,
    });

  async function finish(
    pass: Pass<T, Spec, Status>,
    seen: Seen,
    plan: P,
    conditionsOf: (held: readonly Held[], seen: Seen) => readonly ConditionUpdate[],
    last: readonly ConditionUpdate[],
  ): Promise<PassResult> {
    definition.describe(pass, seen, plan);
    const handed = await actOn(pass, seen, plan);
    const conditions = merged(
      plan.conditions,
      conditionsOf(
        handed.held.filter((one) => !goesOn(one)),
        seen,
      ),
      last,
    );
    const again = definition.again?.(pass, seen, { plan, handed, conditions }) ?? [];
    return { conditions, againSeconds: soonest([handed.againSeconds, ...again]) };
  }

  const planned = <R>(plan: () => R): R | P =>
    unlessInvalid(plan, (message) =>
      definition.planWith(definition.owned.map((type) => unknown(type, "InvalidSpec", message))),
    );

  return async (pass) => {
    const { directives, object } = pass;
    const seen = definition.observe(pass);
    if (isDeleting(object)) {
      const left = planned(() => definition.release(seen));
      if ("conditions" in left) return { conditions: left.conditions };
      const stopped = suspended(directives);
      if (left.kind === "Released") return { conditions: stopped, released: stopped.length === 0 };
      return await finish(pass, seen, left.finding, blocking, stopped);
    }
    const plan = planned(() => definition.plan(seen));
    const frozen = suspends(directives) || observesAll(definition.jobs(pass, seen, []));
    if (!frozen && definition.needsFinalizer?.(seen, plan) === true) await setFinalizer(pass);
    const ready = (await definition.prepare?.(pass, seen, plan)) ?? { seen, plan };
    return await finish(pass, ready.seen, ready.plan, definition.conditionsOfHeld, []);
  };
}

/** True if every machine of the object is only observed: there will be nothing to release. */
const observesAll = (jobs: readonly Job[]) => jobs.length > 0 && jobs.every((job) => observerOf(job) !== undefined);

function blocking(held: readonly Held[]): ConditionUpdate[] {
  return held.map(({ step, outcome }) => {
    const { reason, message } = explainOutcome(step, outcome);
    return yes("DeletionBlocked", reason, message);
  });
}

/** Joins conditions; of several with one type the last counts. */
export function merged(...lists: readonly (readonly ConditionUpdate[])[]): ConditionUpdate[] {
  return [...new Map(lists.flat().map((condition) => [condition.type, condition])).values()];
}

/** What acting for an object of one kind needs besides its jobs. */
interface Acting {
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
