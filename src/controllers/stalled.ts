import { isStalling } from "../api/reasons/stalling.ts";
import { findCondition } from "../runtime/conditions.ts";
import { say } from "./draft.ts";

/**
 * Sets the condition Stalled beside a Ready that stays False until somebody acts, and removes it otherwise: kstatus, and with
 * it Flux and Argo CD, then reads Failed instead of InProgress.
 */
export function sayStalled(status: Parameters<typeof say>[0], context: Parameters<typeof say>[2]): void {
  const ready = findCondition(status.conditions, "Ready");
  if (ready?.status === "False" && isStalling(ready.reason))
    say(status, [{ type: "Stalled", status: "True", reason: ready.reason, message: ready.message }], context);
  else say(status, [], context, ["Stalled"]);
}
