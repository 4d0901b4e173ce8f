import { z } from "zod";

/** metav1.Condition. `lastTransitionTime` changes only when `status` does (Kubernetes API conventions). */
export const conditionSchema = z.object({
  type: z.string().max(316),
  status: z.enum(["True", "False", "Unknown"]),
  observedGeneration: z.int().min(0).optional(),
  lastTransitionTime: z.iso.datetime({ offset: true }),
  reason: z.string().max(1024),
  message: z.string().max(32768),
});

export type Condition = z.infer<typeof conditionSchema>;
export type ConditionStatus = Condition["status"];
