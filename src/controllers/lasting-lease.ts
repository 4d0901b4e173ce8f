import type { Lease } from "../runtime/kinds.ts";
import { isNamespaceTerminating, isNotFound, type KubeApi, type KubeObject } from "../runtime/kube-api.ts";
import type { LeaseApi } from "../runtime/leader-election.ts";

/**
 * A Lease API that outlives the Lease. In a namespace that is being deleted the Lease goes with everything else, and
 * nothing can create it again: an operator that held it, or that has not seen another holder, goes on without it,
 * because clean-up is still to be done.
 */
export function lastingLease(api: KubeApi, holder: string): LeaseApi {
  let other = false;
  /** Set once the namespace accepts no Lease any more. */
  let kept: KubeObject | undefined;

  async function create<T extends KubeObject>(...[kind, object, signal]: Parameters<typeof api.create<T>>): Promise<T> {
    try {
      return await api.create(kind, object, signal);
    } catch (error) {
      if (!isNamespaceTerminating(error) || other) throw error;
      kept = object;
      return object;
    }
  }

  return {
    create,
    async get(kind, key, signal) {
      const found = await api.get(kind, key, signal);
      other = isHeldBySomebodyElse(found, holder);
      return found;
    },
    async update(kind, object, signal) {
      if (kept !== undefined) {
        kept = object;
        return object;
      }
      try {
        return await api.update(kind, object, signal);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        const { uid: _uid, resourceVersion: _version, creationTimestamp: _time, ...metadata } = object.metadata;
        return await create(kind, { ...object, metadata }, signal);
      }
    },
  };
}

function isHeldBySomebodyElse(lease: Lease, holder: string): boolean {
  const identity = lease.spec?.holderIdentity ?? "";
  return identity !== "" && identity !== holder;
}
