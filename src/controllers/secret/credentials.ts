import type { Secret } from "../../runtime/kinds.ts";
import { type KubeApi, type KubeObject, keyOf, type ObjectKey, type WatchEvent } from "../../runtime/kube-api.ts";

const credentials: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/ssh-auth": ["ssh-privatekey", "ssh-passphrase", "known_hosts"],
  "kubernetes.io/basic-auth": ["password", "hosts"],
};

/** The types of Secrets that are listed and watched; the operator reads no others. */
export const credentialTypes: readonly string[] = Object.keys(credentials);

/** Secrets per page of a list: each may have a megabyte, and belong to other programs. */
export const secretsPerPage = 10;

/**
 * Reads Secrets by namespace and type, of which RBAC can restrict the first (`get`, `list`, `watch`). Of their content
 * only our own keys stay in memory, and their values only while a host refers to the Secret.
 */
export function onlyCredentials(api: KubeApi, isReferenced: (key: ObjectKey) => boolean): KubeApi {
  const slim = <T extends KubeObject>(object: T): T => withoutForeignData(object, isReferenced(keyOf(object)));
  return {
    get: (...args) => api.get(...args),
    create: (...args) => api.create(...args),
    update: (...args) => api.update(...args),
    mergePatch: (...args) => api.mergePatch(...args),
    apply: (...args) => api.apply(...args),
    delete: (...args) => api.delete(...args),
    async list(kind, options) {
      const page = await api.list(kind, options);
      return { ...page, items: page.items.map(slim) };
    },
    watch: (kind, options) => slimmed(api.watch(kind, options), slim),
  };
}

async function* slimmed<T extends KubeObject>(
  events: AsyncIterable<WatchEvent<T>>,
  slim: (object: T) => T,
): AsyncIterable<WatchEvent<T>> {
  for await (const event of events)
    yield event.type === "BOOKMARK" ? event : { type: event.type, object: slim(event.object) };
}

/** Bytes of the longest value that is used: of known_hosts. */
export const mostValueBytes = 256 * 1024;
/** Base64 characters of the longest value that is kept; so many bytes fit. */
const longestValue = 360 * 1024;

/**
 * A Secret with only our own keys and metadata. Values that are not kept are listed in `omitted`, because they are not
 * absent: those that are too long, and all while no host refers to the Secret. Otherwise any user who may create Secrets
 * could fill the operator's memory.
 */
export function withoutForeignData<T extends KubeObject>(object: T, isReferenced: boolean): T {
  const secret: T & Pick<Secret, "data" | "omitted" | "type"> = { ...object };
  const {
    annotations: _annotations,
    labels: _labels,
    managedFields: _fields,
    ownerReferences: _owners,
    ...metadata
  } = object.metadata;
  const kept = credentials[secret.type ?? ""] ?? [];
  const own = Object.entries(secret.data ?? {}).filter(([key]) => kept.includes(key));
  const fits = ([, value]: readonly [string, string]) => isReferenced && value.length <= longestValue;
  const [short, long] = [own.filter(fits), own.filter((entry) => !fits(entry))];
  const omitted = Object.fromEntries(long.map(([key, value]) => [key, Buffer.byteLength(value, "base64")]));
  return { ...secret, metadata, data: Object.fromEntries(short), ...(long.length === 0 ? {} : { omitted }) };
}

/** Whether one copy of a version of a Secret has more of its values than another one. */
export const hasMoreValues = (one: Secret, other: Secret): boolean =>
  Object.keys(one.omitted ?? {}).length < Object.keys(other.omitted ?? {}).length;
