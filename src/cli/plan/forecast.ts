import { z } from "zod";
import { annotations, isSet } from "../../api/common.ts";
import { definitions, type KindName } from "../../api/kinds.ts";
import { parseSpec } from "../../api/parse.ts";
import { type PlanStep, planSchema } from "../../api/plan-step.ts";
import { type Change, differences } from "./difference.ts";
import type { Judgement } from "./dry-run.ts";

/** What applying one manifest would do. */
export interface Forecast {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly verdict: "Create" | "Change" | "Unchanged" | "Refused" | "Unjudged";
  /** Why it is refused or cannot be judged. */
  readonly message?: string;
  readonly changes: readonly Change[];
  /**
   * Fields of the last `kubectl apply` that are no longer in the file: kubectl removes them, the server's dry run does
   * not.
   */
  readonly dropped: readonly string[];
  /** References to objects that are neither in the cluster nor in the files. */
  readonly missing: readonly string[];
  /** The steps that the operator wrote to status.plan for the current object. */
  readonly steps?: readonly PlanStep[];
}

const headerSchema = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
});

/**
 * Judges one manifest by the server's response, and by the rules that an old server leaves to the operator. `defined`:
 * the files contain the definition of its kind, so it is not refused if the server does not know the kind yet.
 */
export function forecastOf(
  manifest: unknown,
  judgement: Judgement,
  missing: readonly string[] = [],
  defined = false,
): Forecast {
  const { kind, metadata } = headerSchema.parse(manifest);
  const header = {
    kind,
    name: metadata.name,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  };
  const empty = { ...header, changes: [], dropped: [], missing };
  const object = judgement.kind === "Accepted" ? judgement.after : manifest;
  const refused = judgement.kind === "Refused" || (judgement.kind === "UnknownKind" && !defined);
  const invalid = refused ? judgement.message : invalidity(kind, object);
  if (invalid !== undefined) return { ...empty, verdict: "Refused", message: invalid };
  if (judgement.kind !== "Accepted") return { ...empty, verdict: "Unjudged", message: judgement.message };
  const { before, after } = judgement;
  if (before === undefined) return { ...empty, verdict: "Create" };
  const changes = differences(relevant(before), relevant(after));
  const dropped = droppedFields(before, manifest);
  const steps = stepsOf(before);
  const same = changes.length === 0 && dropped.length === 0;
  return {
    ...{ ...empty, verdict: same ? "Unchanged" : "Change", changes, dropped },
    ...(steps === undefined ? {} : { steps }),
  };
}

/** Whether xensan defines this kind. */
export const isOurs = (kind: string): kind is KindName => Object.hasOwn(definitions, kind);

const specSchema = z.object({ metadata: z.object({ name: z.string() }), spec: z.unknown().optional() });

function invalidity(kind: string, object: unknown): string | undefined {
  if (!isOurs(kind)) return undefined;
  const parsed = parseSpec(kind, specSchema.parse(object));
  return parsed.ok ? undefined : parsed.message;
}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
const anySchema = z.looseObject({
  metadata: z.looseObject({
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
    generation: z.number().optional(),
  }),
});

/** The fields that a person writes: without status, the server's bookkeeping and the values of a Secret. */
function relevant(object: unknown): unknown {
  const { metadata, status: _status, apiVersion: _apiVersion, kind, ...rest } = anySchema.parse(object);
  const { [lastApplied]: _last, ...noted } = metadata.annotations ?? {};
  const content = kind === "Secret" ? {} : rest;
  return { metadata: { labels: metadata.labels ?? {}, annotations: noted }, ...content };
}

function droppedFields(before: unknown, manifest: unknown): string[] {
  const text = anySchema.parse(before).metadata.annotations?.[lastApplied];
  if (text === undefined) return [];
  try {
    return differences(relevant(JSON.parse(text)), relevant(manifest)).flatMap(({ path, after }) =>
      after === undefined ? [path] : [],
    );
  } catch {
    return [];
  }
}

const plannedSchema = z.object({
  metadata: z.object({ generation: z.number(), annotations: z.record(z.string(), z.string()) }),
  status: z.object({ observedGeneration: z.number(), plan: planSchema }),
});

/** Only while the object has the dry-run annotation, and only for its current spec. */
function stepsOf(object: unknown): readonly PlanStep[] | undefined {
  const { data } = plannedSchema.safeParse(object);
  if (data === undefined || !isSet(data.metadata.annotations[annotations.dryRun])) return undefined;
  return data.status.observedGeneration === data.metadata.generation ? data.status.plan : undefined;
}
