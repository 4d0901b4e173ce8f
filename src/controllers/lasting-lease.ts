import type { Lease } from "../runtime/kinds.ts";
import {
  isConflict,
  isNamespaceTerminating,
  isNotFound,
  type Kind,
  type KubeApi,
  type KubeObject,
  keyOf,
} from "../runtime/kube-api.ts";
import type { LeaseApi } from "../runtime/leader-election.ts";

/**
 * A Lease API that outlives the Lease. In a namespace that is being deleted the Lease goes with everything else, and
 * nothing can create it again: an operator that held it, or that has not seen another holder, goes on without it for as
 * long as the server refuses it because of the deletion, since clean-up is still to be done. `onGone` is called when
 * the server refuses it because there is no such namespace.
 */
export function lastingLease(api: KubeApi, holder: string, onGone: () => void): LeaseApi {
  let other = false;
  /** While the namespace accepts no Lease: there is none to update. */
  let without = false;

  async function create<T extends KubeObject>(...[kind, object, signal]: Parameters<typeof api.create<T>>): Promise<T> {
    try {
      const created = await api.create(kind, object, signal);
      without = false;
      return created;
    } catch (error) {
      if (isNamespaceTerminating(error) && !other) {
        without = true;
        return object;
      }
      // There is a Lease again, or no namespace any more.
      if (isConflict(error) || isNotFound(error)) without = false;
      if (isNotFound(error)) onGone();
      throw error;
    }
  }

  /** An update may create a Lease, so the server answers with Conflict also when that of the named uid is gone. */
  async function isGone<T extends KubeObject>(kind: Kind<T>, object: T, error: unknown, signal?: AbortSignal) {
    if (!isConflict(error)) return isNotFound(error);
    return api.get(kind, keyOf(object), signal).then(() => false, isNotFound);
  }

  return {
    create,
    async get(kind, key, signal) {
      const found = await api.get(kind, key, signal);
      other = isHeldBySomebodyElse(found, holder);
      return found;
    },
    async update(kind, object, signal) {
      try {
        if (!without) return await api.update(kind, object, signal);
      } catch (error) {
        if (!(await isGone(kind, object, error, signal))) throw error;
      }
      const { uid: _uid, resourceVersion: _version, creationTimestamp: _time, ...metadata } = object.metadata;
      return await create(kind, { ...object, metadata }, signal);
    },
  };
}

function isHeldBySomebodyElse(lease: Lease, holder: string): boolean {
  const identity = lease.spec?.holderIdentity ?? "";
  return identity !== "" && identity !== holder;
}
