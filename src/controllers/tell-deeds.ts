import type { EventInput } from "../runtime/events.ts";
import { deedOf, pascal } from "./deeds.ts";
import type { StepResult } from "./hosts/step.ts";
import { hostText } from "./identity.ts";

/** The event for a successful step, for the object for which it was done. */
export function deedEvent({ step, outcome }: StepResult): EventInput | undefined {
  if (outcome.kind !== "done") return undefined;
  const reason = deedOf(step.action, outcome.detail);
  if (reason === undefined) return undefined;
  return { type: "Normal", reason, action: pascal(step.action), note: `${hostText(step.host)}: ${step.summary}` };
}
