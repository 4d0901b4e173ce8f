import { z } from "zod";
import { mapListOf } from "./lists.ts";
import { textOf } from "./text.ts";

/** A time, RFC 3339. */
export const timeSchema = z.iso.datetime({ offset: true });

/** metav1.Condition. `lastTransitionTime` changes only when `status` does (Kubernetes API conventions). */
export const conditionSchema = z.object({
  type: textOf(/^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/, 63, "a condition type in PascalCase").describe(
    "The aspect of the object that is reported, in PascalCase.",
  ),
  status: z
    .enum(["True", "False", "Unknown"])
    .describe("Unknown means that the state could not be determined; it never means absent."),
  observedGeneration: z
    .int()
    .min(0)
    .optional()
    .describe("metadata.generation of the spec that the condition describes."),
  lastTransitionTime: timeSchema.describe("When status last changed."),
  reason: textOf(/^[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?$/, 128, "a reason in PascalCase").describe(
    "A reason from the catalogue.",
  ),
  message: z.string().min(1).max(32768).describe("The cause, and the action to take."),
});

/** One entry of status.conditions, in the shape of metav1.Condition. */
export type Condition = z.infer<typeof conditionSchema>;
/** True, False or Unknown. */
export type ConditionStatus = Condition["status"];

/** `status.conditions` of every kind: at most one entry per type, 16 in all. */
export const conditionsSchema = mapListOf(conditionSchema, ["type"], { max: 16 }).describe(
  "The state of the object, one entry per aspect.",
);

/** Time of the conditions that the API server writes into a new object, before any report. */
export const unsaid = "1970-01-01T00:00:00Z";

/** Conditions that the API server writes into a new object, before the operator has seen it. */
export function pendingConditions(types: readonly string[]): Condition[] {
  return types.map((type) => ({
    type,
    status: "Unknown",
    lastTransitionTime: unsaid,
    reason: "Pending",
    message: "Waiting for the operator",
  }));
}
