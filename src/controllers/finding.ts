import type { Reason } from "../api/reasons.ts";
import type { ConditionUpdate } from "../runtime/conditions.ts";
import type { Step } from "./hosts/step.ts";

/** What one `ensure…` function found: conditions to set, and steps that would be needed. */
export interface Finding {
  readonly conditions: readonly ConditionUpdate[];
  readonly steps: readonly Step[];
  /** False: the functions after this one make no sense yet. */
  readonly proceed: boolean;
  /** True: the server must be probed again, because its last look is older than what it is compared with. */
  readonly askServer?: boolean;
}

/** A finding after which the next `ensure…` function makes sense. */
export const found = (conditions: readonly ConditionUpdate[], steps: readonly Step[] = []): Finding => ({
  conditions,
  steps,
  proceed: true,
});

/** A finding after which the next `ensure…` function makes no sense yet. */
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
