import { bridgeName } from "../../api/domain-devices.ts";
import type { XenDomain, XenHost, XenMigration } from "../../api/kinds.ts";
import { quantityBytes } from "../../api/quantity.ts";
import type { XenDomainSpec } from "../../api/xen-domain.ts";
import type { XenMigrationSpec, XenMigrationStatus } from "../../api/xen-migration.ts";
import { findCondition } from "../../runtime/conditions.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { keyOf, keyString } from "../../runtime/kube-api.ts";
import { directivesOf, suspends } from "../directives.ts";
import { goneOf, hasEnded, heardWithoutHost } from "../gone/gone.ts";
import { lastFacts, pending } from "../hosts/view.ts";
import { refTo } from "../identity.ts";
import { clusterSpec, domainSpec, hostSpec } from "../specs.ts";
import type { World } from "../world.ts";
import { hasBeenHere } from "../xen-domain/observe.ts";
import type { Applicant } from "./admission.ts";
import type { DeclaredDomain } from "./locate.ts";
import type { MigrationNotes } from "./notes.ts";
import type { Reservation } from "./permits.ts";
import type { Evidence } from "./recovery.ts";
import { domainSight, runSight } from "./sight.ts";
import type { HostSheet, KnownCondition } from "./transfer.ts";
import { isFinished } from "./watches.ts";

/** Gathers from memory everything that admission depends on. */
export function observeApplicant(
  world: World,
  migration: XenMigration,
  spec: XenMigrationSpec,
  { reserved, ends }: Pick<MigrationNotes, "reserved" | "ends">,
  fleetCap: number,
): Applicant {
  const { namespace = "" } = migration.metadata;
  const active = world.stores.migrations.byIndex("active", "yes");
  const machine = (host: string, where = namespace) => machineId(world, where, host);
  const reservations = (chosen: readonly XenMigration[]) =>
    chosen.map((other) =>
      reservationOf(other, waitsSince(other, ends), (host) => machine(host, other.metadata.namespace)),
    );
  const begun = active.filter(({ status }) => status?.operationID !== undefined);
  const waiting = active.filter((other) => !begun.includes(other) && isQueued(other));
  const held = new Map(
    [...reserved.values(), ...reservations(begun)].map((reservation) => [reservation.id, reservation]),
  );
  return {
    id: migrationName(migration),
    waitsSince: waitsSince(migration, ends),
    spec,
    hosts: world.stores.hosts.list(namespace).flatMap((host) => sheetOf(world, host) ?? []),
    declared: {
      byName: (name) => {
        const domain = world.stores.domains.get({ namespace, name });
        return domain && declaredDomain(world, domain);
      },
      byUuid: (uuid) => {
        const [domain] = world.stores.domains
          .byIndex("uuid", uuid)
          .filter(({ metadata }) => metadata.namespace === namespace);
        return domain && declaredDomain(world, domain);
      },
      elsewhere: (uuid) => {
        const [domain] = world.stores.domains
          .byIndex("uuid", uuid)
          .filter((other) => other.metadata.namespace !== namespace && hasBeenHere(other));
        return domain && keyString(keyOf(domain));
      },
    },
    machine,
    holding: [...held.values()],
    queued: reservations(waiting),
    fleetCap,
  };
}

/** True if every check passed in the last reconcile, and no annotation holds the migration back. */
function isQueued(migration: XenMigration): boolean {
  const directives = directivesOf(migration.metadata);
  const admitted = findCondition(migration.status?.conditions, "Admitted");
  return (
    !suspends(directives) && !isDeleting(migration) && !isFinished(migration) && admitted?.reason === "WaitingForPermit"
  );
}

/**
 * The end of the domain's last migration counts: each domain has its turn, however many migrations wait for it. The
 * oldest of them comes first.
 */
function waitsSince({ metadata }: XenMigration, ends: ReadonlyMap<string, string>): (domain: string) => string {
  const { creationTimestamp: created = "" } = metadata;
  return (domain) => `${[created, ends.get(domain) ?? ""].toSorted()[1]} ${created}`;
}

function reservationOf(
  migration: XenMigration,
  waits: (domain: string) => string,
  machine: (host: string) => string,
): Reservation {
  const { domainUUID = "", sourceHostRef, targetHostRef } = migration.status ?? {};
  return {
    id: migrationName(migration),
    waitsSince: waits(domainUUID),
    domain: domainUUID,
    source: sourceHostRef && machine(sourceHostRef.name),
    target: targetHostRef && machine(targetHostRef.name),
    rests: restsOf(migration),
  };
}

const restful: ReadonlySet<string> = new Set(["ApprovalNeeded", "OutcomeUnknown", "OutcomeAmbiguous", "SplitBrain"]);

/** Waits for a person, or for hosts that do not answer. */
function restsOf({ status }: XenMigration): boolean {
  const reason = findCondition(status?.conditions, "Succeeded")?.reason;
  return reason !== undefined && restful.has(reason);
}

const migrationName = ({ metadata: { namespace = "", name } }: XenMigration) => `${namespace}/${name}`;

/**
 * Namespace, machine-id and boot id, else the name of the XenHost. Two machines with equal machine-ids must not pass for
 * one: a domain would count as arrived where it is not. One machine that is seen in two boots may pass for two: the
 * domain was lost in the reboot, so a migration that begins finds none.
 */
function machineId(world: World, namespace: string, name: string): string {
  const watched = world.machines.of(refTo("XenHost", namespace, name));
  const identity = lastFacts(watched?.agent.view)?.identity;
  const { machineId: id, bootId: boot } = identity?.state === "known" ? identity.value : {};
  return id === undefined || boot === undefined ? `${namespace}/${name}` : `${namespace} ${id} ${boot}`;
}

function sheetOf(world: World, host: XenHost): HostSheet | undefined {
  const { namespace = "", name } = host.metadata;
  const parsed = hostSpec(host);
  if (!parsed.ok) return undefined;
  return {
    name,
    spec: parsed.spec,
    ready: said(host, "Ready"),
    relocationReady: said(host, "RelocationReady"),
    view: world.machines.of(refTo("XenHost", namespace, name))?.agent.current ?? pending,
  };
}

function said({ status }: XenHost, type: string): KnownCondition {
  const {
    status: word,
    reason,
    message,
  } = findCondition(status?.conditions, type) ?? {
    status: "Unknown" as const,
    reason: "Pending",
    message: "not checked yet",
  };
  return { status: word, reason, message };
}

type FileReference = Pick<XenDomainSpec["disks"][number], "filesystemRef" | "path">;

function declaredDomain(world: World, domain: XenDomain): DeclaredDomain | undefined {
  const { namespace = "", name } = domain.metadata;
  const parsed = domainSpec(domain);
  if (!parsed.ok) return undefined;
  const { spec } = parsed;
  const placeOf = ({ filesystemRef: { clusterRef, label }, path }: FileReference) => {
    const cluster = world.stores.clusters.get({ namespace, name: clusterRef.name });
    const declared = cluster && clusterSpec(cluster);
    const filesystem = declared?.ok === true ? declared.spec.filesystems.find((one) => one.label === label) : undefined;
    const uuid = cluster?.status?.filesystems?.find((one) => one.label === label)?.uuid;
    // A file system that no Ocfs2Cluster declares has no mount point that could be checked.
    return { mountPoint: filesystem?.mountPoint ?? `(${clusterRef.name}/${label})`, uuid, path };
  };
  const [places, drives] = [spec.disks.map(placeOf), spec.cdroms.map(placeOf)];
  const bridgesOf = (of: "Linux" | "OpenVSwitch") => [
    ...new Set(spec.networks.filter((network) => network.switch === of).map(bridgeName)),
  ];
  return {
    name,
    uuid: spec.uuid,
    maxMemoryMiB: spec.maxMemory === undefined ? undefined : quantityBytes(spec.maxMemory) / 2 ** 20,
    cpus: spec.cpus,
    type: spec.type,
    bootFiles: [spec.boot?.kernel, spec.boot?.ramdisk].filter((path) => path !== undefined),
    settings: spec.settings,
    bridges: bridgesOf("Linux"),
    ovsBridges: bridgesOf("OpenVSwitch"),
    filesystems: [
      ...new Map([...places, ...drives].map(({ mountPoint, uuid }) => [mountPoint, { mountPoint, uuid }])).values(),
    ],
    cdroms: drives.map(({ mountPoint, path }) => `${mountPoint}/${path}`),
    images: places.map(({ mountPoint, path }) => `${mountPoint}/${path}`),
    owner: `${namespace}/${name}`,
    hosts: spec.hostRef === undefined ? (spec.hostRefs ?? []).map((host) => host.name) : [spec.hostRef.name],
  };
}

/** Gathers from memory what happened to a migration that was begun. */
export function observeBegun(world: World, migration: XenMigration, status: XenMigrationStatus): Evidence {
  const { namespace = "" } = migration.metadata;
  const { sourceHostRef: { name: source } = { name: "" }, targetHostRef: { name: target } = { name: "" } } = status;
  const { domainUUID = "", domainName = "", operationID = "" } = status;
  const view = (host: string) => world.machines.of(refTo("XenHost", namespace, host))?.agent.running ?? pending;
  // A host without a XenHost was released, or a person abandoned it; or its object comes later, and others hear it.
  const ended = (host: string) => {
    const key = { namespace, name: host };
    if (world.stores.hosts.get(key) === undefined) return heardWithoutHost(world, key) === undefined;
    return hasEnded(goneOf(world, key));
  };
  const domain = { uuid: domainUUID, name: domainName };
  return {
    names: { domain: domainName, source, target, operation: operationID },
    recorded: {
      sourceBootId: status.sourceBootID ?? "",
      targetBootId: status.targetBootID ?? "",
      phase: status.progress?.phase ?? "Connecting",
    },
    run: runSight(view(source), operationID, ended(source)),
    source: domainSight(view(source), "Source", domain, ended(source)),
    target: domainSight(view(target), "Target", domain, ended(target)),
  };
}
