import { z } from "zod";
import { atomicListOf, atomicObject } from "./lists.ts";

/** One command of a dry run: host, script and purpose. */
export const planStepSchema = z.object({
  hostRef: atomicObject(
    z.object({
      kind: z.string().max(63).describe("AoeServer or XenHost."),
      name: z.string().max(253).describe("Name of the object, in this namespace."),
    }),
  ).describe("Host on which the step would run."),
  action: z.string().max(64).describe("Script that would run."),
  summary: z.string().max(1024).describe("State after the step."),
});
/** One step of status.plan: host, script and the state after it. */
export type PlanStep = z.infer<typeof planStepSchema>;

/** `status.plan`: at most 64 steps, in the order in which they would run. */
export const planSchema = atomicListOf(planStepSchema, { max: 64 }).describe(
  'The steps that would run; set while the annotation xensan.dev/dry-run is "true", and for machines whose spec.management is Observe.',
);
