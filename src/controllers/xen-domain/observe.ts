import type { XenDomain, XenMigration } from "../../api/kinds.ts";
import type { XenDomainSpec } from "../../api/xen-domain.ts";
import { findCondition } from "../../runtime/conditions.ts";
import { keyOf } from "../../runtime/kube-api.ts";
import { directivesOf } from "../directives.ts";
import type { Fleet } from "../fleet.ts";
import { goneOf } from "../gone.ts";
import { currentFacts, type HostView, lastFacts, pending } from "../hosts/view.ts";
import { isFinished } from "../indexes.ts";
import { idOf } from "../names.ts";
import { isOlder } from "../older.ts";
import { hostsOf } from "../relations.ts";
import { clusterSpec, domainSpec, hostSpec } from "../specs.ts";
import type { Doubts } from "./doubts.ts";
import { type DiskSight, type DomainObservation, type HostSight, type OfflineMove, survey } from "./observation.ts";
import type { Starts } from "./starts.ts";

/** Gathers what the plan of a domain depends on. `memory`: of its controller, about earlier looks; without it what is seen counts. */
export function observeDomain(
  fleet: Fleet,
  domain: XenDomain,
  spec: XenDomainSpec,
  uuid: string,
  memory?: { readonly doubts: Doubts; readonly starts: Starts },
): DomainObservation {
  const { namespace = "", name, uid = "" } = domain.metadata;
  const { host, configuration, shutdownTime, disks = [] } = domain.status ?? {};
  const hosts = hostSights(fleet, domain, spec, memory?.starts);
  const migration = activeMigration(fleet, domain, uuid);
  const splitBrain = findCondition(domain.status?.conditions, "Running")?.reason === "SplitBrain";
  const running = survey({ hosts, uuid }).running.map(({ host: one }) => one);
  const proven = memory?.doubts.proven(idOf("XenDomain", namespace, name), running) ?? true;
  return {
    owner: { namespace, name, uid },
    name,
    uuid,
    spec,
    recorded: {
      host,
      configuration,
      shutdownSince: shutdownTime === undefined ? undefined : Date.parse(shutdownTime),
      splitBrain,
      images: new Map(disks.flatMap(({ image, identity }) => (identity === undefined ? [] : [[image, identity]]))),
    },
    hosts,
    disks: spec.disks.map((disk) => ({ disk, filesystem: filesystemOf(fleet, namespace, disk, hosts) })),
    rival: rivalOf(fleet, domain, spec, uuid),
    migration: migration?.metadata.name,
    offline: migration && offlineMove(migration),
    absentMs: undefined,
    twice: proven || splitBrain,
    now: fleet.clock.now(),
  };
}

function hostSights(fleet: Fleet, domain: XenDomain, spec: XenDomainSpec, starts: Starts | undefined): HostSight[] {
  const { namespace = "", name } = domain.metadata;
  const id = idOf("XenDomain", namespace, name);
  const allowed = spec.hostRef === undefined ? (spec.hostRefs ?? []).map((host) => host.name) : [spec.hostRef.name];
  const all = hostsOf(fleet.stores, id).map((host) => host.slice(host.indexOf("/") + 1));
  return [...new Set([...allowed, ...all])].map((host) => {
    const object = fleet.stores.hosts.get({ namespace, name: host });
    const sight = { name: host, allowed: allowed.includes(host) };
    if (object === undefined) return { ...sight, machine: { state: "NotFound" } };
    const parsed = hostSpec(object);
    const watched = fleet.feed.of(idOf("XenHost", namespace, host));
    if (!parsed.ok || watched === undefined) return { ...sight, machine: { state: "Invalid" } };
    const view = watched.watcher.view ?? pending;
    return {
      ...sight,
      machine: {
        state: "Found",
        watched,
        spec: parsed.spec,
        view,
        gone: goneOf(fleet, { namespace, name: host }),
        fresh: fleet.fences.passed(id, watched),
        reserved: starts?.reserved(`${namespace}/${host}`, id, (uuid) => shows(view, uuid)) ?? 0,
        busy: watched.watcher.pending(id),
      },
    };
  });
}

/** The last look at a host shows this domain, and with it the memory that it takes. */
function shows(view: HostView, uuid: string): boolean {
  const domains = currentFacts(view)?.domains;
  return domains?.state === "known" && domains.value.domains.some((one) => one.uuid === uuid);
}

function filesystemOf(
  fleet: Fleet,
  namespace: string,
  disk: XenDomainSpec["disks"][number],
  hosts: readonly HostSight[],
): DiskSight["filesystem"] {
  const { clusterRef, label } = disk.filesystemRef;
  const missing = (message: string) => ({ state: "Missing" as const, message });
  const cluster = fleet.stores.clusters.get({ namespace, name: clusterRef.name });
  if (cluster === undefined) return missing(`There is no Ocfs2Cluster ${clusterRef.name}`);
  const parsed = clusterSpec(cluster);
  if (!parsed.ok) return missing(`Ocfs2Cluster/${clusterRef.name} has an invalid spec`);
  const filesystem = parsed.spec.filesystems.find((one) => one.label === label);
  if (filesystem === undefined) return missing(`Ocfs2Cluster/${clusterRef.name} has no file system ${label}`);
  const uuid = cluster.status?.filesystems?.find((one) => one.label === label)?.uuid;
  if (uuid === undefined)
    return missing(`File system ${label} of Ocfs2Cluster/${clusterRef.name} is not formatted yet`);
  const { mountPoint } = filesystem;
  const mountedOn = hosts.flatMap(({ name, machine }) => {
    const facts = machine.state === "Found" ? lastFacts(machine.view) : undefined;
    const mounts = facts?.mounts;
    const there =
      mounts?.state === "known" && mounts.value.some((one) => one.mountPoint === mountPoint && one.type === "ocfs2");
    return there ? [name] : [];
  });
  const sourceOf = fleet.stores.domains
    .byIndex("cluster", `${namespace}/${clusterRef.name}`)
    .find((other) => disk.sourcePath !== undefined && hasImage(other, disk.filesystemRef, disk.sourcePath));
  return {
    state: "Found",
    mountPoint,
    uuid,
    mountedOn,
    templates: filesystem.templates,
    sourceOf: sourceOf?.metadata.name,
  };
}

/** A disk of the domain is this image. */
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

/** The older of two that claim the same wins. */
function rivalOf(fleet: Fleet, domain: XenDomain, spec: XenDomainSpec, uuid: string): string | undefined {
  const { namespace = "" } = domain.metadata;
  const others = (found: readonly XenDomain[]) =>
    found.filter((other) => other.metadata.uid !== domain.metadata.uid && isOlder(other, domain));
  const [twin] = others(fleet.stores.domains.byIndex("uuid", uuid));
  if (twin !== undefined) return `XenDomain ${nameOf(twin)} has the same UUID ${uuid}`;
  const images = new Set(spec.disks.map(imageText));
  const clusters = new Set(
    spec.disks.map(({ filesystemRef: filesystem }) => `${namespace}/${filesystem.clusterRef.name}`),
  );
  for (const cluster of clusters)
    for (const other of others(fleet.stores.domains.byIndex("cluster", cluster))) {
      const parsed = domainSpec(other);
      const shared = parsed.ok ? parsed.spec.disks.find((disk) => images.has(imageText(disk))) : undefined;
      if (shared !== undefined) return `XenDomain ${nameOf(other)} has the image ${shared.path} already`;
    }
  return undefined;
}

const imageText = ({ filesystemRef: filesystem, path }: XenDomainSpec["disks"][number]) =>
  JSON.stringify([filesystem.clusterRef.name, filesystem.label, path]);
const nameOf = ({ metadata: { namespace = "", name } }: XenDomain) => `${namespace}/${name}`;

function offlineMove({ metadata, status }: XenMigration): OfflineMove | undefined {
  if (status?.offline === undefined || status.target === undefined) return undefined;
  const { paused, dryRun } = directivesOf(metadata);
  return { stage: status.offline.stage, target: status.target, held: paused || dryRun };
}

/** A migration that has begun, or may have. One that waits for a permit does not keep the domain from anything. */
export function activeMigration(fleet: Fleet, domain: XenDomain, uuid: string): XenMigration | undefined {
  return fleet.stores.migrations
    .byIndex("active", "yes")
    .find(
      (migration) =>
        !isFinished(migration) &&
        migration.status?.operationID !== undefined &&
        (migration.status.domainUUID === uuid ||
          (migration.metadata.namespace === domain.metadata.namespace &&
            fleet.stores.migrations
              .byIndex("domain", `${keyOf(domain).namespace}/${domain.metadata.name}`)
              .includes(migration))),
    );
}
