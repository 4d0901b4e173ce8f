import { secretFinalizer } from "../../api/common.ts";
import type { AoeServer, XenHost } from "../../api/kinds.ts";
import { hasFinalizer } from "../../runtime/finalizers.ts";
import type { Secret } from "../../runtime/kinds.ts";
import { keyOf, keyString, type ObjectKey } from "../../runtime/kube-api.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import { secretNames } from "../host-object.ts";
import { refOf, refsIn } from "../identity.ts";
import { type Controlled, type ObjectChange, onChange } from "../watch.ts";
import type { Stores, World } from "../world.ts";

/** What wakes Secrets: a host starts or stops referring to one. */
export const watchSecrets = ({ stores }: World, reconciler: Reconciler): Controlled => {
  const named = (host: AoeServer | XenHost) => refsIn(host, "Secret", secretNames(host));
  return {
    kind: "Secret",
    watches: [
      onChange(stores.servers, named, { initial: true }),
      onChange(stores.hosts, named, { initial: true }),
      onChange(stores.secrets, (secret) => [refOf("Secret", secret)], {
        initial: true,
        when: (change) => isToBeHeldAnew(stores, change),
      }),
    ],
    reconciler,
  };
};

function isToBeHeldAnew(stores: Stores, { object, old, deleted }: ObjectChange<Secret>): boolean {
  if (deleted) return false;
  if (old !== undefined) return holdText(old) !== holdText(object);
  return isUsed(stores, keyOf(object)) || hasFinalizer(object, secretFinalizer);
}

const holdText = ({ metadata: { uid, deletionTimestamp, finalizers = [] } }: Secret) =>
  JSON.stringify([uid, deletionTimestamp, finalizers]);

/** Whether an AoeServer or XenHost refers to a Secret. */
export function isUsed({ servers, hosts }: Pick<Stores, "servers" | "hosts">, key: ObjectKey): boolean {
  return [servers, hosts].some((store) => store.byIndex("secret", keyString(key)).length > 0);
}

/** The objects that refer to a Secret, as `Kind name`, sorted. */
export function usersOf({ servers, hosts }: Stores, key: ObjectKey): string[] {
  const value = keyString(key);
  return [
    ...servers.byIndex("secret", value).map(({ metadata }) => `AoeServer ${metadata.name}`),
    ...hosts.byIndex("secret", value).map(({ metadata }) => `XenHost ${metadata.name}`),
  ].sort();
}
