import type { ConditionUpdate } from "../runtime/conditions.ts";
import type { Step } from "./hosts/step.ts";

/** What one step of a reconcile found out: conditions to set, and what would have to be done. */
export interface Finding {
  readonly conditions: readonly ConditionUpdate[];
  readonly steps: readonly Step[];
  /** False: the steps after this one in the list make no sense yet. */
  readonly proceed: boolean;
}

export const found = (conditions: readonly ConditionUpdate[], steps: readonly Step[] = []): Finding => ({
  conditions,
  steps,
  proceed: true,
});

export const stop = (conditions: readonly ConditionUpdate[], steps: readonly Step[] = []): Finding => ({
  conditions,
  steps,
  proceed: false,
});

type Say = (type: string, reason: string, message: string) => ConditionUpdate;

export const yes: Say = (type, reason, message) => ({ type, status: "True", reason, message });
export const no: Say = (type, reason, message) => ({ type, status: "False", reason, message });
export const unknown: Say = (type, reason, message) => ({ type, status: "Unknown", reason, message });
