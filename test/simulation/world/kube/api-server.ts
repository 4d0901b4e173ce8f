import { type Kind, KubeError, keyString, type ObjectKey } from "../../../../src/runtime/kube-api.ts";
import { type Random, randomUuid } from "../random.ts";
import { type ApplyConflict, type Ownership, ownershipAfterUpdate, serverSideApply } from "./field-ownership.ts";
import { clone, equal, isObject, type Json, type JsonObject, mergePatch, objectAt } from "./json.ts";
import { admit, admitStatus, builtInResources, fromCustomResourceDefinition, type Resource } from "./resource.ts";
import { matchesFields, matchesLabels } from "./selectors.ts";

export interface Stored {
  readonly object: JsonObject;
  readonly ownership: Ownership;
}

/** The content of an etcd at one moment. */
export type Backup = ReadonlyMap<string, ReadonlyMap<string, Stored>>;

export interface Change {
  readonly resourceVersion: number;
  readonly resource: Resource;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly key: ObjectKey;
  readonly object: JsonObject;
}

export interface ListQuery {
  readonly namespace?: string | undefined;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ApplyRequest {
  readonly manager: string;
  readonly force: boolean;
  readonly status: boolean;
}

/** A kube-apiserver without a network: synchronous, one instance is one cluster. It returns copies. */
export class ApiServer {
  readonly #resources = new Map<string, Resource>();
  readonly #objects = new Map<string, Map<string, Stored>>();
  readonly #listeners = new Set<() => void>();
  /** A namespace that was never created counts as existing. */
  readonly #goneNamespaces = new Set<string>();
  readonly #pages = new Map<string, JsonObject[]>();
  readonly #now: () => number;
  readonly #random: Random;
  #changes: Change[] = [];
  #compacted = 0;
  #version = 1;

  constructor(options: { now: () => number; random: Random; customResourceDefinitions?: readonly unknown[] }) {
    this.#now = options.now;
    this.#random = options.random;
    for (const resource of builtInResources) this.#serve(resource);
    for (const crd of options.customResourceDefinitions ?? []) this.#serve(fromCustomResourceDefinition(crd));
  }

  get resourceVersion(): number {
    return this.#version;
  }

  /** Forgets the history: watches and pages that start before now get 410. */
  compact(): void {
    this.#compacted = this.#version;
    this.#changes = [];
    this.#pages.clear();
    this.#notify();
  }

  /** Changes after a resource version, oldest first; throws 410 when they have been compacted. */
  changesSince(version: number): readonly Change[] {
    if (version < this.#compacted)
      throw new KubeError(410, "Expired", `too old resource version: ${version} (${this.#compacted})`);
    let first = this.#changes.length;
    while (first > 0 && (this.#changes[first - 1]?.resourceVersion ?? 0) > version) first--;
    return this.#changes.slice(first);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  list(kind: Kind, query: ListQuery = {}): { items: JsonObject[]; resourceVersion: string; continue?: string } {
    const resource = this.resourceOf(kind);
    const items = query.continue === undefined ? this.#select(resource, query) : this.#pages.get(query.continue);
    if (items === undefined) throw new KubeError(410, "Expired", "The provided continue parameter is too old");
    if (query.continue !== undefined) this.#pages.delete(query.continue);
    const resourceVersion = query.continue?.split("/")[0] ?? String(this.#version);
    if (query.limit === undefined || query.limit === 0 || items.length <= query.limit)
      return { items: clone(items), resourceVersion };
    const token = `${resourceVersion}/${randomUuid(this.#random)}`;
    this.#pages.set(token, items.slice(query.limit));
    return { items: clone(items.slice(0, query.limit)), resourceVersion, continue: token };
  }

  get(kind: Kind, key: ObjectKey): JsonObject {
    return clone(this.#find(this.resourceOf(kind), key).object);
  }

  create(kind: Kind, given: JsonObject, manager = "unknown"): JsonObject {
    const resource = this.resourceOf(kind);
    const meta = objectAt(given, "metadata");
    const name = typeof meta.name === "string" ? meta.name : "";
    const key = { namespace: resource.namespaced ? String(meta.namespace ?? "") : "", name };
    if (name === "")
      throw this.#invalid(resource, key, ["metadata.name: Required value: name or generateName is required"]);
    if (meta.resourceVersion !== undefined && meta.resourceVersion !== "")
      throw new KubeError(400, "BadRequest", "resourceVersion should not be set on objects to be created");
    if (this.#has(resource, key))
      throw new KubeError(409, "AlreadyExists", `${this.#subject(resource, key)} already exists`);
    return this.#insert(resource, key, given, (object) =>
      ownershipAfterUpdate({}, object, resource.schema, new Map(), `${manager}/Update`),
    );
  }

  update(kind: Kind, given: JsonObject, manager = "unknown"): JsonObject {
    const resource = this.resourceOf(kind);
    const meta = objectAt(given, "metadata");
    const key = {
      namespace: resource.namespaced ? String(meta.namespace ?? "") : "",
      name: String(meta.name ?? ""),
    };
    // An update may create a Lease: the uid is then compared with that of no object.
    if (resource.kind === "Lease" && typeof meta.uid === "string" && !this.#has(resource, key))
      throw this.#conflict(resource, key);
    const stored = this.#find(resource, key);
    const version = meta.resourceVersion;
    if (version === undefined || version === "") {
      if (resource.generation)
        throw this.#invalid(resource, key, [
          "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update",
        ]);
    } else if (version !== versionOf(stored.object)) throw this.#conflict(resource, key);
    this.#checkUid(resource, key, stored, meta.uid);
    return this.#replace(resource, key, stored, given, manager);
  }

  mergePatch(kind: Kind, key: ObjectKey, patch: Json, manager = "unknown"): JsonObject {
    const resource = this.resourceOf(kind);
    const stored = this.#find(resource, key);
    const wanted = mergePatch(stored.object, patch);
    if (!isObject(wanted)) throw new KubeError(400, "BadRequest", "the patch does not make an object");
    if (objectAt(wanted, "metadata").resourceVersion !== versionOf(stored.object)) throw this.#conflict(resource, key);
    this.#checkUid(resource, key, stored, objectAt(wanted, "metadata").uid);
    return this.#replace(resource, key, stored, wanted, manager);
  }

  apply(kind: Kind, claimed: JsonObject, request: ApplyRequest): JsonObject {
    const resource = this.resourceOf(kind);
    const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = claimed;
    const meta = isObject(metadata) ? metadata : {};
    const key = {
      namespace: resource.namespaced ? String(meta.namespace ?? "") : "",
      name: String(meta.name ?? ""),
    };
    const subset: JsonObject = request.status ? { status: rest.status ?? {} } : { ...rest, metadata: meta };
    if (!request.status && resource.statusSubresource) delete subset.status;
    const manager = `${request.manager}/Apply${request.status ? "/status" : ""}`;
    const stored = this.#objects.get(id(resource))?.get(keyString(key));
    if (stored === undefined) {
      if (request.status) throw this.#notFound(resource, key);
      if (meta.uid !== undefined || meta.resourceVersion !== undefined) throw this.#conflict(resource, key);
      return this.#insert(resource, key, subset, () => {
        const first = serverSideApply({}, subset, resource.schema, new Map(), manager, true);
        return "ownership" in first ? first.ownership : new Map();
      });
    }
    if (meta.resourceVersion !== undefined && meta.resourceVersion !== versionOf(stored.object))
      throw this.#conflict(resource, key);
    if (!request.status) this.#checkUid(resource, key, stored, meta.uid);
    const merged = serverSideApply(stored.object, subset, resource.schema, stored.ownership, manager, request.force);
    if ("conflicts" in merged) throw this.#applyConflict(merged.conflicts);
    if (!request.status) return this.#store(resource, key, stored, merged.object, () => merged.ownership);
    const empty = emptyTexts(subset.status, "status");
    if (empty.length > 0) throw this.#invalid(resource, key, empty);
    return this.#storeStatus(resource, key, stored, merged.object, merged.ownership);
  }

  delete(kind: Kind, key: ObjectKey, preconditions: { uid?: string; resourceVersion?: string } = {}): void {
    const resource = this.resourceOf(kind);
    const stored = this.#find(resource, key);
    this.#checkUid(resource, key, stored, preconditions.uid);
    if (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== versionOf(stored.object))
      throw this.#conflict(resource, key);
    const meta = objectAt(stored.object, "metadata");
    if (!hasFinalizers(stored.object)) {
      this.#remove(resource, key, stored.object);
      return;
    }
    if (meta.deletionTimestamp !== undefined) return;
    const generation = typeof meta.generation === "number" ? { generation: meta.generation + 1 } : {};
    const marks = { deletionTimestamp: this.#timestamp(), deletionGracePeriodSeconds: 0, ...generation };
    this.#write(resource, key, { ...stored.object, metadata: { ...meta, ...marks } }, stored.ownership, "MODIFIED");
  }

  /** Like `etcdctl snapshot save`. */
  backup(): Backup {
    return new Map([...this.#objects].map(([resource, objects]) => [resource, new Map(objects)]));
  }

  /**
   * Like `etcdctl snapshot restore`: every object is as it was then, uid and status included. Resource versions go on,
   * as with `--bump-revision`. Must not be called during a watch.
   */
  restore(backup: Backup): void {
    for (const resource of this.#resources.values()) {
      const now = this.#objects.get(id(resource)) ?? new Map<string, Stored>();
      const then = backup.get(id(resource)) ?? new Map<string, Stored>();
      for (const [key, stored] of [...now])
        if (!then.has(key)) this.#remove(resource, keyOf(stored.object), stored.object);
      for (const [key, stored] of then) {
        const type = now.has(key) ? "MODIFIED" : "ADDED";
        this.#write(resource, keyOf(stored.object), stored.object, stored.ownership, type);
      }
    }
    // Namespaces that the backup does not have were not deleted: they never were.
    this.#goneNamespaces.clear();
  }

  resourceOf(kind: Kind): Resource {
    const resource = this.#resources.get(`${kind.group}/${kind.plural}`);
    if (resource === undefined || resource.version !== kind.version)
      throw new KubeError(404, "NotFound", "the server could not find the requested resource");
    return resource;
  }

  /** The resource of a kind, by the name of the kind alone. */
  kindNamed(name: string): Resource {
    for (const resource of this.#resources.values()) if (resource.kind === name) return resource;
    throw new KubeError(404, "NotFound", `no kind is called ${name}`);
  }

  #serve(resource: Resource): void {
    this.#resources.set(id(resource), resource);
    if (!this.#objects.has(id(resource))) this.#objects.set(id(resource), new Map());
  }

  #select(resource: Resource, query: ListQuery): JsonObject[] {
    const all = [...(this.#objects.get(id(resource)) ?? [])].sort(([one], [other]) => (one < other ? -1 : 1));
    return all
      .map(([, stored]) => stored.object)
      .filter((object) => {
        if (query.namespace !== undefined && objectAt(object, "metadata").namespace !== query.namespace) return false;
        if (query.labelSelector !== undefined && !matchesLabels(object, query.labelSelector)) return false;
        return query.fieldSelector === undefined || this.selects(resource, object, query.fieldSelector);
      });
  }

  /** Throws 400 for a field without selector support. Those fields never change: an object never leaves a selection. */
  selects(resource: Resource, object: JsonObject, fieldSelector: string): boolean {
    const selectable = ["metadata.name", "metadata.namespace", ...resource.selectableFields];
    const fields = matchesFields(object, fieldSelector, selectable);
    if (typeof fields === "object")
      throw new KubeError(400, "BadRequest", `field label not supported: ${fields.unsupported}`);
    return fields;
  }

  #insert(resource: Resource, key: ObjectKey, given: JsonObject, owned: (object: JsonObject) => Ownership): JsonObject {
    this.#admitInto(resource, key);
    const object = clone(given);
    if (resource.statusSubresource) delete object.status;
    const { name: _name, namespace: _namespace, ...meta } = objectAt(object, "metadata");
    for (const field of ["uid", "resourceVersion", "deletionTimestamp", "managedFields"]) delete meta[field];
    object.metadata = {
      name: key.name,
      ...(resource.namespaced ? { namespace: key.namespace } : {}),
      ...meta,
      uid: randomUuid(this.#random),
      creationTimestamp: this.#timestamp(),
      ...(resource.generation ? { generation: 1 } : {}),
    };
    this.#identify(resource, object);
    const refused = admit(resource, object);
    if (refused.length > 0) throw this.#invalid(resource, key, refused);
    return clone(this.#write(resource, key, object, owned(object), "ADDED"));
  }

  /** Refuses new objects in a namespace that is or was deleted, as the admission plug-in NamespaceLifecycle does. */
  #admitInto(resource: Resource, key: ObjectKey): void {
    if (resource.namespaced && this.#goneNamespaces.has(key.namespace))
      throw new KubeError(404, "NotFound", `namespaces "${key.namespace}" not found`);
    const namespace = this.#objects.get("/namespaces")?.get(key.namespace)?.object;
    if (!resource.namespaced || objectAt(namespace ?? {}, "metadata").deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${key.namespace} because it is being terminated`;
    throw new KubeError(403, "Forbidden", `${this.#subject(resource, key)} is forbidden: ${why}`, {
      causes: ["NamespaceTerminating"],
    });
  }

  #replace(resource: Resource, key: ObjectKey, stored: Stored, given: JsonObject, manager: string): JsonObject {
    const wanted = clone(given);
    if (resource.statusSubresource) {
      delete wanted.status;
      if (stored.object.status !== undefined) wanted.status = clone(stored.object.status);
    }
    return this.#store(resource, key, stored, wanted, (object) =>
      ownershipAfterUpdate(stored.object, object, resource.schema, stored.ownership, `${manager}/Update`),
    );
  }

  /** The common end of every change to an existing object. An unchanged object keeps its resourceVersion. */
  #store(
    resource: Resource,
    key: ObjectKey,
    stored: Stored,
    wanted: JsonObject,
    ownership: (object: JsonObject) => Ownership,
  ): JsonObject {
    const before = objectAt(stored.object, "metadata");
    const object = clone(wanted);
    const meta = { ...objectAt(object, "metadata") };
    for (const field of immutableMetadata) {
      if (before[field] === undefined) delete meta[field];
      else meta[field] = before[field];
    }
    if (Array.isArray(meta.finalizers) && meta.finalizers.length === 0) delete meta.finalizers;
    object.metadata = meta;
    this.#identify(resource, object);
    const refused = admit(resource, object);
    if (
      before.deletionTimestamp !== undefined &&
      finalizersOf(object).some((name) => !finalizersOf(stored.object).includes(name))
    )
      refused.push("metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted");
    if (refused.length > 0) throw this.#invalid(resource, key, refused);
    if (resource.generation && !equal(specOf(resource, object), specOf(resource, stored.object)))
      meta.generation = (typeof before.generation === "number" ? before.generation : 0) + 1;
    if (before.deletionTimestamp !== undefined && !hasFinalizers(object)) {
      this.#remove(resource, key, object);
      return clone(object);
    }
    const owned = ownership(object);
    if (equal(object, stored.object)) {
      this.#objects.get(id(resource))?.set(keyString(key), { object: stored.object, ownership: owned });
      return clone(stored.object);
    }
    return clone(this.#write(resource, key, object, owned, "MODIFIED"));
  }

  /** Like {@link ApiServer.#store}, for a change that can affect only the status. */
  #storeStatus(
    resource: Resource,
    key: ObjectKey,
    stored: Stored,
    object: JsonObject,
    ownership: Ownership,
  ): JsonObject {
    const refused = admitStatus(resource, object);
    if (refused.length > 0) throw this.#invalid(resource, key, refused);
    if (equal(object.status, stored.object.status)) {
      this.#objects.get(id(resource))?.set(keyString(key), { object: stored.object, ownership });
      return clone(stored.object);
    }
    return clone(this.#write(resource, key, object, ownership, "MODIFIED"));
  }

  #write(
    resource: Resource,
    key: ObjectKey,
    given: JsonObject,
    ownership: Ownership,
    type: "ADDED" | "MODIFIED",
  ): JsonObject {
    const resourceVersion = ++this.#version;
    const object = { ...given, metadata: { ...objectAt(given, "metadata"), resourceVersion: String(resourceVersion) } };
    this.#objects.get(id(resource))?.set(keyString(key), { object, ownership });
    if (resource.kind === "Namespace") this.#goneNamespaces.delete(key.name);
    if (resource.kind === "CustomResourceDefinition") this.#serve(fromCustomResourceDefinition(object));
    this.#changes.push({ resourceVersion, resource, type, key, object });
    this.#notify();
    return object;
  }

  #remove(resource: Resource, key: ObjectKey, last: JsonObject): void {
    const resourceVersion = ++this.#version;
    const object = { ...last, metadata: { ...objectAt(last, "metadata"), resourceVersion: String(resourceVersion) } };
    this.#objects.get(id(resource))?.delete(keyString(key));
    if (resource.kind === "Namespace") this.#goneNamespaces.add(key.name);
    this.#changes.push({ resourceVersion, resource, type: "DELETED", key, object });
    this.#notify();
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** The server sets apiVersion and kind; a Secret's stringData becomes data. */
  #identify(resource: Resource, object: JsonObject): void {
    object.apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
    object.kind = resource.kind;
    if (resource.kind !== "Secret") return;
    const { stringData } = object;
    delete object.stringData;
    object.type ??= "Opaque";
    if (!isObject(stringData)) return;
    const encoded = Object.entries(stringData).map(([field, value]) => [
      field,
      Buffer.from(String(value)).toString("base64"),
    ]);
    object.data = { ...objectAt(object, "data"), ...Object.fromEntries(encoded) };
  }

  #has(resource: Resource, key: ObjectKey): boolean {
    return this.#objects.get(id(resource))?.has(keyString(key)) === true;
  }

  #find(resource: Resource, key: ObjectKey): Stored {
    const stored = this.#objects.get(id(resource))?.get(keyString(key));
    if (stored === undefined) throw this.#notFound(resource, key);
    return stored;
  }

  #checkUid(resource: Resource, key: ObjectKey, stored: Stored, uid: Json | undefined): void {
    if (uid !== undefined && uid !== "" && uid !== objectAt(stored.object, "metadata").uid)
      throw this.#conflict(resource, key);
  }

  #timestamp(): string {
    return new Date(this.#now()).toISOString().replace(/\.\d+Z$/, "Z");
  }

  #subject(resource: Resource, key: ObjectKey): string {
    return `${resource.plural}${resource.group === "" ? "" : `.${resource.group}`} "${key.name}"`;
  }

  #notFound(resource: Resource, key: ObjectKey): KubeError {
    return new KubeError(404, "NotFound", `${this.#subject(resource, key)} not found`);
  }

  #conflict(resource: Resource, key: ObjectKey): KubeError {
    const why = "the object has been modified; please apply your changes to the latest version and try again";
    return new KubeError(409, "Conflict", `Operation cannot be fulfilled on ${this.#subject(resource, key)}: ${why}`);
  }

  #applyConflict(conflicts: readonly ApplyConflict[]): KubeError {
    const list = conflicts.map(({ manager, path }) => `conflict with "${manager.split("/")[0]}": ${path}`).join("; ");
    return new KubeError(409, "Conflict", `Apply failed with ${conflicts.length} conflicts: ${list}`);
  }

  #invalid(resource: Resource, key: ObjectKey, refused: readonly string[]): KubeError {
    return new KubeError(
      422,
      "Invalid",
      `${resource.kind}.${resource.group} "${key.name}" is invalid: ${refused.join(", ")}`,
    );
  }
}

function keyOf(object: JsonObject): ObjectKey {
  const { namespace, name } = objectAt(object, "metadata");
  return { namespace: typeof namespace === "string" ? namespace : "", name: String(name) };
}

const immutableMetadata = [
  "name",
  "namespace",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "generation",
  "resourceVersion",
];

function id(resource: Resource): string {
  return `${resource.group}/${resource.plural}`;
}

function versionOf(object: JsonObject): Json | undefined {
  return objectAt(object, "metadata").resourceVersion;
}

function finalizersOf(object: JsonObject): Json[] {
  const finalizers = objectAt(object, "metadata").finalizers;
  return Array.isArray(finalizers) ? finalizers : [];
}

function hasFinalizers(object: JsonObject): boolean {
  return finalizersOf(object).length > 0;
}

function specOf(resource: Resource, object: JsonObject): JsonObject {
  const { metadata: _metadata, status, ...spec } = object;
  return resource.statusSubresource || status === undefined ? spec : { ...spec, status };
}

/** Stricter than a real server: the operator writes no empty text (decision 0005). */
function emptyTexts(value: Json | undefined, at: string): string[] {
  if (value === "") return [`${at}: Invalid value: "null": ${at} in body must be of type string: "null"`];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => emptyTexts(item, `${at}.${key}`));
}
