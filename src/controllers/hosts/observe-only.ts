import type { ObjectRef } from "../identity.ts";
import type { StepOutcome } from "./step.ts";

/** The outcome of a step on a machine that is only observed. `observer`: the object that says so. */
export const observeOnly = (observer: ObjectRef): Extract<StepOutcome, { kind: "withheld" }> => ({
  kind: "withheld",
  reason: "ObserveOnly",
  message: observeOnlyMessage(observer),
});

/** Names the machine's object, the field and the value that would allow the step. */
export const observeOnlyMessage = ({ kind, name }: ObjectRef): string =>
  `spec.management of ${kind} ${name} is Observe, so nothing is changed there; with Manage it is done`;
