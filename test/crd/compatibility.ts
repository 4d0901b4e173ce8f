import { z } from "zod";

/** What of two CustomResourceDefinitions matters to those who wrote manifests or read objects by the older one. */
const schemaNode = z.looseObject({
  type: z.string().optional(),
  format: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.string()).optional(),
  pattern: z.string().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  required: z.array(z.string()).optional(),
  "x-kubernetes-int-or-string": z.boolean().optional(),
  "x-kubernetes-list-type": z.string().optional(),
  "x-kubernetes-list-map-keys": z.array(z.string()).optional(),
  "x-kubernetes-validations": z.array(z.object({ rule: z.string(), message: z.string() })).optional(),
  get items() {
    return schemaNode.optional();
  },
  get properties() {
    return z.record(z.string(), schemaNode).optional();
  },
});
type SchemaNode = z.output<typeof schemaNode>;

const definitionSchema = z.object({
  spec: z.object({
    names: z.object({ kind: z.string(), plural: z.string(), shortNames: z.array(z.string()).optional() }),
    versions: z.array(
      z.object({
        name: z.string(),
        served: z.boolean(),
        schema: z.object({ openAPIV3Schema: schemaNode }),
        selectableFields: z.array(z.object({ jsonPath: z.string() })).optional(),
      }),
    ),
  }),
});

/**
 * What the newer definition takes away from the older one, a line each: `AoeVolume v1alpha1 spec.slot: maximum is 100, was 254`.
 * Empty when all of it is an addition. Throws a ZodError on what is no CustomResourceDefinition.
 */
export function narrowings(older: unknown, newer: unknown): string[] {
  const [before, after] = [definitionSchema.parse(older).spec, definitionSchema.parse(newer).spec];
  const { kind } = before.names;
  const names = (before.names.shortNames ?? []).filter((name) => after.names.shortNames?.includes(name) !== true);
  return [
    ...names.map((name) => `${kind}: the short name ${name} is gone`),
    ...before.versions
      .filter(({ served }) => served)
      .flatMap((version) => {
        const next = after.versions.find(({ name, served }) => name === version.name && served);
        if (next === undefined) return [`${kind} ${version.name}: is no longer served`];
        const fields = (version.selectableFields ?? []).filter(
          ({ jsonPath }) => next.selectableFields?.some((one) => one.jsonPath === jsonPath) !== true,
        );
        return [
          ...fields.map(({ jsonPath }) => `${jsonPath.slice(1)}: is no longer selectable`),
          ...narrowed(version.schema.openAPIV3Schema, next.schema.openAPIV3Schema, ""),
        ].map((line) => `${kind} ${version.name} ${line}`);
      }),
  ];
}

function narrowed(before: SchemaNode, after: SchemaNode | undefined, path: string): string[] {
  if (after === undefined) return [`${path}: is gone`];
  const below = Object.entries(before.properties ?? {}).flatMap(([name, property]) =>
    narrowed(property, after.properties?.[name], path === "" ? name : `${path}.${name}`),
  );
  const items = before.items === undefined ? [] : narrowed(before.items, after.items, `${path}[]`);
  return [...changes(before, after, path).map((change) => `${path || "object"}: ${change}`), ...items, ...below];
}

const fixed = [
  ...["type", "format", "default", "x-kubernetes-int-or-string", "x-kubernetes-list-type"],
  "x-kubernetes-list-map-keys",
] as const;
const ceilings = ["maxLength", "maximum", "maxItems"] as const;
const floors = ["minLength", "minimum", "minItems"] as const;
const shown = (value: unknown): string => JSON.stringify(value) ?? "absent";

/** Condition types that come are additions, so the default of a status is not compared. */
function changes(before: SchemaNode, after: SchemaNode, path: string): string[] {
  const differs = (key: keyof SchemaNode) => shown(before[key]) !== shown(after[key]);
  const told = (key: keyof SchemaNode) => `${key} is ${shown(after[key])}, was ${shown(before[key])}`;
  const rules = new Set((before["x-kubernetes-validations"] ?? []).map(({ rule }) => rule));
  return [
    ...fixed.filter((key) => differs(key) && !(path === "status" && key === "default")).map(told),
    ...ceilings.filter((key) => (after[key] ?? Infinity) < (before[key] ?? Infinity)).map(told),
    ...floors.filter((key) => (after[key] ?? -Infinity) > (before[key] ?? -Infinity)).map(told),
    ...(after.pattern !== undefined && differs("pattern") ? [told("pattern")] : []),
    ...(before.enum === undefined && after.enum !== undefined ? [told("enum")] : []),
    ...(before.enum ?? [])
      .filter((value) => after.enum !== undefined && !after.enum.includes(value))
      .map((value) => `the value ${value} is gone`),
    ...(after.required ?? [])
      .filter((name) => before.required?.includes(name) !== true)
      .map((name) => `${name} is required`),
    ...(after["x-kubernetes-validations"] ?? [])
      .filter(({ rule }) => !rules.has(rule))
      .map(({ message }) => `a new or changed rule: ${message}`),
  ];
}
