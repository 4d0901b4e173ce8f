import { type XenMigration, xenMigrations } from "../../api/kinds.ts";
import { findCondition, hasCondition } from "../../runtime/conditions.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { keyOf, keyString } from "../../runtime/kube-api.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import type { IndexFunction } from "../../runtime/store.ts";
import { directivesOf, suspends } from "../directives.ts";
import type { Machine } from "../hosts/machine.ts";
import { keysIn, type ObjectRef, RefSet, refsIn, refsOf } from "../identity.ts";
import { migrationSpec } from "../specs.ts";
import { type Controlled, hostsIn, type ObjectChange, onChange, own } from "../watch.ts";
import type { Stores, World } from "../world.ts";
import { migratingDomain, possibleHosts } from "../xen-domain/watches.ts";

const refs = (migrations: readonly XenMigration[]) => refsOf("XenMigration", migrations);

/** What wakes XenMigrations. */
export const watchMigrations = (world: World, reconciler: Reconciler): Controlled => {
  const { domains, hosts, migrations } = world.stores;
  const onHost = ({ namespace, name }: Omit<ObjectRef, "kind">) =>
    refs([...migrations.byIndex("host", keyString({ namespace, name })), ...waitingIn(world.stores, namespace)]);
  return {
    kind: "XenMigration",
    objects: own(xenMigrations, migrations),
    watches: [
      onChange(hosts, (host) => onHost(keyOf(host))),
      onChange(domains, (domain) => refs(migrations.byIndex("domain", keyString(keyOf(domain))))),
      // Any of those that have not begun may wait for a permit.
      onChange(migrations, () => refs(migrations.byIndex("active", "yes").filter(waits)), { when: concernsPermits }),
    ],
    onLook: (look) => hostsIn(look).flatMap(onHost),
    machines: (object) => machinesOf(world, migrations.get(object)),
    extent: ({ agent }) => agent.briefly,
    goesOnElsewhere: true,
    reconciler,
  };
};

/** Migrations that have not begun: any host may become their source or target. */
export function waitingIn({ migrations }: Stores, namespace: string | undefined): XenMigration[] {
  return migrations.byIndex("active", "yes").filter((one) => one.metadata.namespace === namespace && waits(one));
}

const waits = ({ status }: XenMigration) => status?.operationID === undefined;

/** True if others may now begin, or no longer: not for a new place in the queue, which each of them shows. */
function concernsPermits({ object, old, deleted }: ObjectChange<XenMigration>): boolean {
  return deleted || old === undefined || claimOf(object) !== claimOf(old);
}

/** What a migration asks for or occupies, and whether it does. */
function claimOf(migration: XenMigration): string {
  const { metadata, status } = migration;
  const { operationID, domainUUID, sourceHostRef, targetHostRef } = status ?? {};
  const admitted = findCondition(status?.conditions, "Admitted")?.reason;
  const succeeded = findCondition(status?.conditions, "Succeeded")?.reason;
  const stands = [isFinished(migration), isDeleting(migration), suspends(directivesOf(metadata)), admitted, succeeded];
  return JSON.stringify([operationID, domainUUID, sourceHostRef?.name, targetHostRef?.name, stands]);
}

/** The machines that a migration uses: before it has begun, all of its namespace. */
export function machinesOf({ stores, machines }: World, migration: XenMigration | undefined): Machine[] {
  if (migration === undefined) return [];
  return hostsOf(stores, migration).flatMap((host) => machines.of(host) ?? []);
}

function hostsOf(stores: Stores, migration: XenMigration): ObjectRef[] {
  const seen = migration.status;
  if (seen?.operationID === undefined) return refsOf("XenHost", stores.hosts.list(keyOf(migration).namespace));
  const parsed = migrationSpec(migration);
  const { sourceHostRef, targetHostRef } = parsed.ok ? parsed.spec : {};
  const named = refsIn(
    migration,
    "XenHost",
    [sourceHostRef, targetHostRef, seen.sourceHostRef, seen.targetHostRef].map((ref) => ref?.name),
  );
  return [...new RefSet([...named, ...possibleHosts(stores, migratingDomain(stores, migration))])];
}

/** Indexes of migrations. */
export const migrationIndexes = {
  /** `namespace/domain` of a XenDomain. */
  domain: (migration: XenMigration) => {
    const parsed = migrationSpec(migration);
    return keysIn(migration, [parsed.ok ? parsed.spec.domainRef?.name : undefined]);
  },
  /** `namespace/host` of its source and its target. */
  host: (migration: XenMigration) => {
    const parsed = migrationSpec(migration);
    const { sourceHostRef, targetHostRef } = parsed.ok ? parsed.spec : {};
    const seen = migration.status;
    return keysIn(
      migration,
      [sourceHostRef, targetHostRef, seen?.sourceHostRef, seen?.targetHostRef].map((ref) => ref?.name),
    );
  },
  /** `yes` until it has succeeded, failed or been aborted. */
  active: (migration: XenMigration) => (isFinished(migration) ? [] : ["yes"]),
  /** `namespace/UUID` of the domain, once the migration is over. */
  finished: (migration: XenMigration) => {
    const { domainUUID } = migration.status ?? {};
    return isFinished(migration) ? keysIn(migration, [domainUUID]) : [];
  },
} satisfies Record<string, IndexFunction<XenMigration>>;

/** True once it has ended: Succeeded is Unknown while it is active. */
export const isFinished = ({ status }: XenMigration): boolean =>
  hasCondition(status?.conditions, "Succeeded", "True") || hasCondition(status?.conditions, "Succeeded", "False");
