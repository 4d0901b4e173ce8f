import { z } from "zod";
import type { AoeServer, AoeVolume, Ocfs2Cluster, XenDomain, XenHost, XenMigration } from "../api/kinds.ts";
import { hasCondition } from "../runtime/conditions.ts";
import type { IndexFunction } from "../runtime/store.ts";
import { backingPath, servedPath } from "./aoe-volume/export-parameters.ts";
import { addressText } from "./hosts/facts-diff.ts";
import { clusterSpec, domainSpec, hostSpec, migrationSpec, volumeSpec } from "./specs.ts";

const namespaceOf = (object: { metadata: { namespace?: string } }) => object.metadata.namespace ?? "";

/** How volumes are found without looking at all of them. Volumes with an invalid spec are in `server` and `conflicted` only. */
export const volumeIndexes = {
  /** `namespace/server` */
  server: (volume: AoeVolume) => {
    const name = serverNameOf(volume);
    return name === undefined ? [] : [`${namespaceOf(volume)}/${name}`];
  },
  /** `namespace/client` */
  client: (volume: AoeVolume) => [
    ...new Set([
      ...ofSpec((spec, namespace) => (spec.clientRefs ?? []).map(({ name }) => `${namespace}/${name}`))(volume),
      ...(volume.status?.clients ?? []).map(({ name }) => `${namespaceOf(volume)}/${name}`),
    ]),
  ],
  /** `shelf.slot` */
  address: ofSpec((spec) => [addressText(spec)]),
  /** `namespace/server path`, of the spec and as recorded */
  backing: (volume: AoeVolume) =>
    ofSpec((spec, namespace) => {
      const paths = new Set([backingPath(spec), servedPath(spec, volume.status?.backing?.path)]);
      return [...paths].map((path) => `${namespace}/${spec.serverRef.name} ${path}`);
    })(volume),
  conflicted: (volume: AoeVolume) => (hasCondition(volume.status?.conditions, "Conflicted") ? ["yes"] : []),
} satisfies Record<string, IndexFunction<AoeVolume>>;

const distinct = (names: readonly (string | undefined)[], namespace: string) => [
  ...new Set(names.flatMap((name) => (name === undefined ? [] : [`${namespace}/${name}`]))),
];

/** How servers are found. */
export const serverIndexes = {
  /** `namespace/name` of the Secrets it names. */
  secret: secretNames,
} satisfies Record<string, IndexFunction<AoeServer>>;

/** How hosts are found. */
export const hostIndexes = {
  /** `namespace/name` of the Secrets it names. */
  secret: secretNames,
  /** `namespace/name` of the hosts that may migrate domains to it. */
  sender: (host: XenHost) => {
    const parsed = hostSpec(host);
    const { mode, allowedSourceHostRefs: senders } = parsed.ok
      ? parsed.spec.relocation
      : { mode: "Disabled", allowedSourceHostRefs: [] };
    return mode === "Enabled"
      ? distinct(
          senders.map(({ name }) => name),
          namespaceOf(host),
        )
      : [];
  },
  /** `namespace/name` of the Secret with the password of its consoles. */
  password: (host: XenHost) => {
    const parsed = hostSpec(host);
    const secret = parsed.ok ? parsed.spec.relocation.vncPasswordSecretRef : undefined;
    return distinct(secret === undefined ? [] : [secret.name], namespaceOf(host));
  },
} satisfies Record<string, IndexFunction<XenHost>>;

/** How clusters are found; a node that left the spec counts until it has left the cluster. */
export const clusterIndexes = {
  /** `namespace/host` */
  host: (cluster: Ocfs2Cluster) => {
    const parsed = clusterSpec(cluster);
    const nodes = parsed.ok ? parsed.spec.nodes.map(({ hostRef }) => hostRef.name) : [];
    return distinct([...nodes, ...(cluster.status?.nodes ?? []).map(({ host }) => host)], namespaceOf(cluster));
  },
  /** `namespace/volume` */
  volume: (cluster: Ocfs2Cluster) => {
    const parsed = clusterSpec(cluster);
    const names = parsed.ok ? parsed.spec.filesystems.map(({ volumeRef }) => volumeRef.name) : [];
    const former = (cluster.status?.filesystems ?? []).map(({ volume }) => volume);
    return distinct([...names, ...former], namespaceOf(cluster));
  },
} satisfies Record<string, IndexFunction<Ocfs2Cluster>>;

/** How domains are found. */
export const domainIndexes = {
  /** `namespace/host` where it may run or was seen. */
  host: (domain: XenDomain) => {
    const parsed = domainSpec(domain);
    const { hostRef, hostRefs: hosts = [] } = parsed.ok ? parsed.spec : {};
    return distinct([hostRef?.name, domain.status?.host, ...hosts.map(({ name }) => name)], namespaceOf(domain));
  },
  /** `namespace/cluster` that holds its disks. */
  cluster: (domain: XenDomain) => {
    const parsed = domainSpec(domain);
    const disks = parsed.ok ? parsed.spec.disks : [];
    return distinct(
      disks.map(({ filesystemRef: filesystem }) => filesystem.clusterRef.name),
      namespaceOf(domain),
    );
  },
  uuid: (domain: XenDomain) => {
    const parsed = domainSpec(domain);
    return parsed.ok && parsed.spec.uuid !== undefined ? [parsed.spec.uuid] : [];
  },
} satisfies Record<string, IndexFunction<XenDomain>>;

/** How migrations are found. */
export const migrationIndexes = {
  /** `namespace/domain` of a XenDomain. */
  domain: (migration: XenMigration) => {
    const parsed = migrationSpec(migration);
    return distinct([parsed.ok ? parsed.spec.domainRef?.name : undefined], namespaceOf(migration));
  },
  /** `namespace/host` it goes from or to. */
  host: (migration: XenMigration) => {
    const parsed = migrationSpec(migration);
    const { sourceHostRef, targetHostRef } = parsed.ok ? parsed.spec : {};
    const { source, target } = migration.status ?? {};
    return distinct([sourceHostRef?.name, targetHostRef?.name, source, target], namespaceOf(migration));
  },
  /** `yes` until it has succeeded, failed or been aborted. */
  active: (migration: XenMigration) => (isFinished(migration) ? [] : ["yes"]),
  /** `namespace/UUID` of the domain, once it is over. */
  finished: (migration: XenMigration) => {
    const { domainUUID } = migration.status ?? {};
    return isFinished(migration) ? distinct([domainUUID], namespaceOf(migration)) : [];
  },
} satisfies Record<string, IndexFunction<XenMigration>>;

/** Succeeded is Unknown while it is active. */
export const isFinished = ({ status }: XenMigration): boolean =>
  hasCondition(status?.conditions, "Succeeded", "True") || hasCondition(status?.conditions, "Succeeded", "False");

function ofSpec(
  values: (spec: Extract<ReturnType<typeof volumeSpec>, { ok: true }>["spec"], namespace: string) => readonly string[],
): IndexFunction<AoeVolume> {
  return (volume) => {
    const parsed = volumeSpec(volume);
    return parsed.ok ? values(parsed.spec, namespaceOf(volume)) : [];
  };
}

const referring = z.object({ serverRef: z.object({ name: z.string() }) });

/** The server that a volume names, even in a spec that is invalid otherwise: its export may run there. */
export function serverNameOf({ spec }: AoeVolume): string | undefined {
  return referring.safeParse(spec).data?.serverRef.name;
}

const namingSecrets = z.object({
  ssh: z.object({ privateKeySecretRef: z.object({ name: z.string() }) }).optional(),
  relocation: z.object({ vncPasswordSecretRef: z.object({ name: z.string() }).optional() }).optional(),
});

/** `namespace/name` of every Secret that a host names, even in a spec that is invalid otherwise. */
export function secretNames({ metadata, spec }: HostObject): string[] {
  const { ssh, relocation } = namingSecrets.safeParse(spec).data ?? {};
  return distinct([ssh?.privateKeySecretRef.name, relocation?.vncPasswordSecretRef?.name], metadata.namespace ?? "");
}

export type HostObject = AoeServer | XenHost;
