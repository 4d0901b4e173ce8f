import { isRecord } from "./equality.ts";
import type { KubeObject, ManagedFields } from "./kube-api.ts";
import { Pool } from "./pool.ts";
import { statusOwnership } from "./status-patch.ts";

/** No annotation that the operator reads is longer. Users may write 256 KiB. */
const maxCharacters = 4096;

/**
 * Reduces objects to the parts that a cache keeps: of the managed fields only those that {@link statusOwnership} reads,
 * of labels and annotations only those whose names `keeps` accepts, and one copy of values that many objects share.
 */
export function keeping(keeps: (name: string) => boolean = () => true): <T extends KubeObject>(object: T) => T {
  const owners = new Pool<ManagedFields[]>();
  const values = new Pool<unknown>();
  const shared = (value: unknown): unknown =>
    typeof value === "object" && value !== null
      ? values.share(value, (one) => (Array.isArray(one) ? one.map(shared) : one))
      : value;
  return (object) => {
    const { managedFields, annotations, labels, ...metadata } = object.metadata;
    const owner = statusOwnership(managedFields);
    const [keptLabels, keptAnnotations] = [labels, annotations].map((all) => all && ofNames(all, keeps));
    const kept = {
      ...object,
      metadata: {
        ...metadata,
        ...(keptLabels === undefined ? {} : { labels: keptLabels }),
        ...(keptAnnotations === undefined ? {} : { annotations: keptAnnotations }),
        ...(owner === undefined ? {} : { managedFields: owners.share([owner]) }),
      },
    };
    for (const part of ["spec", "status"]) {
      const value: unknown = Reflect.get(object, part);
      if (!isRecord(value)) continue;
      const same: Record<string, unknown> = {};
      for (const name in value) same[name] = shared(value[name]);
      Reflect.set(kept, part, same);
    }
    return kept;
  };
}

function ofNames(all: Record<string, string>, keeps: (name: string) => boolean): Record<string, string> | undefined {
  const kept = Object.entries(all)
    .filter(([name]) => keeps(name))
    .map(([name, value]) => [name, value.slice(0, maxCharacters)] as const);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
