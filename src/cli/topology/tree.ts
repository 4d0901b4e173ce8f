import { annotations, isSet } from "../../api/common.ts";
import type { KindName } from "../../api/kinds.ts";
import { bytesOf } from "../../api/quantity.ts";
import { type Domain, type Entity, entitiesOf, type Host, type Migration, summaryOf, type World } from "../entity.ts";
import { hasBegun, moves } from "../why/depends.ts";

/** One line of the tree. */
export interface TreeLine {
  /** `FileSystem` is a file system of an Ocfs2Cluster, `Guest` an undeclared domain on a host. */
  readonly kind: KindName | "FileSystem" | "Guest";
  readonly name: string;
  /** Only if objects of several namespaces are shown together. */
  readonly namespace?: string;
  /** Absent for elements without a status of their own. */
  readonly state?: "True" | "False" | "Unknown";
  /** Only if the state is not True. */
  readonly reason?: string;
  /** Its relation to its carrier: `Mounted`, `Attached`. */
  readonly via?: string;
  /** Details that distinguish it: an address, a mount point, memory. */
  readonly notes: readonly string[];
  readonly children: readonly TreeLine[];
}

/** The trees of the requested namespace, or of all, then each name with its namespace. */
export function forestOf(worlds: readonly World[], scope: string | undefined): readonly TreeLine[] {
  const placed = (namespace: string, place: TreeLine): TreeLine => ({
    ...{ ...place, namespace },
    children: place.children.map((child) => placed(namespace, child)),
  });
  return worlds.flatMap((world) =>
    scope === undefined ? topologyOf(world).map((place) => placed(world.namespace, place)) : topologyOf(world),
  );
}

/** The name as shown. */
export const nameOf = ({ namespace, name }: Pick<TreeLine, "namespace" | "name">): string =>
  namespace === undefined ? name : `${namespace}/${name}`;

/**
 * SAN, volume, file system, host, domain: each below its carrier. A shared element appears under each of its carriers;
 * elements without an existing carrier come last, so that every object appears.
 */
export function topologyOf(world: World): readonly TreeLine[] {
  const shown = new Set<Entity>();
  const place = (entity: Entity, notes: readonly string[], children: readonly TreeLine[], via?: string): TreeLine => {
    shown.add(entity);
    const { state, reason } = summaryOf(entity);
    const said = isPaused(entity) ? [...notes, "paused"] : notes;
    return {
      kind: entity.kind,
      name: entity.name,
      state,
      ...(state === "True" ? {} : { reason }),
      ...(via === undefined ? {} : { via }),
      notes: said,
      children,
    };
  };

  const servers = world.servers.map((server) =>
    place(
      server,
      server.spec.ok ? [server.spec.spec.ssh.host] : [],
      world.volumes.filter(({ spec }) => spec.ok && spec.spec.serverRef.name === server.name).map(volumePlace),
    ),
  );

  function volumePlace(volume: World["volumes"][number]): TreeLine {
    const filesystems = world.clusters.flatMap((cluster) =>
      (cluster.spec.ok ? cluster.spec.spec.filesystems : [])
        .filter(({ volumeRef }) => volumeRef.name === volume.name)
        .map((filesystem) => filesystemPlace(cluster, filesystem)),
    );
    const clients = (volume.spec.ok ? (volume.spec.spec.clientRefs ?? []) : []).flatMap(({ name }) => {
      const host = world.hosts.find((one) => one.name === name);
      const state = volume.status?.clients?.find((client) => client.hostRef.name === name)?.state;
      return host === undefined ? [] : [place(host, [], [], state)];
    });
    const notes = [volume.status?.target, volume.status?.size && bytes(volume.status.size)];
    return place(volume, notes.filter(isText), filesystems.length > 0 ? filesystems : clients);
  }

  function filesystemPlace(
    cluster: World["clusters"][number],
    { label, mountPoint }: { readonly label: string; readonly mountPoint: string },
  ): TreeLine {
    shown.add(cluster);
    const { state, reason } = summaryOf(cluster);
    const seen = cluster.status?.filesystems?.find((one) => one.label === label);
    const domains = world.domains.filter(
      ({ spec }) =>
        spec.ok &&
        spec.spec.disks.some(
          ({ filesystemRef: filesystem }) => filesystem.clusterRef.name === cluster.name && filesystem.label === label,
        ),
    );
    const hosts = (cluster.spec.ok ? cluster.spec.spec.nodes : []).flatMap(({ hostRef }) => {
      const host = world.hosts.find(({ name }) => name === hostRef.name);
      const mounted = seen?.nodes?.find((node) => node.hostRef.name === hostRef.name)?.state;
      return host === undefined
        ? []
        : [
            hostPlace(
              host,
              mounted,
              domains.filter((domain) => domain.status?.hostRef?.name === host.name),
            ),
          ];
    });
    const nowhere = domains.filter((domain) => !world.hosts.some(({ name }) => name === domain.status?.hostRef?.name));
    return {
      ...{ kind: "FileSystem", name: `${cluster.name}/${label}`, state },
      ...(state === "True" ? {} : { reason }),
      notes: [mountPoint, ...(isPaused(cluster) ? ["paused"] : [])],
      children: [...hosts, ...nowhere.map(domainPlace)],
    };
  }

  function hostPlace(host: Host, via: string | undefined, domains: readonly Domain[]): TreeLine {
    const maintenance = host.spec.ok && host.spec.spec.maintenance !== "None" ? host.spec.spec.maintenance : undefined;
    return place(
      host,
      maintenance === undefined ? [] : [maintenance],
      [...domains.map(domainPlace), ...guestsOf(host, world)],
      via,
    );
  }

  function domainPlace(domain: Domain): TreeLine {
    const moving = world.migrations.filter((one) => hasBegun(one) && moves(one, domain));
    for (const one of moving) shown.add(one);
    const memory = domain.spec.ok ? String(domain.spec.spec.memory) : undefined;
    const power = domain.spec.ok && domain.spec.spec.powerState === "Halted" ? "Halted" : undefined;
    return place(domain, [memory, power, ...moving.map(movement)].filter(isText), []);
  }

  // A migration that has not begun or is over neither carries anything nor is carried: `xensan why` shows it.
  for (const migration of world.migrations) shown.add(migration);
  const rest: TreeLine[] = [];
  const loose = [...world.volumes, ...world.clusters, ...world.hosts, ...world.domains];
  for (const entity of loose) {
    if (shown.has(entity)) continue;
    if (entity.kind === "AoeVolume") rest.push(volumePlace(entity));
    else if (entity.kind === "XenHost")
      rest.push(
        hostPlace(
          entity,
          undefined,
          world.domains.filter((one) => !shown.has(one) && one.status?.hostRef?.name === entity.name),
        ),
      );
    else if (entity.kind === "XenDomain") rest.push(domainPlace(entity));
    else rest.push(place(entity, ["no file system"], []));
  }
  return [...servers, ...rest];
}

const isPaused = ({ annotations: given }: Entity) => isSet(given[annotations.paused]);
const isText = (text: string | undefined): text is string => text !== undefined && text !== "";
const movement = ({ status }: Migration): string =>
  `moving from ${status?.sourceHostRef?.name} to ${status?.targetHostRef?.name}`;

function bytes(text: string): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytesOf(text) ?? 0;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toFixed(1))} ${units[unit]}`;
}

/** Domains of the host that no XenDomain of the namespace describes. */
function guestsOf(host: Host, { domains }: World): TreeLine[] {
  const described = new Set(domains.flatMap(({ name, spec }) => [name, spec.ok ? spec.spec.uuid : undefined]));
  return (host.status?.domains ?? [])
    .filter(({ uuid, name, id }) => id !== 0 && !described.has(uuid) && !described.has(name))
    .map(({ name, memory }) => ({
      kind: "Guest",
      name,
      notes: [...(memory === undefined ? [] : [bytes(memory)]), "without a XenDomain"],
      children: [],
    }));
}

/** The number of objects, and of those that are ready. */
export function countOf(worlds: readonly World[]): { readonly objects: number; readonly ready: number } {
  const lasting = worlds.flatMap(entitiesOf).filter(({ kind }) => kind !== "XenMigration");
  return { objects: lasting.length, ready: lasting.filter((one) => summaryOf(one).state === "True").length };
}
