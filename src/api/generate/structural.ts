import { z } from "zod";
import { type CelRule, celKey, celRuleSchema, formKey, intOrStringKey } from "../rules.ts";

/**
 * A structural schema: the part of OpenAPI v3 that CustomResourceDefinitions allow, with keys in a fixed order; a
 * member that is `undefined` is omitted from the YAML.
 */
export interface StructuralSchema {
  description?: string | undefined;
  /** Absent if the value may be a number or text. */
  type?: "object" | "array" | "string" | "integer" | "boolean" | undefined;
  format?: string | undefined;
  default?: unknown | undefined;
  enum?: string[] | undefined;
  pattern?: string | undefined;
  minLength?: number | undefined;
  maxLength?: number | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  items?: StructuralSchema | undefined;
  minItems?: number | undefined;
  maxItems?: number | undefined;
  properties?: Record<string, StructuralSchema> | undefined;
  required?: string[] | undefined;
  "x-kubernetes-list-type"?: "set" | "map" | "atomic" | undefined;
  "x-kubernetes-list-map-keys"?: string[] | undefined;
  "x-kubernetes-map-type"?: "atomic" | undefined;
  "x-kubernetes-int-or-string"?: true | undefined;
  "x-kubernetes-validations"?: CelRule[] | undefined;
}

/** The exact subset that our schemas use. Anything else that zod may print is an error and is not dropped silently. */
const jsonSchema = z.strictObject({
  $schema: z.string().optional(),
  description: z.string().optional(),
  type: z.enum(["object", "array", "string", "integer", "boolean"]),
  format: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.string()).optional(),
  pattern: z.string().optional(),
  minLength: z.int().optional(),
  maxLength: z.int().optional(),
  minimum: z.int().optional(),
  maximum: z.int().optional(),
  get items() {
    return jsonSchema.optional();
  },
  minItems: z.int().optional(),
  maxItems: z.int().optional(),
  get properties() {
    return z.record(z.string(), jsonSchema).optional();
  },
  required: z.array(z.string()).optional(),
  "x-kubernetes-list-type": z.enum(["set", "map", "atomic"]).optional(),
  "x-kubernetes-list-map-keys": z.array(z.string()).optional(),
  "x-kubernetes-map-type": z.enum(["atomic"]).optional(),
  [celKey]: z.array(celRuleSchema).optional(),
  [formKey]: z.string().optional(),
  [intOrStringKey]: z.literal(true).optional(),
});
type JsonSchema = z.output<typeof jsonSchema>;

/** The schema in the form that the API server accepts. Throws if a part of it has no upper bound. */
export function structural(schema: z.ZodType, path: string): StructuralSchema {
  const json = z.toJSONSchema(schema, {
    ...{ target: "openapi-3.0", io: "input", reused: "inline" },
    override: ({ jsonSchema: made }) => {
      if (made[intOrStringKey] !== true) return;
      // The value is described as text; the mark tells that a number is allowed too.
      const [text] = made.anyOf ?? [];
      delete made.anyOf;
      Object.assign(made, text, { ...made });
    },
  });
  return convert(jsonSchema.parse(json), path);
}

function convert(json: JsonSchema, path: string): StructuralSchema {
  return {
    description: json.description,
    type: json[intOrStringKey] === true ? undefined : json.type,
    ...scalar(json, path),
    default: json.default === undefined ? undefined : completed(json.default, json),
    items: json.items === undefined ? undefined : convert(json.items, `${path}[]`),
    minItems: json.minItems,
    maxItems: json.type === "array" ? bound(json.maxItems, `${path}: a list needs a maximum`) : undefined,
    properties:
      json.properties === undefined
        ? undefined
        : Object.fromEntries(
            Object.entries(json.properties).map(([name, property]) => [name, convert(property, `${path}.${name}`)]),
          ),
    required: json.required,
    "x-kubernetes-list-type": listType(json, path),
    "x-kubernetes-list-map-keys": json["x-kubernetes-list-map-keys"],
    "x-kubernetes-map-type": json["x-kubernetes-map-type"],
    "x-kubernetes-int-or-string": json[intOrStringKey],
    "x-kubernetes-validations": rules(json),
  };
}

/**
 * A default, completed with the defaults of its omitted fields: the API server runs CEL rules on it as it is in the
 * CRD.
 */
function completed(value: unknown, json: JsonSchema): unknown {
  if (json.properties === undefined || typeof value !== "object" || value === null) return value;
  const given = new Map(Object.entries(value));
  return Object.fromEntries(
    Object.entries(json.properties)
      .map(([name, property]) => [name, completed(given.get(name) ?? property.default, property)] as const)
      .filter(([, member]) => member !== undefined),
  );
}

function scalar(json: JsonSchema, path: string) {
  if (json.type === "integer") {
    const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = json;
    return {
      format: minimum >= -(2 ** 31) && maximum < 2 ** 31 ? "int32" : "int64",
      minimum: minimum === Number.MIN_SAFE_INTEGER || minimum === -(2 ** 31) ? undefined : minimum,
      maximum: maximum === Number.MAX_SAFE_INTEGER || maximum === 2 ** 31 - 1 ? undefined : maximum,
    };
  }
  if (json.type !== "string") return {};
  // The API server checks date-time itself; zod's pattern for it is a page long.
  if (json.format === "date-time") return { format: json.format };
  if (json.enum !== undefined) return { enum: json.enum };
  return {
    pattern: json[formKey] === undefined ? json.pattern : undefined,
    minLength: json.minLength,
    maxLength: bound(json.maxLength, `${path}: a string needs a maximum length`),
  };
}

/** A broken pattern is reported only as itself (`should match '^(…)$'`); a rule reports words. */
function rules({
  pattern,
  [formKey]: form,
  [intOrStringKey]: mixed,
  [celKey]: own,
}: JsonSchema): CelRule[] | undefined {
  if (pattern === undefined || form === undefined) return own;
  const text = pattern.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
  const self = mixed === true ? "string(self)" : "self";
  return [{ rule: `${self}.matches('${text}')`, message: `must be ${form}` }, ...(own ?? [])];
}

function bound(value: number | undefined, complaint: string): number {
  if (value === undefined) throw new Error(complaint);
  return value;
}

function listType(json: JsonSchema, path: string): "set" | "map" | "atomic" | undefined {
  if (json.type !== "array") return undefined;
  const type = json["x-kubernetes-list-type"];
  if (type === undefined) throw new Error(`${path}: a list needs a list type: setOf, mapListOf or atomicListOf`);
  return type;
}
