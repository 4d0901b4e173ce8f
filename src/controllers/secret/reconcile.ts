import { secretFinalizer } from "../../api/common.ts";
import { addFinalizer, hasFinalizer, isDeleting, removeFinalizer } from "../../runtime/finalizers.ts";
import { secretKind } from "../../runtime/kinds.ts";
import { isNotFound } from "../../runtime/kube-api.ts";
import { done, type Reconciler } from "../../runtime/reconciler.ts";
import type { Controlled } from "../watch.ts";
import type { Means } from "../world.ts";
import { withoutForeignData } from "./credentials.ts";
import { usersOf, watchSecrets } from "./watches.ts";

/**
 * Ensures that a Secret has {@link secretFinalizer} exactly while an AoeServer or XenHost of its namespace refers to
 * it. The deletion of a namespace deletes everything in it at once: the key would be gone before the hosts are cleaned
 * up. A Secret that is already being deleted accepts no new finalizer. Reads the values that were not kept before.
 */
export const controlSecrets = (means: Means): Controlled => watchSecrets(means.world, secretReconciler(means));

function secretReconciler({ api, world, events }: Means): Reconciler {
  return {
    async reconcile(key, { signal }) {
      const secret = world.stores.secrets.get(key);
      if (secret === undefined) return done;
      const users = usersOf(world.stores, key);
      const held = hasFinalizer(secret, secretFinalizer);
      const change = { api, kind: secretKind, object: secret, finalizer: secretFinalizer, signal };
      if (users.length === 0) {
        if (held) await removeFinalizer(change);
        return done;
      }
      if (!isDeleting(secret) && !held) {
        // Two hosts that refer to it wake this twice, and the watch may deliver the first write after the second
        // reconcile.
        world.stores.secrets.observe(withoutForeignData(await addFinalizer(change), true));
      } else if (secret.omitted !== undefined) {
        // It came before the first host that refers to it.
        const whole = await api.get(secretKind, key, signal).catch(whenGone);
        if (whole !== undefined) world.stores.secrets.observe(withoutForeignData(whole, true));
      }
      if (isDeleting(secret) && held)
        events.record(secretKind, secret, {
          type: "Normal",
          reason: "SecretInUse",
          action: "Delete",
          note: `${listed(users)} ${users.length === 1 ? "references" : "reference"} this Secret, so xensan keeps it for the clean-up of their hosts. Delete them, or make them reference another Secret`,
        });
      return done;
    },
  };
}

function whenGone(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}

function listed(users: readonly string[]): string {
  const rest = users.length - 10;
  return `${users.slice(0, 10).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
