import { clone, equal, isObject, type Json, type JsonObject } from "./json.ts";
import type { Schema } from "./schema.ts";

/** Server-side apply: which manager owns which field, and what an apply does to an object of which others own parts. */

/** One step down: a field of an object, an item of a map list by its keys, or a member of a set by its value. */
type Step = { field: string } | { keys: JsonObject } | { member: Json };
interface Leaf {
  readonly steps: readonly Step[];
  readonly value: Json;
}
/** Leaves by their path; the paths are the unit of ownership. */
type Leaves = Map<string, Leaf>;

/** Owned paths by manager; a manager is its name, operation and subresource. */
export type Ownership = Map<string, Set<string>>;

export interface ApplyConflict {
  readonly manager: string;
  readonly path: string;
}

const metadataSchema: Schema = {
  type: "object",
  properties: {
    labels: { type: "object", additionalProperties: { type: "string" } },
    annotations: { type: "object", additionalProperties: { type: "string" } },
    finalizers: { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } },
    ownerReferences: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["uid"],
      items: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    },
  },
};
const identity = [
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
];

/** The fields that managers can own: all except the object's identity. */
function ownedLeaves(object: JsonObject, schema: Schema): Leaves {
  const leaves: Leaves = new Map();
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  if (isObject(metadata)) {
    const managed = Object.fromEntries(Object.entries(metadata).filter(([field]) => !identity.includes(field)));
    collect(managed, metadataSchema, [{ field: "metadata" }], leaves, false);
  }
  for (const [field, value] of Object.entries(rest))
    collect(value, schema.properties?.[field] ?? {}, [{ field }], leaves, true);
  return leaves;
}

/** Stored objects never change, so each is split only once. */
const storedLeaves = new WeakMap<JsonObject, Leaves>();

function leavesOfStored(object: JsonObject, schema: Schema): Leaves {
  const known = storedLeaves.get(object);
  if (known !== undefined) return known;
  const leaves = ownedLeaves(object, schema);
  storedLeaves.set(object, leaves);
  return leaves;
}

function collect(value: Json, schema: Schema, steps: Step[], leaves: Leaves, emptyIsLeaf: boolean): void {
  if (isObject(value) && schema["x-kubernetes-map-type"] !== "atomic") {
    const fields = Object.entries(value);
    if (fields.length === 0 && emptyIsLeaf) add(leaves, steps, value);
    for (const [field, item] of fields) {
      const child = schema.properties?.[field] ?? schema.additionalProperties;
      collect(item, typeof child === "object" ? child : {}, [...steps, { field }], leaves, true);
    }
  } else if (Array.isArray(value) && schema["x-kubernetes-list-type"] === "map") {
    for (const item of value) {
      if (!isObject(item)) continue;
      const keys: JsonObject = {};
      for (const key of schema["x-kubernetes-list-map-keys"] ?? []) keys[key] = item[key] ?? null;
      const at = [...steps, { keys }];
      add(leaves, at, keys);
      const rest = Object.fromEntries(Object.entries(item).filter(([field]) => !(field in keys)));
      collect(rest, schema.items ?? {}, at, leaves, false);
    }
  } else if (Array.isArray(value) && schema["x-kubernetes-list-type"] === "set") {
    for (const member of value) add(leaves, [...steps, { member }], member);
  } else {
    add(leaves, steps, value);
  }
}

function add(leaves: Leaves, steps: readonly Step[], value: Json): void {
  leaves.set(pathOf(steps), { steps, value });
}

function pathOf(steps: readonly Step[]): string {
  return steps.map(wordOf).join("");
}

function wordOf(step: Step): string {
  if ("field" in step) return `.${step.field}`;
  return `[${"keys" in step ? JSON.stringify(step.keys) : `=${JSON.stringify(step.member)}`}]`;
}

export interface Applied {
  readonly object: JsonObject;
  readonly ownership: Ownership;
}

/**
 * Merges what `manager` claims into `live`. Removes fields that it owned and no longer claims, unless another manager
 * owns them. Returns the conflicts instead if others own fields with other values and `force` is not set.
 */
export function serverSideApply(
  live: JsonObject,
  claimed: JsonObject,
  schema: Schema,
  ownership: Ownership,
  manager: string,
  force: boolean,
): Applied | { readonly conflicts: readonly ApplyConflict[] } {
  const claims = ownedLeaves(claimed, schema);
  const present = leavesOfStored(live, schema);
  const conflicts: ApplyConflict[] = [];
  const result = copyOwnership(ownership);
  for (const [path, { value }] of claims) {
    const now = present.get(path)?.value;
    if (equal(now, value)) continue;
    for (const [other, paths] of result) {
      if (other === manager || !paths.has(path)) continue;
      if (force) paths.delete(path);
      else conflicts.push({ manager: other, path });
    }
  }
  if (conflicts.length > 0) return { conflicts };

  const object = clone(live);
  const abandoned = [...(result.get(manager) ?? [])].filter((path) => !claims.has(path));
  result.set(manager, new Set(claims.keys()));
  for (const path of abandoned.sort((one, other) => other.length - one.length)) {
    const leaf = present.get(path);
    if (leaf !== undefined && !ownedByAnyone(result, path, leaf)) remove(object, leaf.steps);
  }
  for (const { steps, value } of claims.values()) put(object, steps, value);
  return { object, ownership: withoutEmpty(result) };
}

/** Ownership after an update: the writer of a new value is the field's only owner; removed fields have none. */
export function ownershipAfterUpdate(
  before: JsonObject,
  after: JsonObject,
  schema: Schema,
  ownership: Ownership,
  manager: string,
): Ownership {
  const was = leavesOfStored(before, schema);
  const is = ownedLeaves(after, schema);
  const result = copyOwnership(ownership);
  const own = result.get(manager) ?? new Set<string>();
  result.set(manager, own);
  for (const [path, { value }] of is) {
    if (equal(was.get(path)?.value, value)) continue;
    for (const paths of result.values()) paths.delete(path);
    own.add(path);
  }
  for (const path of was.keys()) if (!is.has(path)) for (const paths of result.values()) paths.delete(path);
  return withoutEmpty(result);
}

/** An item of a map list stays while any manager owns it or a field in it. */
function ownedByAnyone(ownership: Ownership, path: string, leaf: Leaf): boolean {
  const last = leaf.steps.at(-1);
  const isItem = last !== undefined && "keys" in last;
  for (const paths of ownership.values()) {
    if (paths.has(path)) return true;
    if (isItem) for (const owned of paths) if (owned.startsWith(path)) return true;
  }
  return false;
}

function copyOwnership(ownership: Ownership): Ownership {
  return new Map([...ownership].map(([manager, paths]) => [manager, new Set(paths)]));
}

function withoutEmpty(ownership: Ownership): Ownership {
  return new Map([...ownership].filter(([, paths]) => paths.size > 0));
}

function put(object: JsonObject, steps: readonly Step[], value: Json): void {
  let parent: Json = object;
  for (const [index, step] of steps.entries()) {
    const next = steps[index + 1];
    const empty: Json = next === undefined || "field" in next ? {} : [];
    if ("field" in step) {
      if (!isObject(parent)) return;
      if (next === undefined) {
        const nothingToAdd = isObject(value) && Object.keys(value).length === 0 && isObject(parent[step.field]);
        if (!nothingToAdd) parent[step.field] = clone(value);
      } else {
        const child: Json | undefined = parent[step.field];
        const fits = Array.isArray(empty) ? Array.isArray(child) : isObject(child);
        if (!fits || child === undefined) parent[step.field] = empty;
        parent = parent[step.field] ?? empty;
      }
    } else {
      if (!Array.isArray(parent)) return;
      if ("member" in step) {
        if (!parent.some((member) => equal(member, step.member))) parent.push(clone(step.member));
        return;
      }
      let item: Json | undefined = parent.find((candidate) => hasKeys(candidate, step.keys));
      if (item === undefined) {
        item = clone(step.keys);
        parent.push(item);
      }
      parent = item;
    }
  }
}

/** Removes a leaf and the objects that become empty by it. */
function remove(object: JsonObject, steps: readonly Step[]): void {
  const parents: { parent: Json; step: Step }[] = [];
  let at: Json | undefined = object;
  for (const step of steps) {
    if (at === undefined) return;
    parents.push({ parent: at, step });
    at = childOf(at, step);
  }
  for (const { parent, step } of parents.reverse()) {
    if (isObject(parent) && "field" in step) delete parent[step.field];
    else if (Array.isArray(parent)) {
      const index = parent.findIndex((item) =>
        "keys" in step ? hasKeys(item, step.keys) : "member" in step && equal(item, step.member),
      );
      if (index >= 0) parent.splice(index, 1);
    }
    const left = Array.isArray(parent) ? parent.length : Object.keys(parent ?? {}).length;
    if (left > 0) return;
  }
}

function childOf(parent: Json, step: Step): Json | undefined {
  if ("field" in step) return isObject(parent) ? parent[step.field] : undefined;
  if (!Array.isArray(parent)) return undefined;
  return parent.find((item) => ("keys" in step ? hasKeys(item, step.keys) : equal(item, step.member)));
}

function hasKeys(item: Json, keys: JsonObject): boolean {
  return isObject(item) && Object.entries(keys).every(([key, value]) => equal(item[key] ?? null, value));
}
