import type { XenDomain, XenMigration } from "../../api/kinds.ts";
import { bytesOf } from "../../api/quantity.ts";
import type { XenDomainSpec } from "../../api/xen-domain.ts";
import { findCondition } from "../../runtime/conditions.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { keyOf, keyString } from "../../runtime/kube-api.ts";
import { approvalThatCounts, directivesOf, suspends } from "../directives.ts";
import { goneOf, heardBeside, heardWithoutHost } from "../gone/gone.ts";
import { currentFacts, type HostView, lastFacts, pending } from "../hosts/view.ts";
import { isOlder, refTo } from "../identity.ts";
import { clusterSpec, domainSpec, hostSpec, migrationSpec } from "../specs.ts";
import type { World } from "../world.ts";
import { stopReason } from "../xen-migration/plan.ts";
import { runOf } from "../xen-migration/record.ts";
import { isRecordedOn } from "../xen-migration/record-run.ts";
import { isFinished } from "../xen-migration/watches.ts";
import type { Doubts } from "./doubts.ts";
import { givenUp } from "./images.ts";
import { longPath } from "./long-path.ts";
import {
  type DomainObservation,
  type ObservedDisk,
  type ObservedHost,
  type OfflineMove,
  survey,
} from "./observation.ts";
import type { Starts } from "./starts.ts";
import { possibleHosts } from "./watches.ts";

/**
 * Gathers everything that the plan of a domain depends on. `memory`: of earlier looks; without it only the present ones
 * count.
 */
export function observeDomain(
  world: World,
  domain: XenDomain,
  spec: XenDomainSpec,
  uuid: string,
  memory?: { readonly doubts: Doubts; readonly leftovers: Doubts; readonly starts: Starts },
): DomainObservation {
  const { namespace = "", name, uid = "" } = domain.metadata;
  const { hostRef, configuration, disks = [] } = domain.status ?? {};
  const hosts = hostSights(world, domain, spec, memory?.starts);
  const migration = activeMigration(world, domain, uuid);
  const splitBrain = findCondition(domain.status?.conditions, "Running")?.reason === "SplitBrain";
  const id = refTo("XenDomain", namespace, name);
  const { present, running, blind } = survey({ hosts, uuid });
  // A running guest may have a file open that its name no longer leads to.
  const approved = present.length + blind.length === 0 ? approvalThatCounts(domain) : undefined;
  const known = disks.flatMap(({ image, identity, size }) =>
    identity === undefined || identity === givenUp(approved, image) ? [] : [{ image, identity, bytes: bytesOf(size) }],
  );
  const on = (sightings: readonly { readonly host: ObservedHost }[]) => sightings.map(({ host: one }) => one);
  const proven = memory?.doubts.proven(id, on(running)) ?? true;
  const left = migration === undefined && present.length > running.length ? hosts.filter(isAsked) : [];
  return {
    owner: { namespace, name, uid },
    name,
    uuid,
    spec,
    recorded: {
      host: hostRef?.name,
      configuration,
      splitBrain,
      images: new Map(known.map(({ image, identity }) => [image, identity])),
      sizes: new Map(known.flatMap(({ image, bytes }) => (bytes === undefined ? [] : [[image, bytes]]))),
    },
    approved,
    hosts,
    disks: spec.disks.map((disk) => ({
      disk,
      filesystem: filesystemOf(world, { namespace, ...disk, read: disk.sourcePath }, hosts),
    })),
    cdroms: spec.cdroms.map((disk) => ({
      disk,
      filesystem: filesystemOf(world, { namespace, ...disk, read: disk.path }, hosts),
    })),
    rival: rivalOf(world, domain, spec, uuid),
    migration: migration?.metadata.name,
    offline: migration && offlineMove(world, migration),
    absentMs: undefined,
    askedMs: undefined,
    twice: proven || splitBrain,
    settled: memory?.leftovers.proven(id, left, 1) ?? true,
    now: world.clock.now(),
  };
}

const isAsked = ({ machine }: ObservedHost) => machine.state === "Found" && machine.view.state !== "Unreachable";

function hostSights(world: World, domain: XenDomain, spec: XenDomainSpec, starts: Starts | undefined): ObservedHost[] {
  const { namespace = "", name } = domain.metadata;
  const id = refTo("XenDomain", namespace, name);
  const allowed = spec.hostRef === undefined ? (spec.hostRefs ?? []).map((host) => host.name) : [spec.hostRef.name];
  const all = possibleHosts(world.stores, domain).map((host) => host.name);
  return [...new Set([...allowed, ...all])].map((host) => {
    const object = world.stores.hosts.get({ namespace, name: host });
    const sight = { name: host, allowed: allowed.includes(host) };
    if (object === undefined)
      return { ...sight, machine: { state: "NotFound", heard: heardWithoutHost(world, { namespace, name: host }) } };
    const parsed = hostSpec(object);
    const watched = world.machines.of(refTo("XenHost", namespace, host));
    if (!parsed.ok || watched === undefined) return { ...sight, machine: { state: "Invalid" } };
    const view = watched.agent.view ?? pending;
    const facts = currentFacts(view);
    return {
      ...sight,
      machine: {
        state: "Found",
        watched,
        spec: parsed.spec,
        view,
        gone: goneOf(world, { namespace, name: host }),
        heard: facts && heardBeside(world, { namespace, name: host }, facts),
        fresh: world.freshness.isFresh(id, watched),
        reserved: starts?.reserved(refTo("XenHost", namespace, host), id, (uuid) => shows(view, uuid)) ?? 0,
        busy: watched.agent.pending(id),
      },
    };
  });
}

/** True if the last look at the host shows the domain, and with it the memory that it takes. */
function shows(view: HostView, uuid: string): boolean {
  const domains = currentFacts(view)?.domains;
  return domains?.state === "known" && domains.value.domains.some((one) => one.uuid === uuid);
}

/** The file system of a disk or CD-ROM drive. `read`: the image that is copied or read. */
function filesystemOf(
  world: World,
  { namespace, device, path, filesystemRef, read }: FileReference,
  hosts: readonly ObservedHost[],
): ObservedDisk["filesystem"] {
  const { clusterRef, label } = filesystemRef;
  const missing = (message: string) => ({ state: "Missing" as const, message });
  const cluster = world.stores.clusters.get({ namespace, name: clusterRef.name });
  if (cluster === undefined) return missing(`Ocfs2Cluster ${clusterRef.name} does not exist`);
  const parsed = clusterSpec(cluster);
  if (!parsed.ok) return missing(`Ocfs2Cluster ${clusterRef.name} has an invalid spec`);
  const filesystem = parsed.spec.filesystems.find((one) => one.label === label);
  if (filesystem === undefined) return missing(`Ocfs2Cluster ${clusterRef.name} has no file system ${label}`);
  const tooLong = longPath({ device, path }, filesystem);
  if (tooLong !== undefined) return { state: "TooLong", message: tooLong };
  const uuid = cluster.status?.filesystems?.find((one) => one.label === label)?.uuid;
  if (uuid === undefined)
    return missing(`File system ${label} of Ocfs2Cluster ${clusterRef.name} is not formatted yet`);
  const { mountPoint } = filesystem;
  const mountedOn = hosts.flatMap(({ name, machine }) => {
    const facts = machine.state === "Found" ? lastFacts(machine.view) : undefined;
    const mounts = facts?.mounts;
    const there =
      mounts?.state === "known" && mounts.value.some((one) => one.mountPoint === mountPoint && one.type === "ocfs2");
    return there ? [name] : [];
  });
  const sourceOf = world.stores.domains
    .byIndex("cluster", `${namespace}/${clusterRef.name}`)
    .find((other) => read !== undefined && hasImage(other, filesystemRef, read));
  return {
    state: "Found",
    mountPoint,
    uuid,
    mountedOn,
    templates: filesystem.templates,
    sourceOf: sourceOf?.metadata.name,
  };
}

interface FileReference extends Pick<XenDomainSpec["disks"][number], "device" | "path" | "filesystemRef"> {
  readonly namespace: string;
  readonly read: string | undefined;
}

/** True if a disk of the domain has this image. */
function hasImage(
  domain: XenDomain,
  { clusterRef, label }: XenDomainSpec["disks"][number]["filesystemRef"],
  image: string,
): boolean {
  const parsed = domainSpec(domain);
  return (
    parsed.ok &&
    parsed.spec.disks.some(
      ({ filesystemRef: filesystem, path }) =>
        filesystem.clusterRef.name === clusterRef.name && filesystem.label === label && path === image,
    )
  );
}

/** Of two domains that claim the same, the older wins. */
function rivalOf(world: World, domain: XenDomain, spec: XenDomainSpec, uuid: string): string | undefined {
  const { namespace = "" } = domain.metadata;
  const others = (found: readonly XenDomain[]) =>
    found.filter((other) => other.metadata.uid !== domain.metadata.uid && isOlder(other, domain));
  const [twin] = others(world.stores.domains.byIndex("uuid", uuid)).filter(
    (other) => other.metadata.namespace === namespace || hasBeenHere(other),
  );
  if (twin !== undefined) return `XenDomain ${nameOf(twin)} has the same UUID ${uuid}`;
  const images = new Set(spec.disks.map(imageText));
  const clusters = new Set(
    spec.disks.map(({ filesystemRef: filesystem }) => `${namespace}/${filesystem.clusterRef.name}`),
  );
  for (const cluster of clusters)
    for (const other of others(world.stores.domains.byIndex("cluster", cluster))) {
      const parsed = domainSpec(other);
      const shared = parsed.ok ? parsed.spec.disks.find((disk) => images.has(imageText(disk))) : undefined;
      if (shared !== undefined) return `XenDomain ${nameOf(other)} already uses the image ${shared.path}`;
    }
  return undefined;
}

/**
 * Namespaces have no machine in common, so one of another namespace counts only if it has been started: anybody may
 * write the UUID of a domain into an object.
 */
export const hasBeenHere = ({ status }: XenDomain): boolean =>
  status?.hostRef !== undefined || status?.configuration !== undefined;

const imageText = ({ filesystemRef: filesystem, path }: XenDomainSpec["disks"][number]) =>
  JSON.stringify([filesystem.clusterRef.name, filesystem.label, path]);
const nameOf = ({ metadata: { namespace = "", name } }: XenDomain) => `${namespace}/${name}`;

/**
 * What the offline migration wants. Its stop is held until both hosts have recorded that it was begun, and once it is
 * about to end: a backup may bring back one that has ended since.
 */
function offlineMove(world: World, migration: XenMigration): OfflineMove | undefined {
  const { metadata, status } = migration;
  const { offline, operationID = "", sourceHostRef, targetHostRef } = status ?? {};
  if (offline === undefined || targetHostRef === undefined) return undefined;
  const recorded = [sourceHostRef, targetHostRef].every((host) =>
    isRecordedOn(operationID, world.machines.of(refTo("XenHost", metadata.namespace ?? "", host?.name ?? ""))),
  );
  const parsed = migrationSpec(migration);
  const [deleting, nowMs] = [isDeleting(migration), world.clock.now()];
  const ends = !parsed.ok || stopReason({ spec: parsed.spec, status: status ?? {}, deleting, nowMs }) !== undefined;
  const held = suspends(directivesOf(metadata)) || (offline.stage === "Stopping" && (ends || !recorded));
  return { stage: offline.stage, target: targetHostRef.name, run: runOf(status), held };
}

/** A migration that has begun, or may have. One that waits for a permit does not prevent anything. */
export function activeMigration(world: World, domain: XenDomain, uuid: string): XenMigration | undefined {
  const named = world.stores.migrations.byIndex("domain", keyString(keyOf(domain)));
  return world.stores.migrations
    .byIndex("active", "yes")
    .find(
      (migration) =>
        !isFinished(migration) &&
        migration.metadata.namespace === domain.metadata.namespace &&
        migration.status?.operationID !== undefined &&
        (migration.status.domainUUID === uuid || named.includes(migration)),
    );
}
