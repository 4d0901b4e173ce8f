import { type Reason, reasons } from "../api/reasons.ts";
import type { Step, StepOutcome } from "./hosts/step.ts";

/** A step that did not help, in the words of a condition. */
export function explainOutcome(
  step: Step,
  outcome: StepOutcome,
): { readonly reason: Reason; readonly message: string } {
  const what = `${step.action} on ${step.host}`;
  switch (outcome.kind) {
    case "refused":
      return { reason: outcome.reason, message: `${outcome.message}${advice(outcome.reason)}` };
    case "busy":
      return { reason: "HostBusy", message: `${what} waits: ${outcome.message}` };
    case "failed":
      return { reason: "StepFailed", message: `${what} failed with exit code ${outcome.exitCode}: ${outcome.message}` };
    case "lost":
      return { reason: outcome.reason, message: `${what} returned no answer: ${outcome.message}` };
    case "withheld":
      return { reason: outcome.reason, message: `${what} would be done (${step.summary}): ${outcome.message}` };
    case "done":
      return {
        reason: "NoEffect",
        message: `${what} reported success (${outcome.detail}), but the host does not show the effect: ${step.summary}`,
      };
  }
}

/** What the catalogue tells the user to do. */
export function advice(reason: Reason): string {
  const known: Readonly<Record<string, { readonly action: string }>> = reasons;
  const action = known[reason]?.action;
  return action === undefined || action.startsWith("Nothing") ? "" : `. ${action}`;
}
