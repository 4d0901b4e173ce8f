import { secretFinalizer } from "../../api/common.ts";
import { hasFinalizer } from "../../runtime/finalizers.ts";
import type { Secret } from "../../runtime/kinds.ts";
import type { KubeApi, KubeObject, WatchEvent } from "../../runtime/kube-api.ts";

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
 * only our own keys stay in memory.
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
 * Base64 characters of a value that stays in memory before a host refers to its Secret: every private key is shorter.
 * Otherwise any user who may create Secrets could fill the operator's memory; the finalizer ({@link secretFinalizer})
 * brings the rest.
 */
const smallValue = 16 * 1024;
/**
 * The same for a Secret with the finalizer: known_hosts may have 256 KiB. Creators of Secrets can set the finalizer,
 * too.
 */
const heldValue = 360 * 1024;

/**
 * A Secret with only our own keys and metadata. Too long values are listed in `omitted`, because they are not absent.
 */
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
