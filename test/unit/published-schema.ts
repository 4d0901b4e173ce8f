import { customResourceDefinition } from "../../src/api/generate/crd.ts";
import type { StructuralSchema } from "../../src/api/generate/structural.ts";
import { definitions, type KindName } from "../../src/api/kinds.ts";

/** `/openapi/v3/apis/xensan.dev/v1alpha1` of an API server with this release's definitions, or with some other ones. */
export function publishedSchema(
  other: Partial<Record<KindName, (schema: StructuralSchema) => StructuralSchema | undefined>> = {},
): unknown {
  const schemas = Object.values(definitions).flatMap((definition) => {
    const { group, names, versions } = customResourceDefinition(definition).spec;
    const schema = structuredClone(versions[0]?.schema.openAPIV3Schema);
    const changed = schema && (other[definition.kind] ?? ((same) => same))(schema);
    if (changed === undefined) return [];
    const of = [{ group, version: versions[0]?.name, kind: names.kind }];
    return [[`dev.xensan.v1alpha1.${names.kind}`, { ...changed, "x-kubernetes-group-version-kind": of }]];
  });
  return { openapi: "3.0.0", components: { schemas: { ...Object.fromEntries(schemas), Status: { type: "object" } } } };
}

/** The schema with the field at `path` (`status.clients[].state`) replaced; undefined removes it. */
export function withField(
  path: string,
  change: (field: StructuralSchema) => StructuralSchema | undefined,
): (schema: StructuralSchema) => StructuralSchema {
  const names = path.replaceAll("[]", ".[]").split(".");
  const at = (schema: StructuralSchema, [name, ...rest]: readonly string[]): StructuralSchema => {
    if (name === undefined) return schema;
    const inner = name === "[]" ? schema.items : schema.properties?.[name];
    if (inner === undefined) throw new Error(`${path}: no ${name}`);
    const next = rest.length === 0 ? change(inner) : at(inner, rest);
    if (name === "[]") return { ...schema, items: next };
    const { [name]: _old, ...others } = schema.properties ?? {};
    return { ...schema, properties: next === undefined ? others : { ...others, [name]: next } };
  };
  return (schema) => at(schema, names);
}
