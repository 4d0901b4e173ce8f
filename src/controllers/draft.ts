import type { Condition } from "../api/conditions.ts";
import type { PlanStep } from "../api/plan-step.ts";
import { type ConditionUpdate, removeCondition, setCondition } from "../runtime/conditions.ts";
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
  for (const update of updates) conditions = setCondition(conditions, update, context);
  for (const type of gone) conditions = removeCondition(conditions, type);
  status.conditions = [...conditions];
}

/** `status.plan`: at most 64 steps. */
export function printed(steps: readonly Step[]): PlanStep[] {
  return steps.slice(0, 64).map(({ host, action, summary }) => ({ host, action, summary: summary.slice(0, 1024) }));
}
