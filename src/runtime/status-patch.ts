import { isRecord, jsonEqual } from "./equality.ts";
import {
  isConflict,
  type Kind,
  type KubeApi,
  KubeError,
  type KubeObject,
  keyOf,
  keyString,
  type ManagedFields,
} from "./kube-api.ts";
import type { ReadonlyStore } from "./store.ts";

const statusManager = "xensan";

/** The object whose status is written, and how. */
export interface StatusWrite<T extends KubeObject> {
  readonly api: KubeApi;
  readonly kind: Kind<T>;
  /** The object as it was read, for the comparison. */
  readonly object: T & { status?: unknown };
  /**
   * Receives the answer at once, so that the next reconcile does not read a status that this one has already replaced.
   */
  readonly store?: ReadonlyStore<T>;
  readonly fieldManager?: string;
  /** Makes a status acceptable to the server, which refuses it as a whole if one field is not. */
  readonly admissible?: (status: unknown) => unknown;
}

/**
 * Tracks the objects whose status on the server is known, up to the last write of this process. A cache may be older:
 * a write whose answer was lost reaches it late, and so do the writes of an earlier leader.
 */
export class Confirmed {
  readonly #uids = new Map<string, string | undefined>();

  /** Whether the server is known to have the status with which a reconcile of this object begins. */
  has({ metadata }: KubeObject): boolean {
    return this.#uids.get(keyString(keyOf({ metadata }))) === metadata.uid && metadata.uid !== undefined;
  }

  /** The server has answered with this object. */
  answered({ metadata }: KubeObject): void {
    this.#uids.set(keyString(keyOf({ metadata })), metadata.uid);
  }

  /** A write has failed, but may have been stored; or the object is gone. */
  forget({ metadata }: { readonly metadata: { readonly name: string; readonly namespace?: string } }): void {
    this.#uids.delete(keyString(keyOf({ metadata })));
  }
}

/** The server has another status than the decision was based on: HTTP 409, so that the decision is made again. */
const statusChanged = ({ metadata }: KubeObject) =>
  new KubeError(409, "Conflict", `the status of ${keyString(keyOf({ metadata }))} differs from the cache`);

const sameStatus = (one: KubeObject & { status?: unknown }, other: KubeObject & { status?: unknown }) =>
  jsonEqual(one.status ?? {}, other.status ?? {});

/**
 * Applies (server-side) the whole status that this field manager owns: fields that it no longer states disappear,
 * fields of others stay. Sends nothing if the stored object has the same status already. Returns the object as stored.
 * Throws a conflict if the stored status differs from that of `object`: a decision based on an old status does not
 * replace a newer one.
 */
export async function applyStatus<T extends KubeObject>(
  write: StatusWrite<T>,
  wanted: unknown,
  signal: AbortSignal,
): Promise<T> {
  const { api, kind, store, fieldManager = statusManager, admissible = (status) => status } = write;
  const said = stated(wanted);
  let { object } = write;
  // The server has accepted it already.
  if (saysTheSame(object, said, fieldManager)) return object;
  const status = admissible(said);
  for (let attempt = 1; ; attempt += 1) {
    if (saysTheSame(object, status, fieldManager)) return object;
    try {
      const stored = await api.apply(
        kind,
        { metadata: { ...keyOf(object), ...versionOf(object) }, status },
        { fieldManager, force: true, subresource: "status", signal },
      );
      store?.observe(stored);
      return stored;
    } catch (error) {
      // The version keeps our status off a later object of the same name: servers do not compare the uid here.
      if (!isConflict(error) || attempt === attempts) throw error;
      const current = await api.get(kind, keyOf(object), signal);
      if (current.metadata.uid !== object.metadata.uid) throw error;
      // The stored status may come from an earlier write whose answer was lost: the next reconcile begins with it.
      store?.observe(current);
      if (!sameStatus(current, object) && !saysTheSame(current, status, fieldManager)) throw statusChanged(current);
      object = current;
    }
  }
}

const attempts = 8;

function versionOf({ metadata: { uid, resourceVersion } }: KubeObject) {
  return { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
}

/** A status while it is computed. */
export interface StatusDraft<S> {
  /** Change it during the reconcile; it is written once at the end. */
  status: S;
  /** Writes now and waits until it is stored: for an intent that must survive a crash. */
  flush(): Promise<void>;
  /**
   * Resolves when the server has answered with the status that this reconcile began with, or with what it has written
   * since. Await it before any action that relies on an intent recorded there. Asks the server only if no answer is
   * known. Throws a conflict if the server has another status, and the request's error if there is no answer.
   */
  confirm(): Promise<void>;
}

/**
 * Runs `body` with a draft of the status, a copy of `initial`, then writes the draft, even if `body` failed: the status
 * shows how far it got. An error of `body` takes precedence over one of the write. Nothing is written after `leading`
 * is aborted, because another replica may be working then.
 */
export async function withStatus<T extends KubeObject, S, R>(
  write: StatusWrite<T> & { readonly initial: S; readonly leading: AbortSignal; readonly confirmed?: Confirmed },
  body: (draft: StatusDraft<S>) => Promise<R>,
): Promise<R> {
  const { confirmed = new Confirmed() } = write;
  let stored: T & { status?: unknown } = write.object;
  let flushed: unknown;
  const store = async () => {
    write.leading.throwIfAborted();
    if (flushed !== undefined && jsonEqual(flushed, draft.status)) return;
    try {
      const answer = await applyStatus({ ...write, object: stored }, draft.status, write.leading);
      if (answer !== stored) confirmed.answered(answer);
      stored = answer;
    } catch (error) {
      confirmed.forget(stored);
      throw error;
    }
  };
  const draft: StatusDraft<S> = {
    status: structuredClone(write.initial),
    flush: async () => {
      await store();
      flushed = structuredClone(draft.status);
    },
    confirm: async () => {
      if (confirmed.has(stored)) return;
      const current = await write.api.get(write.kind, keyOf(stored), write.leading);
      if (current.metadata.uid !== stored.metadata.uid) throw statusChanged(stored);
      write.store?.observe(current);
      if (!sameStatus(current, stored)) throw statusChanged(stored);
      confirmed.answered(current);
    },
  };
  let result: R;
  try {
    result = await body(draft);
  } catch (error) {
    await store().catch(() => undefined);
    throw error;
  }
  await store();
  return result;
}

/** Whether applying `desired` would leave the stored status unchanged. */
export function saysTheSame(
  object: KubeObject & { status?: unknown },
  desired: unknown,
  fieldManager: string,
): boolean {
  const owned = statusOwnership(object.metadata.managedFields, fieldManager)?.fieldsV1?.["f:status"];
  return owned === undefined ? jsonEqual(object.status ?? {}, desired ?? {}) : includes(object.status, desired, owned);
}

/** The managed fields that {@link applyStatus} reads: the part of the status that the manager has applied, if any. */
export function statusOwnership(
  managedFields: readonly ManagedFields[] = [],
  fieldManager: string = statusManager,
): ManagedFields | undefined {
  for (const { manager, operation, fieldsV1 } of managedFields) {
    const status = manager === fieldManager && operation === "Apply" ? fieldsV1?.["f:status"] : undefined;
    if (isRecord(status)) return { manager: fieldManager, operation: "Apply", fieldsV1: { "f:status": status } };
  }
  return undefined;
}

/** Whether `stored` has everything that `desired` states, and nothing that is `owned` and no longer desired. */
function includes(stored: unknown, desired: unknown, owned: unknown): boolean {
  // Owned as a whole (x-kubernetes-map-type atomic): fields that are no longer stated disappear.
  if (isRecord(owned) && Object.keys(owned).length === 0) return jsonEqual(stored, desired);
  const tree = isRecord(owned) ? owned : {};
  if (isRecord(desired) && isRecord(stored)) {
    const stated = Object.entries(desired).filter(([, value]) => value !== undefined);
    const left = fieldNames(tree).filter((name) => desired[name] === undefined && stored[name] !== undefined);
    return left.length === 0 && stated.every(([name, value]) => includes(stored[name], value, tree[`f:${name}`]));
  }
  if (Array.isArray(desired) && Array.isArray(stored)) {
    const keys = mapKeys(tree);
    return keys.length === 0 ? jsonEqual(stored, desired) : listIncludes(stored, desired, keys);
  }
  return jsonEqual(stored, desired);
}

interface MapKey {
  readonly match: Record<string, unknown>;
  readonly tree: unknown;
}

/** A list that is merged by key (conditions by `type`): others may own items in it, ours are those of `keys`. */
function listIncludes(stored: readonly unknown[], desired: readonly unknown[], keys: readonly MapKey[]): boolean {
  const names = Object.keys(keys[0]?.match ?? {});
  const keyOfItem = (item: unknown) => (isRecord(item) ? JSON.stringify(names.map((name) => item[name])) : "");
  const byKey = new Map(stored.map((item) => [keyOfItem(item), item]));
  const wanted = new Set(desired.map(keyOfItem));
  const trees = new Map(keys.map(({ match, tree }) => [keyOfItem(match), tree]));
  if ([...trees.keys()].some((key) => !wanted.has(key) && byKey.has(key))) return false;
  return desired.every((item) => includes(byKey.get(keyOfItem(item)), item, trees.get(keyOfItem(item))));
}

const fieldNames = (tree: Record<string, unknown>) =>
  Object.keys(tree).flatMap((key) => (key.startsWith("f:") ? [key.slice(2)] : []));

function mapKeys(tree: Record<string, unknown>): MapKey[] {
  return Object.entries(tree).flatMap(([key, subtree]) => {
    if (!key.startsWith("k:")) return [];
    const match: unknown = JSON.parse(key.slice(2));
    return isRecord(match) ? [{ match, tree: subtree }] : [];
  });
}

/**
 * Omits undefined and empty fields: an unknown value is absent, never an empty text. Half a character at the end of a
 * shortened text is stored as the replacement character, so it is sent like this.
 */
export function stated(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(stated);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (item === undefined || item === "" ? [] : [[key, stated(item)]])),
  );
}
