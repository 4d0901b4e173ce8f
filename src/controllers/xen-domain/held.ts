import type { ConditionUpdate } from "../../runtime/conditions.ts";
import { no } from "../finding.ts";
import type { Held } from "../gate.ts";
import { explainOutcome } from "../hosts/step.ts";

/** The conditions that follow from steps without effect. */
export function heldConditions(held: readonly Held[]): ConditionUpdate[] {
  return held.map(({ step, outcome }) => {
    const { reason, message } = explainOutcome(step, outcome);
    return no(conditionOf(step.action), reason, message);
  });
}

/** A running domain stays Running, whatever else fails. */
function conditionOf(action: string): string {
  if (action === "ensure-image") return "DisksReady";
  return action === "start-domain" ? "Running" : "Ready";
}
