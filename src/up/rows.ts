import { z } from "zod";
import type { Row } from "./progress.ts";

const status = z.enum(["True", "False", "Unknown"]);
const objectSchema = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string(), generation: z.number().optional() }),
  status: z
    .object({
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status,
            reason: z.string(),
            message: z.string(),
            observedGeneration: z.number().optional(),
          }),
        )
        .optional(),
    })
    .optional(),
});

/** The summary conditions: Ready for long-running kinds, Succeeded for bounded ones. */
const summaries = ["Ready", "Succeeded"];

/** The row of the table for an object as the API server returned it. */
export function rowOf(object: unknown, at: number, before?: Row): Row {
  const { kind, metadata, status: observed } = objectSchema.parse(object);
  const conditions = observed?.conditions ?? [];
  const summary = conditions.find(({ type }) => summaries.includes(type));
  // A condition about an older spec says nothing about this one.
  const current = summary?.observedGeneration === undefined || summary.observedGeneration === metadata.generation;
  const row = {
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    reason: summary?.reason ?? "",
    message: summary?.message ?? "",
    conditions: conditions
      .filter(({ type }) => type !== summary?.type)
      .map(({ type, status, reason }) => ({ type, status, reason })),
  };
  if (summary === undefined) return row;
  const ready = current ? summary.status : "Unknown";
  return ready === "True" ? { ...row, ready, readyAt: before?.readyAt ?? at } : { ...row, ready };
}
