import { secretFinalizer } from "../../api/common.ts";
import { hasFinalizer } from "../../runtime/finalizers.ts";
import type { Secret } from "../../runtime/kinds.ts";
import type { KubeApi, KubeObject, WatchEvent } from "../../runtime/kube-api.ts";

const credentials: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/ssh-auth": ["ssh-privatekey", "ssh-passphrase", "known_hosts"],
  "kubernetes.io/basic-auth": ["password", "hosts"],
};

/** The types of Secrets that are listed and watched; all others stay with the API server. */
export const credentialTypes: readonly string[] = Object.keys(credentials);

/** Secrets per page of a list: each may have a megabyte, and belong to somebody else. */
export const secretsPerPage = 10;

/**
 * Secrets are watched by namespace and type, of which RBAC can grant the first (`get`, `list`, `watch`): of what is in them
 * nothing but our own keys stays in memory.
 */
export function onlyCredentials(api: KubeApi): KubeApi {
  return {
    get: (...args) => api.get(...args),
    create: (...args) => api.create(...args),
    update: (...args) => api.update(...args),
    mergePatch: (...args) => api.mergePatch(...args),
    apply: (...args) => api.apply(...args),
    delete: (...args) => api.delete(...args),
    async list(kind, options) {
      const page = await api.list(kind, options);
      return { ...page, items: page.items.map(withoutForeignData) };
    },
    watch: (kind, options) => slimmed(api.watch(kind, options)),
  };
}

async function* slimmed<T extends KubeObject>(events: AsyncIterable<WatchEvent<T>>): AsyncIterable<WatchEvent<T>> {
  for await (const event of events)
    yield event.type === "BOOKMARK" ? event : { type: event.type, object: withoutForeignData(event.object) };
}

/**
 * Base64 characters of a value that stays in memory before a host names its Secret: every private key is shorter. Whoever may
 * create Secrets would fill the operator's memory otherwise; the hold ({@link secretFinalizer}) brings the rest.
 */
const smallValue = 16 * 1024;
/** The same for a Secret that is held: known_hosts may have 256 KiB. Whoever creates a Secret can write the hold, too. */
const heldValue = 360 * 1024;

/** A Secret with our own keys only, and without what people write beside it. What is too long is named, for it is not absent. */
export function withoutForeignData<T extends KubeObject>(object: T): T {
  const secret: T & Pick<Secret, "data" | "omitted" | "type"> = { ...object };
  const {
    annotations: _annotations,
    labels: _labels,
    managedFields: _fields,
    ownerReferences: _owners,
    ...metadata
  } = object.metadata;
  const kept = credentials[secret.type ?? ""] ?? [];
  const longest = hasFinalizer(object, secretFinalizer) ? heldValue : smallValue;
  const own = Object.entries(secret.data ?? {}).filter(([key]) => kept.includes(key));
  const [short, long] = [
    own.filter(([, value]) => value.length <= longest),
    own.filter(([, value]) => value.length > longest),
  ];
  const omitted = Object.fromEntries(long.map(([key, value]) => [key, Buffer.byteLength(value, "base64")]));
  return { ...secret, metadata, data: Object.fromEntries(short), ...(long.length === 0 ? {} : { omitted }) };
}
