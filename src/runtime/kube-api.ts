/**
 * The Kubernetes API as the controllers use it: one of the three interfaces to the outside world (KubeApi, HostSession,
 * Clock). Types follow the Kubernetes API conventions.
 */
export interface KubeApi {
  /** Lists one page. Pass the answer's `continue` to get the next page. */
  list<T extends KubeObject>(kind: Kind<T>, options?: ListOptions): Promise<KubeList<T>>;
  /**
   * Yields events until the server ends the watch (the iteration ends) or it fails (the iteration throws a
   * {@link KubeError}; 410 if `resourceVersion` is too old). Ends at once when the signal is aborted.
   */
  watch<T extends KubeObject>(kind: Kind<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  get<T extends KubeObject>(kind: Kind<T>, key: ObjectKey, signal?: AbortSignal): Promise<T>;
  create<T extends KubeObject>(kind: Kind<T>, object: T, signal?: AbortSignal): Promise<T>;
  /** Optimistic replacement: the object must carry its resourceVersion, else 409. */
  update<T extends KubeObject>(kind: Kind<T>, object: T, signal?: AbortSignal): Promise<T>;
  /** RFC 7386 merge patch; a `metadata.resourceVersion` in it makes it optimistic. */
  mergePatch<T extends KubeObject>(kind: Kind<T>, key: ObjectKey, patch: unknown, signal?: AbortSignal): Promise<T>;
  /** Server-side apply to the object or, with `subresource: "status"`, to its status. */
  apply<T extends KubeObject>(kind: Kind<T>, object: ApplyObject, options: ApplyOptions): Promise<T>;
  delete(kind: Kind, key: ObjectKey, options?: DeleteOptions): Promise<void>;
}

/** A {@link KubeApi} whose merge patches name their field manager and can patch only the status. */
export interface PatchingKubeApi extends KubeApi {
  mergePatch<T extends KubeObject>(
    kind: Kind<T>,
    key: ObjectKey,
    patch: unknown,
    signal?: AbortSignal,
    options?: Partial<Pick<ApplyOptions, "fieldManager" | "subresource">>,
  ): Promise<T>;
}

/** A resource type. The phantom `T` ties it to the TypeScript type of its objects. */
export interface Kind<T extends KubeObject = KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly __shape?: T;
}

/** Fields of every object of the API. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** The fields of meta/v1 ObjectMeta that we use. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: {
    apiVersion: string;
    kind: string;
    name: string;
    uid: string;
    controller?: boolean;
    blockOwnerDeletion?: boolean;
  }[];
  /** Owners of the fields (server-side apply); `fieldsV1` is a tree of `f:name` and `k:{…}` keys. */
  managedFields?: ManagedFields[];
}

/** The fields that one manager owns (meta/v1 ManagedFieldsEntry). */
export interface ManagedFields {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  time?: string;
  fieldsType?: string;
  fieldsV1?: Record<string, unknown>;
  subresource?: string;
}

/** `namespace` is empty for cluster-scoped objects. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** One page of a list. */
export interface KubeList<T> {
  readonly items: T[];
  readonly resourceVersion: string;
  readonly continue?: string;
  /** Number of objects on the following pages, if the server reports it. */
  readonly remainingItemCount?: number;
}

/** Selection of a list, as the query parameters of the API. */
export interface ListOptions {
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly limit?: number;
  /** An answer of more bytes is not read to its end: it is refused with the reason `TooLarge`. */
  readonly maxBytes?: number;
  readonly continue?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly signal?: AbortSignal;
}

/** Start and selection of a watch. */
export interface WatchOptions {
  readonly namespace?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  readonly timeoutSeconds?: number;
  readonly signal: AbortSignal;
}

/** One line of a watch (meta/v1 WatchEvent). */
export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

/** The fields that a field manager applies: only those that it owns. */
export interface ApplyObject {
  readonly metadata: ObjectKey & {
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** Options of a server-side apply. */
export interface ApplyOptions {
  readonly fieldManager: string;
  readonly force?: boolean;
  readonly subresource?: "status";
  readonly signal?: AbortSignal;
}

/** Preconditions and propagation of a delete (meta/v1 DeleteOptions). */
export interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly signal?: AbortSignal;
}

/** An answer of the API server other than a success, or no answer at all (`status` 0). */
export class KubeError extends Error {
  override readonly name = "KubeError";
  /** HTTP status; 0 without an answer. */
  readonly status: number;
  /** `reason` of the Status object: NotFound, AlreadyExists, Conflict, Gone, Invalid, … */
  readonly reason: string;
  /** From the Retry-After header of an overloaded server (429, 503). */
  readonly retryAfterSeconds: number | undefined;
  /** Paths of the refused fields, such as `spec.shelf` or `status.clients[0].name`. */
  readonly fields: readonly string[];
  /** Reasons of the causes that the Status object lists, such as `FieldValueInvalid` or `NamespaceTerminating`. */
  readonly causes: readonly string[];
  constructor(
    status: number,
    reason: string,
    message: string,
    options?: {
      cause?: unknown;
      retryAfterSeconds?: number | undefined;
      fields?: readonly string[];
      causes?: readonly string[];
    },
  ) {
    super(message, options);
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = options?.retryAfterSeconds;
    this.fields = options?.fields ?? [];
    this.causes = options?.causes ?? [];
  }
}

/** Whether the error is HTTP 404. */
export const isNotFound = (error: unknown): error is KubeError => error instanceof KubeError && error.status === 404;
/** A concurrent write, a field of another owner, or another object of the same name. */
export const isConflict = (error: unknown): error is KubeError => error instanceof KubeError && error.status === 409;
/** The answer was longer than {@link ListOptions.maxBytes}. */
export const isTooLarge = (error: unknown): error is KubeError =>
  error instanceof KubeError && error.reason === "TooLarge";
/** The server no longer has the resourceVersion or continue token: list again. */
export const isGone = (error: unknown): error is KubeError => error instanceof KubeError && error.status === 410;

/** The namespace is being deleted: nothing can be created in it. */
export const isNamespaceTerminating = (error: unknown): error is KubeError =>
  error instanceof KubeError && error.status === 403 && error.causes.includes("NamespaceTerminating");

/** Namespace (empty for cluster-scoped objects) and name. */
export function keyOf(object: { metadata: { name: string; namespace?: string } }): ObjectKey {
  return { namespace: object.metadata.namespace ?? "", name: object.metadata.name };
}

/** `namespace/name`, the form used in logs, queues and maps. */
export function keyString(key: ObjectKey): string {
  return key.namespace === "" ? key.name : `${key.namespace}/${key.name}`;
}

/** The inverse of {@link keyString}. */
export function parseKey(text: string): ObjectKey {
  const slash = text.indexOf("/");
  return slash === -1
    ? { namespace: "", name: text }
    : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}
