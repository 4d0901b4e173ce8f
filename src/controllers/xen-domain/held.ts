import { no, type Said } from "../finding.ts";
import { explainOutcome } from "../outcomes.ts";
import type { Handed } from "../work.ts";

/** What steps that did not help mean for the conditions. */
export function heldConditions(held: Handed["held"]): Said[] {
  return held.flatMap(({ step, outcome }) => {
    // Work that goes on beyond the command: the next look shows how far it is.
    if (outcome.kind === "done" && /^(waiting|copying)/.test(outcome.detail)) return [];
    const { reason, message } = explainOutcome(step, outcome);
    return [no(conditionOf(step.action), reason, message)];
  });
}

/** A domain that runs goes on running, whatever else fails. */
function conditionOf(action: string): string {
  if (action === "ensure-image") return "DisksReady";
  return action === "start-domain" ? "Running" : "Ready";
}
