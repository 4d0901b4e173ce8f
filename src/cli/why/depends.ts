import type { Domain, Entity, Host, Migration, World } from "../entity.ts";

/** One object that another one needs, and where that is stated. */
export type Need = Named & ({ readonly kind: Entity["kind"] } | { readonly kind: "Secret"; readonly type: SecretType });

type SecretType = "kubernetes.io/ssh-auth" | "kubernetes.io/basic-auth";

interface Named {
  readonly name: string;
  /** `spec.serverRef`, or words if no field names it. */
  readonly by: string;
}

/** The objects that an entity needs, by its spec and status. An invalid spec names none. */
export function needsOf(entity: Entity, world: World): Need[] {
  const needs = new Map<string, Need>();
  for (const need of named(entity, world)) {
    const key = `${need.kind}/${need.name}`;
    if (!needs.has(key) && key !== `${entity.kind}/${entity.name}`) needs.set(key, need);
  }
  return [...needs.values()];
}

function named(entity: Entity, world: World): Need[] {
  switch (entity.kind) {
    case "AoeServer":
      return entity.spec.ok ? [sshKey(entity.spec.spec.ssh.privateKeySecretRef)] : [];
    case "AoeVolume": {
      if (!entity.spec.ok) return [];
      const { serverRef, clientRefs: clients = [] } = entity.spec.spec;
      return [
        { kind: "AoeServer", name: serverRef.name, by: "spec.serverRef" },
        ...clients.map(({ name }) => host("spec.clientRefs", name)),
      ];
    }
    case "Ocfs2Cluster": {
      if (!entity.spec.ok) return [];
      const { nodes, filesystems } = entity.spec.spec;
      return [
        ...filesystems.map(
          ({ label, volumeRef }): Need => ({ kind: "AoeVolume", name: volumeRef.name, by: `file system ${label}` }),
        ),
        ...nodes.map(({ number, hostRef }) => host(`node ${number}`, hostRef.name)),
      ];
    }
    case "XenHost":
      return ofHost(entity, world);
    case "XenDomain":
      return ofDomain(entity, world);
    case "XenMigration":
      return ofMigration(entity, world);
  }
}

type Ref = { readonly name: string };

const host = (by: string, name: string): Need => ({ kind: "XenHost", name, by });
const secret = (by: string, { name }: Ref, type: SecretType): Need => ({ kind: "Secret", name, by, type });
const sshKey = (ref: Ref): Need => secret("spec.ssh.privateKeySecretRef", ref, "kubernetes.io/ssh-auth");
const migration = (by: string, { name }: Migration): Need => ({ kind: "XenMigration", name, by });

function ofHost({ name, spec, conditions }: Host, world: World): Need[] {
  if (!spec.ok) return [];
  const { ssh, relocation, maintenance } = spec.spec;
  const vnc = relocation.vncPasswordSecretRef;
  const peers = conditions.some(({ type, status }) => type === "RelocationReady" && status !== "True")
    ? relocation.allowedSourceHostRefs.map((peer) => host("spec.relocation.allowedSourceHostRefs", peer.name))
    : [];
  const leaving = world.migrations.filter(
    (one) =>
      isUnderWay(one) &&
      [one.status?.sourceHostRef?.name, one.spec.ok && one.spec.spec.sourceHostRef?.name].includes(name),
  );
  return [
    sshKey(ssh.privateKeySecretRef),
    ...(vnc === undefined ? [] : [secret("spec.relocation.vncPasswordSecretRef", vnc, "kubernetes.io/basic-auth")]),
    ...peers,
    ...(maintenance === "Drain" ? leaving.map((one) => migration("moves a domain away", one)) : []),
  ];
}

function ofDomain(domain: Domain, world: World): Need[] {
  if (!domain.spec.ok) return [];
  const { disks, cdroms, hostRef, hostRefs: hosts = [] } = domain.spec.spec;
  return [
    ...[...disks, ...cdroms].map(
      ({ device, filesystemRef: filesystem }): Need => ({
        kind: "Ocfs2Cluster",
        name: filesystem.clusterRef.name,
        by: `disk ${device}`,
      }),
    ),
    ...(hostRef === undefined
      ? hosts.map(({ name }) => host("spec.hostRefs", name))
      : [host("spec.hostRef", hostRef.name)]),
    ...world.migrations.filter((one) => hasBegun(one) && moves(one, domain)).map((one) => migration("moves it", one)),
  ];
}

function ofMigration(entity: Migration, world: World): Need[] {
  const { spec, status, conditions } = entity;
  if (!spec.ok) return [];
  const { domainRef, sourceHostRef, targetHostRef } = spec.spec;
  const domain: Need[] =
    domainRef === undefined ? [] : [{ kind: "XenDomain", name: domainRef.name, by: "spec.domainRef" }];
  const source = status?.sourceHostRef?.name ?? sourceHostRef?.name;
  const target = status?.targetHostRef?.name ?? targetHostRef?.name;
  const admitted = conditions.find(({ type }) => type === "Admitted");
  // Without a target no host fits yet: show the reasons of each.
  const candidates = admitted?.reason === "NoTarget" ? world.hosts.filter(({ name }) => name !== source) : [];
  const holders =
    admitted?.reason === "WaitingForPermit"
      ? world.migrations.filter((one) => hasBegun(one) && one.name !== entity.name)
      : [];
  return [
    ...domain,
    ...(source === undefined ? [] : [host("source", source)]),
    ...(target === undefined ? [] : [host("target", target)]),
    ...candidates.map(({ name }) => host("possible target", name)),
    ...holders.map((one) => migration("holds permits", one)),
  ];
}

/** True until the migration has an outcome. */
export function isUnderWay({ conditions }: Migration): boolean {
  return conditions.every(({ type, status }) => type !== "Succeeded" || status === "Unknown");
}

/** Whether it has recorded an operation and its outcome is not known. */
export const hasBegun = (one: Migration): boolean => isUnderWay(one) && one.status?.operationID !== undefined;

/** Whether a migration moves this domain, by reference, UUID or name. */
export function moves(one: Migration, { name, spec }: Domain): boolean {
  const uuid = spec.ok ? spec.spec.uuid : undefined;
  if (uuid !== undefined && one.status?.domainUUID === uuid) return true;
  if (!one.spec.ok) return false;
  const { domain, domainRef } = one.spec.spec;
  return domainRef?.name === name || (domain !== undefined && (domain === name || domain === uuid));
}

/** The Secrets that hosts and servers name: the existence of each is checked separately. */
export function secretsNamed(world: World): string[] {
  const needs = [...world.servers, ...world.hosts].flatMap((entity) => needsOf(entity, world));
  return [...new Set(needs.flatMap(({ kind, name }) => (kind === "Secret" ? [name] : [])))];
}
