import { isRecord } from "./equality.ts";
import type { KubeObject, ManagedFields } from "./kube-api.ts";
import { Pool } from "./pool.ts";
import { statusOwnership } from "./status-patch.ts";

/** The whole manifest again, which `kubectl apply` writes for itself. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * Reduces objects to the parts that a cache keeps: of the managed fields only those that {@link statusOwnership} reads,
 * nothing that kubectl stored for itself, and one copy of values that many objects share.
 */
export function keeping(): <T extends KubeObject>(object: T) => T {
  const owners = new Pool<ManagedFields[]>();
  const values = new Pool<unknown>();
  const shared = (value: unknown): unknown =>
    typeof value === "object" && value !== null
      ? values.share(value, (one) => (Array.isArray(one) ? one.map(shared) : one))
      : value;
  return (object) => {
    const { managedFields, annotations, ...metadata } = object.metadata;
    const owner = statusOwnership(managedFields);
    const others = annotations && withoutLastApplied(annotations);
    const kept = {
      ...object,
      metadata: {
        ...metadata,
        ...(others === undefined ? {} : { annotations: others }),
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

function withoutLastApplied(annotations: Record<string, string>): Record<string, string> | undefined {
  if (annotations[lastApplied] === undefined) return annotations;
  const { [lastApplied]: _manifest, ...others } = annotations;
  return Object.keys(others).length === 0 ? undefined : others;
}
