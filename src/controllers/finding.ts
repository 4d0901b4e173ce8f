import type { Reason } from "../api/reasons.ts";
import type { ConditionUpdate } from "../runtime/conditions.ts";
import type { Step } from "./hosts/step.ts";

/** What one step of a reconcile found out: conditions to set, and what would have to be done. */
export interface Finding {
  readonly conditions: readonly ConditionUpdate[];
  readonly steps: readonly Step[];
  /** False: the steps after this one in the list make no sense yet. */
  readonly proceed: boolean;
  /** The server is to be looked at again: its last look is older than what it is to be compared with. */
  readonly askServer?: boolean;
}

/** What an `ensure…` found out, where the next one makes sense. */
export const found = (conditions: readonly ConditionUpdate[], steps: readonly Step[] = []): Finding => ({
  conditions,
  steps,
  proceed: true,
});

/** What an `ensure…` found out, where the next one makes no sense yet. */
export const stop = (conditions: readonly ConditionUpdate[], steps: readonly Step[] = []): Finding => ({
  conditions,
  steps,
  proceed: false,
});

/** A condition with a reason that the catalogue explains. */
export type ReasonedUpdate = ConditionUpdate & { readonly reason: Reason };
type Say = (type: string, reason: Reason, message: string) => ReasonedUpdate;

/** A condition that is True. */
export const yes: Say = (type, reason, message) => ({ type, status: "True", reason, message });
/** A condition that is False. */
export const no: Say = (type, reason, message) => ({ type, status: "False", reason, message });
/** A condition that is Unknown. */
export const unknown: Say = (type, reason, message) => ({ type, status: "Unknown", reason, message });
