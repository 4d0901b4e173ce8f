import { finalizer } from "../api/common.ts";
import { hasFinalizer, isDeleting } from "../runtime/finalizers.ts";
import type { KubeObject } from "../runtime/kube-api.ts";
import { directivesOf, suspends } from "./directives.ts";

/**
 * The kind, namespace and name of an object, as a value. Where the kind does not matter it serves as an `ObjectKey`.
 */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** What work is done for: an object, or a part of it with jobs of its own, such as a file system of a cluster. */
export interface WorkRef extends ObjectRef {
  readonly part?: string;
}

/** An AoeServer or XenHost in the namespace of the object that works on it. */
export type HostRef = Pick<ObjectRef, "kind" | "name">;

/** The AoeServer of this name. */
export const aoeServer = (name: string): HostRef => ({ kind: "AoeServer", name });

/** The XenHost of this name. */
export const xenHost = (name: string): HostRef => ({ kind: "XenHost", name });

/** `Kind name`, for messages. */
export const hostText = ({ kind, name }: HostRef): string => `${kind} ${name}`;

/** A reference to the object of this kind and name. */
export const refTo = (kind: string, namespace: string, name: string): ObjectRef => ({ kind, namespace, name });

/** A reference to an existing object. */
export const refOf = (
  kind: string,
  { metadata: { namespace = "", name } }: { readonly metadata: { readonly namespace?: string; readonly name: string } },
): ObjectRef => ({ kind, namespace, name });

/** References to objects of one kind. */
export const refsOf = (kind: string, objects: readonly Parameters<typeof refOf>[1][]): ObjectRef[] =>
  objects.map((object) => refOf(kind, object));

/** References to the objects that an object names in its own namespace. */
export const refsIn = (
  { metadata: { namespace = "" } }: { readonly metadata: { readonly namespace?: string } },
  kind: string,
  names: Iterable<string | undefined>,
): ObjectRef[] => [...names].flatMap((name) => (name === undefined ? [] : [refTo(kind, namespace, name)]));

/** The object for which the work is done. */
export const objectOf = ({ kind, namespace, name }: WorkRef): ObjectRef => ({ kind, namespace, name });

/** Whether both are the same object and the same part of it. */
export const isSameRef = (one: WorkRef, other: WorkRef): boolean => refText(one) === refText(other);

/** `Kind namespace/name`, for maps and messages; never parsed. */
export const refText = ({ kind, namespace, name, part }: WorkRef): string =>
  `${kind} ${namespace}/${name}${part === undefined ? "" : ` #${part}`}`;

/** The owner of something on a host, as its mark there says: `namespace/name uid`. */
export interface Mark {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * Reads a mark; missing parts are empty. An object that was recreated under its name has another uid and keeps its
 * marks.
 */
export function parseMark(text: string): Mark {
  const [key = "", uid = ""] = text.split(" ");
  const [namespace = "", name = ""] = key.split("/");
  return { namespace, name, uid };
}

/** `namespace/name` of a mark; undefined where there is none. */
export function markedName(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  const { namespace, name } = parseMark(text);
  return `${namespace}/${name}`;
}

/** Whether the mark names the object of this name. */
export const isMarkOf = ({ namespace, name }: Omit<Mark, "uid">, text: string): boolean =>
  markedName(text) === `${namespace}/${name}`;

/** A map with references as keys; equal references are one key. */
export class RefMap<V, R extends WorkRef = ObjectRef> {
  readonly #entries = new Map<string, readonly [R, V]>();

  get size(): number {
    return this.#entries.size;
  }

  get(ref: R): V | undefined {
    return this.#entries.get(refText(ref))?.[1];
  }

  has(ref: R): boolean {
    return this.#entries.has(refText(ref));
  }

  set(ref: R, value: V): void {
    this.#entries.set(refText(ref), [ref, value]);
  }

  delete(ref: R): boolean {
    return this.#entries.delete(refText(ref));
  }

  clear(): void {
    this.#entries.clear();
  }

  *keys(): Iterable<R> {
    for (const [ref] of this.#entries.values()) yield ref;
  }

  *values(): Iterable<V> {
    for (const [, value] of this.#entries.values()) yield value;
  }

  [Symbol.iterator](): Iterator<readonly [R, V]> {
    return this.#entries.values();
  }
}

/** A set of references; equal references are one. */
export class RefSet<R extends WorkRef = ObjectRef> {
  readonly #refs = new Map<string, R>();

  constructor(refs: Iterable<R> = []) {
    for (const ref of refs) this.add(ref);
  }

  get size(): number {
    return this.#refs.size;
  }

  has(ref: R): boolean {
    return this.#refs.has(refText(ref));
  }

  add(ref: R): void {
    const text = refText(ref);
    if (!this.#refs.has(text)) this.#refs.set(text, ref);
  }

  delete(ref: R): boolean {
    return this.#refs.delete(refText(ref));
  }

  [Symbol.iterator](): Iterator<R> {
    return this.#refs.values();
  }
}

const namespaceOf = (object: { readonly metadata: { readonly namespace?: string } }) => object.metadata.namespace ?? "";

/** `namespace/name` of the objects that an object names in its own namespace, each once. */
export const keysIn = (
  object: { readonly metadata: { readonly namespace?: string } },
  names: readonly (string | undefined)[],
): string[] => [...new Set(names.flatMap((name) => (name === undefined ? [] : [`${namespaceOf(object)}/${name}`])))];

/** Of two objects that want the same, the older one has it; of equal age, the one whose name comes first. */
export function isOlder({ metadata: one }: KubeObject, { metadata: other }: KubeObject): boolean {
  const ages = (one.creationTimestamp ?? "").localeCompare(other.creationTimestamp ?? "");
  const names = `${one.namespace}/${one.name}`.localeCompare(`${other.namespace}/${other.name}`);
  return ages < 0 || (ages === 0 && names < 0);
}

/**
 * Deleted objects that wait for us, which could not go otherwise, then the others by age: a host can be asked about so many
 * only. A deleted object that somebody else keeps is left out: anybody may keep as many as he likes. Compares plain text,
 * because there may be tens of thousands.
 */
export function deletedThenOldest<T extends KubeObject>(objects: Iterable<T>): T[] {
  const keyed = [...objects].flatMap((object) => {
    const { creationTimestamp = "", namespace = "", name } = object.metadata;
    if (isDeleting(object) && !hasFinalizer(object, finalizer)) return [];
    const goes = isDeleting(object) && !suspends(directivesOf(object.metadata));
    return [{ object, key: `${goes ? 0 : 1} ${creationTimestamp} ${namespace}/${name}` }];
  });
  return keyed.sort((one, other) => (one.key < other.key ? -1 : 1)).map(({ object }) => object);
}
