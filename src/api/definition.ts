import type { z } from "zod";
import type { Rule } from "./rules.ts";

/** The single declaration of a kind: the parser, the CRD and the reference page are generated from it. */
export interface KindDefinition<
  K extends string = string,
  Spec extends z.ZodObject = z.ZodObject,
  Status extends z.ZodObject = z.ZodObject,
> {
  readonly kind: K;
  readonly plural: string;
  readonly shortName: string;
  /** First sentence of `kubectl explain`. */
  readonly description: string;
  readonly spec: Spec;
  readonly status: Status;
  /** Rules that need the object's name as well as its spec. */
  readonly rules: readonly Rule<NamedSpec<z.output<Spec>>>[];
  /** Condition types that every object has from its creation, the summary last. */
  readonly conditionTypes: readonly string[];
  readonly columns: readonly Column[];
  /** JSON paths usable with `kubectl get --field-selector`. */
  readonly selectableFields: readonly string[];
}

/** A spec with the name of its object, for rules that concern both. */
export interface NamedSpec<Spec> {
  readonly metadata: { readonly name: string };
  readonly spec: Spec;
}

/** One column of `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly jsonPath: string;
  readonly type: "string" | "integer" | "date";
  /** 1: only with `-o wide`. */
  readonly priority?: 1;
  readonly description?: string;
}

/** Checks a definition against {@link KindDefinition} and keeps its literal types. */
export function defineKind<K extends string, Spec extends z.ZodObject, Status extends z.ZodObject>(
  definition: KindDefinition<K, Spec, Status>,
): KindDefinition<K, Spec, Status> {
  return definition;
}

/** A printer column of `kubectl get`; `jsonPath` starts with a dot. */
export const column = (name: string, jsonPath: string, type: Column["type"] = "string"): Column => ({
  name,
  jsonPath,
  type,
});
/** A printer column that only `kubectl get -o wide` shows. */
export const wideColumn = (name: string, jsonPath: string, type: Column["type"] = "string"): Column => ({
  name,
  jsonPath,
  type,
  priority: 1,
});

/**
 * The last columns of every kind: its summary condition, the reason, whether it is paused (empty if not), the message
 * when wide, and the age.
 */
export function summaryColumns(summary: "Ready" | "Succeeded"): Column[] {
  const of = (field: string) => `.status.conditions[?(@.type=="${summary}")].${field}`;
  return [
    column(summary, of("status")),
    column("Reason", of("reason")),
    column("Paused", '.status.conditions[?(@.type=="Paused")].status'),
    wideColumn("Message", of("message")),
    column("Age", ".metadata.creationTimestamp", "date"),
  ];
}
