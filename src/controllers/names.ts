/** How objects are named inside the operator: `Kind namespace/name`. */

import { type ObjectKey, parseKey } from "../runtime/kube-api.ts";

export type ObjectId = `${string} ${string}/${string}`;

export const idOf = (kind: string, namespace: string, name: string): ObjectId => `${kind} ${namespace}/${name}`;

export function parseId(id: string): { readonly kind: string; readonly key: ObjectKey } {
  const space = id.indexOf(" ");
  return { kind: id.slice(0, space), key: parseKey(id.slice(space + 1)) };
}
