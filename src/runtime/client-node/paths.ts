import type { Kind, ObjectKey } from "../kube-api.ts";

/** The URL path of a collection, below the server's address, without a query. */
export function collectionPath(kind: Kind, namespace: string | undefined): string {
  const base = kind.group === "" ? ["api", kind.version] : ["apis", kind.group, kind.version];
  const scope = namespace === undefined || namespace === "" || !kind.namespaced ? [] : ["namespaces", namespace];
  return join([...base, ...scope, kind.plural]);
}

/** The URL path of one object, or of its subresource. */
export function objectPath(kind: Kind, key: ObjectKey, subresource?: string): string {
  if (kind.namespaced && key.namespace === "") throw new TypeError(`${kind.kind} ${key.name}: no namespace given`);
  if (key.name === "") throw new TypeError(`${kind.kind}: no name given`);
  const own = subresource === undefined ? [key.name] : [key.name, subresource];
  return `${collectionPath(kind, key.namespace)}${join(own)}`;
}

const join = (segments: readonly string[]) => segments.map((segment) => `/${encodeURIComponent(segment)}`).join("");
