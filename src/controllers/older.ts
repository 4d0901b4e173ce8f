import type { KubeObject } from "../runtime/kube-api.ts";

/** Of two objects that want the same, the older one has it; of the same age, the one whose name comes first. */
export function isOlder({ metadata: one }: KubeObject, { metadata: other }: KubeObject): boolean {
  const ages = (one.creationTimestamp ?? "").localeCompare(other.creationTimestamp ?? "");
  const names = `${one.namespace}/${one.name}`.localeCompare(`${other.namespace}/${other.name}`);
  return ages < 0 || (ages === 0 && names < 0);
}
