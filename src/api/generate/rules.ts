import { type CelRule, celKey } from "../rules.ts";
import type { StructuralSchema } from "./structural.ts";

/**
 * A CEL rule and its place in the object: `spec.backing.file`, `spec.clientRefs[]`, empty for the whole object.
 */
export interface ApiRule extends CelRule {
  readonly path: string;
}

/** Every CEL rule of a schema, outermost first. */
export function apiRules(schema: StructuralSchema, path = ""): ApiRule[] {
  const own = (schema[celKey] ?? []).map((rule) => ({ ...rule, path }));
  const items = schema.items === undefined ? [] : apiRules(schema.items, `${path}[]`);
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    apiRules(property, path === "" ? name : `${path}.${name}`),
  );
  return [...own, ...items, ...below];
}
