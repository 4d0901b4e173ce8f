import type { Logger } from "pino";
import { type KubeObject, keyOf, keyString, type ObjectKey } from "./kube-api.ts";

/** A change of the store. */
export type StoreEvent<T> =
  /** `initial`: part of the first list, so probably not a new object. */
  | { readonly type: "added"; readonly object: T; readonly initial: boolean }
  | { readonly type: "updated"; readonly object: T; readonly old: T }
  | { readonly type: "deleted"; readonly object: T };

/** Called for every change, in order. */
export type StoreListener<T> = (event: StoreEvent<T>) => void;

/** Properties of a whole list. */
export interface ReplaceOptions {
  readonly initial?: boolean;
  /** The server's history went back (restored from a backup): older versions are valid now. */
  readonly rewind?: boolean;
}

/** Values by which {@link Store.byIndex} finds an object. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** A store for readers. Objects are shared: treat them as immutable. */
export interface ReadonlyStore<T extends KubeObject> {
  readonly size: number;
  get(key: ObjectKey): T | undefined;
  /** All objects, or those of one namespace. */
  list(namespace?: string): T[];
  byIndex(index: string, value: string): T[];
  /**
   * Calls the listener after every change, and at once with `added` (`initial`) for each existing object. Returns a
   * function that unsubscribes.
   */
  subscribe(listener: StoreListener<T>): () => void;
  /**
   * Stores the answer to one of our writes, so that the next read sees it before the watch delivers it. Only replaces
   * an older version of an object in the store, or a copy of the same version with less.
   */
  observe(object: T): void;
}

/**
 * Indexed objects of one kind, kept up to date by a reflector. An error of a listener is logged and affects no other.
 */
export class Store<T extends KubeObject> implements ReadonlyStore<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<
    string,
    { readonly of: IndexFunction<T>; readonly keys: Map<string, string | Set<string>> }
  >();
  readonly #listeners = new Set<StoreListener<T>>();
  readonly #log: Logger;
  readonly #keep: (object: T) => T;
  readonly #hasMore: (one: T, other: T) => boolean;

  constructor(options: {
    readonly log: Logger;
    readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
    /** Reduces an object to the parts that are kept; keeps all of it by default. */
    readonly keep?: (object: T) => T;
    /** Whether one copy of a version has more than another; by default all copies are the same. */
    readonly hasMore?: ((one: T, other: T) => boolean) | undefined;
  }) {
    this.#log = options.log;
    this.#keep = options.keep ?? ((object) => object);
    this.#hasMore = options.hasMore ?? (() => false);
    for (const [name, of] of Object.entries(options.indexes ?? {})) this.addIndex(name, of);
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(keyString(key));
  }

  list(namespace?: string): T[] {
    const all = [...this.#objects.values()];
    return namespace === undefined ? all : all.filter((object) => (object.metadata.namespace ?? "") === namespace);
  }

  byIndex(index: string, value: string): T[] {
    const keys = this.#index(index).keys.get(value) ?? [];
    return [...(typeof keys === "string" ? [keys] : keys)].flatMap((key) => this.#objects.get(key) ?? []);
  }

  addIndex(name: string, of: IndexFunction<T>): void {
    if (this.#indexes.has(name)) throw new Error(`index ${name} already exists`);
    this.#indexes.set(name, { of, keys: new Map() });
    for (const [key, object] of this.#objects) this.#enter(name, key, object);
  }

  subscribe(listener: StoreListener<T>): () => void {
    this.#listeners.add(listener);
    for (const object of [...this.#objects.values()]) this.#call(listener, { type: "added", object, initial: true });
    return () => this.#listeners.delete(listener);
  }

  observe(object: T): void {
    const old = this.get(keyOf(object));
    if (old !== undefined && old.metadata.uid === object.metadata.uid) this.put(object);
  }

  /**
   * Adds or replaces the object, unless the store has the same version with as much, or (without `rewind`) a newer one.
   */
  put(given: T, { initial = false, rewind = false }: ReplaceOptions = {}): void {
    const key = keyString(keyOf(given));
    const old = this.#objects.get(key);
    if (old !== undefined && old.metadata.uid !== given.metadata.uid) {
      // Deleted and created again in between: two objects, not a change of one.
      if (isNewer(old, given) && !rewind) return;
      this.delete(old);
      this.put(given, { initial });
      return;
    }
    if (old !== undefined && !isNewer(given, old) && !(rewind && isNewer(old, given)) && !this.#completes(given, old))
      return;
    const object = this.#keep(given);
    this.#objects.set(key, object);
    for (const name of this.#indexes.keys()) {
      if (old !== undefined) this.#leave(name, key, old);
      this.#enter(name, key, object);
    }
    this.#emit(old === undefined ? { type: "added", object, initial } : { type: "updated", object, old });
  }

  /** `last` is the state at deletion, which listeners receive. */
  delete(last: T): void {
    const key = keyString(keyOf(last));
    const old = this.#objects.get(key);
    if (old === undefined || (old.metadata.uid !== last.metadata.uid && isNewer(old, last))) return;
    this.#objects.delete(key);
    for (const name of this.#indexes.keys()) this.#leave(name, key, old);
    this.#emit({ type: "deleted", object: last });
  }

  /** Makes the store equal to a full list, page by page; `end` deletes the objects that were on no page. */
  replacing(options: ReplaceOptions = {}): { page(objects: readonly T[]): void; end(): void } {
    const missing = new Set(this.#objects.keys());
    return {
      page: (objects) => {
        for (const object of objects) {
          missing.delete(keyString(keyOf(object)));
          this.put(object, options);
        }
      },
      end: () => {
        for (const key of missing) {
          const old = this.#objects.get(key);
          if (old !== undefined) this.delete(old);
        }
      },
    };
  }

  #completes(given: T, old: T): boolean {
    return given.metadata.resourceVersion === old.metadata.resourceVersion && this.#hasMore(given, old);
  }

  #index(name: string) {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new Error(`no index ${name}; there are: ${[...this.#indexes.keys()].join(", ")}`);
    return index;
  }

  #values(name: string, object: T): readonly string[] {
    try {
      return this.#index(name).of(object);
    } catch (error) {
      this.#log.error(
        { err: error, index: name, ...keyOf(object) },
        "an index function threw; the object is not in that index",
      );
      return [];
    }
  }

  #enter(name: string, key: string, object: T): void {
    const { keys } = this.#index(name);
    for (const value of this.#values(name, object)) {
      const members = keys.get(value);
      // Most values belong to one object: 50,000 sets of one would take more memory than their contents.
      if (members === undefined || members === key) keys.set(value, key);
      else if (typeof members === "string") keys.set(value, new Set([members, key]));
      else members.add(key);
    }
  }

  #leave(name: string, key: string, object: T): void {
    const { keys } = this.#index(name);
    for (const value of this.#values(name, object)) {
      const members = keys.get(value);
      if (members instanceof Set) members.delete(key);
      if (members === key || (members instanceof Set && members.size === 0)) keys.delete(value);
    }
  }

  #emit(event: StoreEvent<T>): void {
    for (const listener of [...this.#listeners]) this.#call(listener, event);
  }

  #call(listener: StoreListener<T>, event: StoreEvent<T>): void {
    try {
      listener(event);
    } catch (error) {
      this.#log.error({ err: error, event: event.type, ...keyOf(event.object) }, "a store listener threw");
    }
  }
}

/**
 * Whether `a` is newer. Resource versions of one kind are growing integers; any other version counts as newer if it
 * differs.
 */
function isNewer(a: KubeObject, b: KubeObject): boolean {
  const [left, right] = [a.metadata.resourceVersion, b.metadata.resourceVersion];
  if (left === undefined || right === undefined) return true;
  if (/^\d+$/.test(left) && /^\d+$/.test(right)) return BigInt(left) > BigInt(right);
  return left !== right;
}
