import { clone, isObject, type Json, type JsonObject } from "./json.ts";

/** The part of OpenAPI v3 that structural schemas of CustomResourceDefinitions use and this API server supports. */
export interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  required?: string[];
  default?: Json;
  enum?: Json[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  maxProperties?: number;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-list-type"?: string;
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-map-type"?: string;
}

/** Fills in defaults, top down: a default may hold fields that have defaults. */
export function applyDefaults(value: Json, schema: Schema): void {
  if (isObject(value)) {
    for (const [field, child] of Object.entries(schema.properties ?? {})) {
      if (value[field] === undefined && child.default !== undefined) value[field] = clone(child.default);
      const present = value[field];
      if (present !== undefined) applyDefaults(present, child);
    }
    if (typeof schema.additionalProperties === "object")
      for (const item of Object.values(value)) applyDefaults(item, schema.additionalProperties);
  } else if (Array.isArray(value) && schema.items !== undefined) {
    for (const item of value) applyDefaults(item, schema.items);
  }
}

/** Drops fields that are not in the schema, as a structural schema does. */
export function prune(value: Json, schema: Schema): void {
  if (schema["x-kubernetes-preserve-unknown-fields"] === true) return;
  if (isObject(value)) {
    for (const [field, item] of Object.entries(value)) {
      const child = schema.properties?.[field] ?? schema.additionalProperties;
      if (typeof child === "object") prune(item, child);
      else if (child !== true) delete value[field];
    }
  } else if (Array.isArray(value) && schema.items !== undefined) {
    for (const item of value) prune(item, schema.items);
  }
}

/** What a schema refuses, one line each, in the wording of the API server: `spec.slot: Invalid value: …`. */
export function violations(value: Json, schema: Schema, path: string): string[] {
  const found: string[] = [];
  const refuse = (why: string) => found.push(`${path}: Invalid value: ${JSON.stringify(value)}: ${why}`);
  if (schema["x-kubernetes-int-or-string"] !== true && schema.type !== undefined && !hasType(value, schema.type)) {
    refuse(`must be of type ${schema.type}`);
    return found;
  }
  if (schema.enum !== undefined && !schema.enum.some((allowed) => allowed === value))
    refuse(`supported values: ${schema.enum.join(", ")}`);
  if (typeof value === "string") {
    const length = [...value].length;
    if (schema.minLength !== undefined && length < schema.minLength) refuse(`at least ${schema.minLength} chars long`);
    if (schema.maxLength !== undefined && length > schema.maxLength)
      refuse(`may not be longer than ${schema.maxLength}`);
    if (schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(value))
      refuse(`should match '${schema.pattern}'`);
  }
  if (typeof value === "number") {
    if (schema.minimum !== undefined && value < schema.minimum)
      refuse(`should be greater than or equal to ${schema.minimum}`);
    if (schema.maximum !== undefined && value > schema.maximum)
      refuse(`should be less than or equal to ${schema.maximum}`);
  }
  if (Array.isArray(value)) {
    if (schema.minItems !== undefined && value.length < schema.minItems)
      refuse(`must have at least ${schema.minItems} items`);
    if (schema.maxItems !== undefined && value.length > schema.maxItems)
      refuse(`must have at most ${schema.maxItems} items`);
    const { items } = schema;
    if (items !== undefined)
      for (const [index, item] of value.entries()) found.push(...violations(item, items, `${path}[${index}]`));
    found.push(...duplicates(value, schema, path));
  }
  if (isObject(value)) found.push(...objectViolations(value, schema, path));
  return found;
}

function objectViolations(value: JsonObject, schema: Schema, path: string): string[] {
  const found: string[] = [];
  const fields = Object.entries(value);
  if (schema.minProperties !== undefined && fields.length < schema.minProperties)
    found.push(`${path}: too few properties`);
  if (schema.maxProperties !== undefined && fields.length > schema.maxProperties)
    found.push(`${path}: too many properties`);
  for (const field of schema.required ?? [])
    if (value[field] === undefined) found.push(`${path}.${field}: Required value`);
  for (const [field, item] of fields) {
    const child = schema.properties?.[field] ?? schema.additionalProperties;
    if (typeof child === "object") found.push(...violations(item, child, path === "" ? field : `${path}.${field}`));
  }
  return found;
}

function duplicates(value: Json[], schema: Schema, path: string): string[] {
  const keys = schema["x-kubernetes-list-type"] === "map" ? (schema["x-kubernetes-list-map-keys"] ?? []) : undefined;
  if (keys === undefined && schema["x-kubernetes-list-type"] !== "set") return [];
  const seen = new Set<string>();
  const found: string[] = [];
  for (const [index, item] of value.entries()) {
    const name = JSON.stringify(keys === undefined || !isObject(item) ? item : keys.map((key) => item[key] ?? null));
    if (seen.has(name)) found.push(`${path}[${index}]: Duplicate value: ${name}`);
    seen.add(name);
  }
  return found;
}

function hasType(value: Json, type: string): boolean {
  if (type === "object") return isObject(value);
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return typeof value === "number" && Number.isInteger(value);
  return typeof value === type;
}
