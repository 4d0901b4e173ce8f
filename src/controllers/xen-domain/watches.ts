import { type XenDomain, type XenMigration, xenDomains } from "../../api/kinds.ts";
import { keyOf, keyString } from "../../runtime/kube-api.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import type { IndexFunction } from "../../runtime/store.ts";
import type { Machine } from "../hosts/machine.ts";
import { keysIn, type ObjectRef, RefSet, refsIn, refsOf } from "../identity.ts";
import { nodeHosts } from "../ocfs2-cluster/watches.ts";
import { domainSpec, migrationSpec } from "../specs.ts";
import { type Controlled, hostsIn, onChange, own } from "../watch.ts";
import type { Stores, World } from "../world.ts";
import { domainPlaces } from "./places.ts";

const refs = (domains: readonly XenDomain[]) => refsOf("XenDomain", domains);

/** What wakes XenDomains. */
export const watchDomains = (world: World, reconciler: Reconciler): Controlled => {
  const { stores } = world;
  const { clusters, domains, hosts, migrations } = stores;
  return {
    kind: "XenDomain",
    objects: own(xenDomains, domains),
    watches: [
      onChange(hosts, (host) => refs(domains.byIndex("host", keyString(keyOf(host))))),
      onChange(clusters, (cluster) => refs(domains.byIndex("cluster", keyString(keyOf(cluster))))),
      // The older of two objects with one UUID has the domain.
      onChange(domains, (domain) => {
        const parsed = domainSpec(domain);
        const uuid = parsed.ok ? parsed.spec.uuid : undefined;
        return uuid === undefined ? [] : refs(domains.byIndex("uuid", uuid));
      }),
      onChange(migrations, (migration) => refs([migratingDomain(stores, migration) ?? []].flat())),
    ],
    onLook: (look) => refs(hostsIn(look).flatMap((host) => domains.byIndex("host", keyString(host)))),
    machines: (object) => machinesOf(world, domains.get(object)),
    questions(member) {
      return member.kind === "XenHost" ? domainPlaces(stores, clusters.byIndex("host", keyString(member))) : {};
    },
    reconciler,
  };
};

/** The XenHosts on which a domain may be: those in its spec and status, and the nodes of its disks' file systems. */
export function possibleHosts({ clusters }: Stores, domain: XenDomain | undefined): ObjectRef[] {
  if (domain === undefined) return [];
  const { namespace } = keyOf(domain);
  const parsed = domainSpec(domain);
  const { hostRef, hostRefs = [], disks = [] } = parsed.ok ? parsed.spec : {};
  const holders = new Set(disks.map(({ filesystemRef }) => filesystemRef.clusterRef.name));
  return [
    ...new RefSet([
      ...refsIn(domain, "XenHost", [hostRef?.name, domain.status?.hostRef?.name, ...hostRefs.map(({ name }) => name)]),
      ...[...holders].flatMap((name) => nodeHosts(clusters.get({ namespace, name }))),
    ]),
  ];
}

/** The machines of {@link possibleHosts}. */
export const machinesOf = ({ stores, machines }: World, domain: XenDomain | undefined): Machine[] =>
  possibleHosts(stores, domain).flatMap((host) => machines.of(host) ?? []);

/** The XenDomain that a migration moves, if there is one: by the name in its spec, or by the UUID in its status. */
export function migratingDomain({ domains }: Stores, migration: XenMigration): XenDomain | undefined {
  const { namespace } = keyOf(migration);
  const parsed = migrationSpec(migration);
  const name = parsed.ok ? parsed.spec.domainRef?.name : undefined;
  if (name !== undefined) return domains.get({ namespace, name });
  const { domainUUID } = migration.status ?? {};
  const found = domainUUID === undefined ? [] : domains.byIndex("uuid", domainUUID);
  return found.find(({ metadata }) => metadata.namespace === namespace);
}

/** Indexes of domains. */
export const domainIndexes = {
  /** `namespace/host` on which it may run or was seen. */
  host: (domain: XenDomain) => {
    const parsed = domainSpec(domain);
    const { hostRef, hostRefs = [] } = parsed.ok ? parsed.spec : {};
    return keysIn(domain, [hostRef?.name, domain.status?.hostRef?.name, ...hostRefs.map(({ name }) => name)]);
  },
  /** `namespace/cluster` with the images of its disks and CD-ROM drives. */
  cluster: (domain: XenDomain) => {
    const parsed = domainSpec(domain);
    const { disks = [], cdroms = [] } = parsed.ok ? parsed.spec : {};
    return keysIn(
      domain,
      [...disks, ...cdroms].map(({ filesystemRef }) => filesystemRef.clusterRef.name),
    );
  },
  uuid: (domain: XenDomain) => {
    const parsed = domainSpec(domain);
    return parsed.ok && parsed.spec.uuid !== undefined ? [parsed.spec.uuid] : [];
  },
} satisfies Record<string, IndexFunction<XenDomain>>;
