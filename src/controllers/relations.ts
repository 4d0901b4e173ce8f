import type { AoeVolume, Ocfs2Cluster, XenDomain, XenHost, XenMigration } from "../api/kinds.ts";
import { type KubeObject, keyString, type ObjectKey } from "../runtime/kube-api.ts";
import type { Stores } from "./fleet.ts";
import { idOf, type ObjectId, parseId } from "./names.ts";
import { clusterSpec, domainSpec, hostSpec, migrationSpec } from "./specs.ts";

/** Which objects have to be judged anew when another one, or a machine, has changed. Answered from memory, by index. */

/** Objects that live on a XenHost, and the hosts it exchanges domains with. */
export function livingOn(stores: Stores, host: ObjectKey): ObjectId[] {
  const key = keyString(host);
  return [
    ...ids("Ocfs2Cluster", stores.clusters.byIndex("host", key)),
    ...ids("XenDomain", stores.domains.byIndex("host", key)),
    ...ids("XenMigration", stores.migrations.byIndex("host", key)),
    ...ids("XenMigration", waiting(stores, host.namespace)),
    ...ids("XenHost", stores.hosts.byIndex("sender", key)),
    ...sendersTo(stores, host),
  ];
}

/** Migrations that have not begun: any host may become their source or their target. */
function waiting(stores: Stores, namespace: string): XenMigration[] {
  return stores.migrations
    .byIndex("active", "yes")
    .filter(({ metadata, status }) => metadata.namespace === namespace && status?.operationID === undefined);
}

function sendersTo(stores: Stores, host: ObjectKey): ObjectId[] {
  const object = stores.hosts.get(host);
  const parsed = object && hostSpec(object);
  if (parsed?.ok !== true || parsed.spec.relocation.mode === "Disabled") return [];
  return parsed.spec.relocation.allowedSourceHostRefs.map(({ name }) => idOf("XenHost", host.namespace, name));
}

export function concernedByVolume(stores: Stores, volume: AoeVolume): ObjectId[] {
  return ids("Ocfs2Cluster", stores.clusters.byIndex("volume", keyText(volume)));
}

export function concernedByCluster(stores: Stores, cluster: Ocfs2Cluster): ObjectId[] {
  const { namespace = "" } = cluster.metadata;
  const parsed = clusterSpec(cluster);
  const { nodes = [], filesystems = [] } = parsed.ok ? parsed.spec : {};
  return [
    ...ids("XenDomain", stores.domains.byIndex("cluster", keyText(cluster))),
    ...nodes.map(({ hostRef }) => idOf("XenHost", namespace, hostRef.name)),
    ...filesystems.map(({ volumeRef }) => idOf("AoeVolume", namespace, volumeRef.name)),
    ...filesystems.flatMap(({ volumeRef }) =>
      ids("Ocfs2Cluster", stores.clusters.byIndex("volume", `${namespace}/${volumeRef.name}`)),
    ),
    // Former ones, which wait until the cluster has let go of them.
    ...(cluster.status?.nodes ?? []).map(({ host }) => idOf("XenHost", namespace, host)),
    ...(cluster.status?.filesystems ?? []).flatMap(({ volume }) =>
      volume === undefined ? [] : [idOf("AoeVolume", namespace, volume)],
    ),
    // A host is in one cluster only, so the others on its hosts are concerned too.
    ...nodes.flatMap(({ hostRef }) =>
      ids("Ocfs2Cluster", stores.clusters.byIndex("host", `${namespace}/${hostRef.name}`)),
    ),
  ];
}

export function concernedByDomain(stores: Stores, domain: XenDomain): ObjectId[] {
  const parsed = domainSpec(domain);
  const uuid = parsed.ok ? parsed.spec.uuid : undefined;
  return [
    ...ids("XenMigration", stores.migrations.byIndex("domain", keyText(domain))),
    ...(uuid === undefined ? [] : ids("XenDomain", stores.domains.byIndex("uuid", uuid))),
  ];
}

export function concernedByMigration(stores: Stores, migration: XenMigration): ObjectId[] {
  const { namespace = "" } = migration.metadata;
  const parsed = migrationSpec(migration);
  const { sourceHostRef, targetHostRef } = parsed.ok ? parsed.spec : {};
  const hosts = new Set([sourceHostRef?.name, targetHostRef?.name, migration.status?.source, migration.status?.target]);
  const domain = migratingDomain(stores, migration);
  return [
    ...(domain === undefined ? [] : ids("XenDomain", [domain])),
    ...[...hosts].flatMap((name) => (name === undefined ? [] : [idOf("XenHost", namespace, name)])),
    // Whoever waits for a permit.
    ...ids("XenMigration", stores.migrations.byIndex("active", "yes")),
  ];
}

/** The XenDomain that a migration moves, if there is one: named by it, or of the UUID that it found. */
export function migratingDomain(stores: Stores, migration: XenMigration): XenDomain | undefined {
  const { namespace = "" } = migration.metadata;
  const parsed = migrationSpec(migration);
  const name = parsed.ok ? parsed.spec.domainRef?.name : undefined;
  if (name !== undefined) return stores.domains.get({ namespace, name });
  const { domainUUID } = migration.status ?? {};
  const found = domainUUID === undefined ? [] : stores.domains.byIndex("uuid", domainUUID);
  return found.find(({ metadata }) => metadata.namespace === namespace);
}

/** The XenHosts an object has to do with. */
export function hostsOf(stores: Stores, id: string): ObjectId[] {
  const { kind, key } = parseId(id);
  switch (kind) {
    case "Ocfs2Cluster":
      return clusterHosts(stores.clusters.get(key));
    case "XenDomain":
      return domainHosts(stores, stores.domains.get(key));
    case "XenMigration":
      return migrationHosts(stores, stores.migrations.get(key));
    default:
      return [];
  }
}

function clusterHosts(cluster: Ocfs2Cluster | undefined): ObjectId[] {
  if (cluster === undefined) return [];
  const { namespace = "" } = cluster.metadata;
  const parsed = clusterSpec(cluster);
  const names = [
    ...(parsed.ok ? parsed.spec.nodes.map(({ hostRef }) => hostRef.name) : []),
    ...(cluster.status?.nodes ?? []).map(({ host }) => host),
  ];
  return [...new Set(names)].map((name) => idOf("XenHost", namespace, name));
}

/** Also the other nodes of the file systems that hold its disks: it might run there. */
function domainHosts(stores: Stores, domain: XenDomain | undefined): ObjectId[] {
  if (domain === undefined) return [];
  const { namespace = "" } = domain.metadata;
  const parsed = domainSpec(domain);
  const { hostRef, hostRefs: hosts = [], disks = [] } = parsed.ok ? parsed.spec : {};
  const names = [hostRef?.name, domain.status?.host, ...hosts.map(({ name }) => name)];
  const clusters = new Set(disks.map(({ filesystemRef: filesystem }) => filesystem.clusterRef.name));
  return [
    ...new Set([
      ...names.flatMap((name) => (name === undefined ? [] : [idOf("XenHost", namespace, name)])),
      ...[...clusters].flatMap((name) => clusterHosts(stores.clusters.get({ namespace, name }))),
    ]),
  ];
}

function migrationHosts(stores: Stores, migration: XenMigration | undefined): ObjectId[] {
  if (migration === undefined) return [];
  const { namespace = "" } = migration.metadata;
  const parsed = migrationSpec(migration);
  const { sourceHostRef, targetHostRef } = parsed.ok ? parsed.spec : {};
  const names = [sourceHostRef?.name, targetHostRef?.name, migration.status?.source, migration.status?.target];
  const domain = migratingDomain(stores, migration);
  if (migration.status?.operationID === undefined) return ids("XenHost", stores.hosts.list(namespace));
  return [
    ...new Set([
      ...names.flatMap((name) => (name === undefined ? [] : [idOf("XenHost", namespace, name)])),
      ...domainHosts(stores, domain),
    ]),
  ];
}

const keyText = ({ metadata: { namespace = "", name } }: { metadata: XenHost["metadata"] }) => `${namespace}/${name}`;

const ids = (kind: string, objects: readonly KubeObject[]): ObjectId[] =>
  objects.map(({ metadata: { namespace = "", name } }) => idOf(kind, namespace, name));

/** The objects that name a Secret, as `Kind name`, sorted. */
export function secretUsers({ servers, hosts }: Stores, key: ObjectKey): string[] {
  const value = keyString(key);
  return [
    ...servers.byIndex("secret", value).map(({ metadata }) => `AoeServer ${metadata.name}`),
    ...hosts.byIndex("secret", value).map(({ metadata }) => `XenHost ${metadata.name}`),
  ].sort();
}
