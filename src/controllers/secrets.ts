import type { Secret } from "../runtime/kinds.ts";
import type { KubeApi, KubeObject, WatchEvent } from "../runtime/kube-api.ts";

/**
 * Secrets are watched by namespace, which is what RBAC can grant (`get`, `list`, `watch`): of those that are neither SSH
 * credentials nor passwords nothing but name and type stays in memory.
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
      return { ...page, items: page.items.map(slim) };
    },
    watch: (kind, options) => slimmed(api.watch(kind, options)),
  };
}

async function* slimmed<T extends KubeObject>(events: AsyncIterable<WatchEvent<T>>): AsyncIterable<WatchEvent<T>> {
  for await (const event of events)
    yield event.type === "BOOKMARK" ? event : { type: event.type, object: slim(event.object) };
}

const credentials: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/ssh-auth": ["ssh-privatekey", "ssh-passphrase", "known_hosts"],
  "kubernetes.io/basic-auth": ["password"],
};

function slim<T extends KubeObject>(object: T): T {
  const secret: T & Pick<Secret, "data" | "type"> = { ...object };
  const { annotations: _annotations, labels: _labels, managedFields: _fields, ...metadata } = object.metadata;
  const kept = credentials[secret.type ?? ""] ?? [];
  const data = Object.fromEntries(Object.entries(secret.data ?? {}).filter(([key]) => kept.includes(key)));
  return { ...secret, metadata, data };
}
