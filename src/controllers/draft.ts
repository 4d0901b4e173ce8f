import { type Condition, unsaid } from "../api/conditions.ts";
import type { PlanStep } from "../api/plan-step.ts";
import { type ConditionUpdate, findCondition, removeCondition, setCondition } from "../runtime/conditions.ts";
import type { Directives } from "./directives.ts";
import type { Step } from "./hosts/step.ts";

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
  // What the API server wrote there for the time being becomes a word of the operator's.
  for (const initial of conditions)
    if (initial.lastTransitionTime === unsaid) conditions = setCondition(conditions, initial, context);
  for (const update of updates) conditions = setCondition(conditions, update, context);
  for (const type of gone) conditions = removeCondition(conditions, type);
  status.conditions = [...conditions];
}

/**
 * Without what only says that nobody has looked yet, where the status already tells what was seen for this generation:
 * a restart of the operator is no news of the machines.
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

/** `status.plan`: at most 64 steps. */
export function printed(steps: readonly Step[]): PlanStep[] {
  return steps.slice(0, 64).map(({ host, action, summary }) => ({ host, action, summary: summary.slice(0, 1024) }));
}

/** Whether an annotation keeps the steps from being done; with dry-run they are written down instead. */
export function withheld(
  status: { plan?: PlanStep[] | undefined },
  { dryRun, paused }: Directives,
  plan: () => PlanStep[],
): boolean {
  delete status.plan;
  if (dryRun) status.plan = plan();
  return dryRun || paused;
}
