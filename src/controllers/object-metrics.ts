import { Counter, Histogram, type Registry } from "prom-client";
import type { XenDomain, XenMigration } from "../api/kinds.ts";
import { bytesOf } from "../api/quantity.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { KubeObject } from "../runtime/kube-api.ts";
import { ScrapedGauge, type Series } from "../runtime/scraped-gauge.ts";
import type { StoreEvent } from "../runtime/store.ts";
import { lastFacts } from "./hosts/view.ts";
import { refTo } from "./identity.ts";
import type { World } from "./world.ts";

/** How a migration ended. */
type MigrationEnd = "Succeeded" | "Failed" | "Aborted";

/** Metrics about the served objects; only the acting replica publishes them, so that every series has one author. */
export interface ObjectMetrics {
  /** Publishes the objects that this operator serves, until the signal is aborted. */
  follow(world: World, signal: AbortSignal): void;
}

/** Seconds: from a small domain on a fast network to the longest time limit that is allowed. */
const migrationBuckets = [1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14_400, 86_400];

/**
 * Metrics by kind, labelled with namespace and name of the object. They are computed at each scrape from what is in
 * memory: there are as many series as there are objects now, and an unknown value has no series.
 */
export function createObjectMetrics(registry: Registry): ObjectMetrics {
  let world: World | undefined;
  for (const { name, help, labels, read } of families) {
    const samples = () => (world === undefined ? [] : read(world));
    new ScrapedGauge({ name: `xensan_${name}`, help, labelNames: labels, registers: [registry] }, samples);
  }
  const seconds = new Histogram({
    name: "xensan_migration_seconds",
    help: "Migrations that ended, by outcome, and how long they took.",
    labelNames: ["outcome"],
    buckets: migrationBuckets,
    registers: [registry],
  });
  // An alert on increase() needs the initial zero.
  for (const outcome of ["Succeeded", "Failed", "Aborted"]) seconds.zero({ outcome });
  const restarts = new Counter({
    name: "xensan_domain_restarts_total",
    help: "Starts of a domain on the host where it ran before: reboots, crashes, starts by xensan. Migrations do not count.",
    labelNames: ["namespace", "name"],
    registers: [registry],
  });
  return {
    follow(served, signal) {
      world = served;
      const runs = new Map<string, Run>();
      const stops = [
        served.stores.migrations.subscribe((event) => {
          const ended = endOf(event);
          if (ended !== undefined) seconds.observe({ outcome: ended.outcome }, ended.seconds);
        }),
        served.stores.domains.subscribe((event) => {
          const { namespace, name } = labelsOf(event.object);
          const key = `${namespace}/${name}`;
          if (event.type === "deleted") {
            runs.delete(key);
            restarts.remove({ namespace, name });
            return;
          }
          const run = runOf(event.object);
          const before = runs.get(key);
          restarts.inc(
            { namespace, name },
            run !== undefined && before !== undefined && isRestart(before, run) ? 1 : 0,
          );
          if (run !== undefined) runs.set(key, run);
        }),
      ];
      const end = () => {
        for (const stop of stops) stop();
        restarts.reset();
        if (world === served) world = undefined;
      };
      if (signal.aborted) end();
      else signal.addEventListener("abort", end, { once: true });
    },
  };
}

interface Run {
  readonly host: string;
  readonly domid: number;
}

function runOf({ status }: XenDomain): Run | undefined {
  if (status?.hostRef?.name === undefined || status.domainID === undefined) return undefined;
  return { host: status.hostRef?.name, domid: status.domainID };
}

/** Xen gives every start a new number; so does a migration, but on another host. */
const isRestart = (before: Run, now: Run) => before.host === now.host && before.domid !== now.domid;

function endOf(
  event: StoreEvent<XenMigration>,
): { readonly outcome: MigrationEnd; readonly seconds: number } | undefined {
  if (event.type !== "updated" || event.old.status?.completionTime !== undefined) return undefined;
  const { startTime, completionTime, conditions } = event.object.status ?? {};
  if (completionTime === undefined) return undefined;
  const is = (type: string) => findCondition(conditions, type)?.status === "True";
  const outcome = is("Succeeded") ? "Succeeded" : is("Aborted") ? "Aborted" : "Failed";
  // A migration that never began took no time.
  const milliseconds = startTime === undefined ? 0 : Date.parse(completionTime) - Date.parse(startTime);
  return { outcome, seconds: Math.max(0, milliseconds) / 1000 };
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  read(world: World): Iterable<Series>;
}

const mebibyte = 2 ** 20;
const object = ["namespace", "name"] as const;
const labelsOf = ({ metadata }: KubeObject) => ({ namespace: metadata.namespace ?? "", name: metadata.name });

/** All objects that have conditions, by kind. */
function* objects({ stores }: World) {
  const kinds = {
    ...{ AoeServer: stores.servers, XenHost: stores.hosts, AoeVolume: stores.volumes },
    ...{ Ocfs2Cluster: stores.clusters, XenDomain: stores.domains, XenMigration: stores.migrations },
  };
  for (const [kind, store] of Object.entries(kinds)) for (const one of store.list()) yield { kind, one };
}

function* machines(world: World) {
  for (const kind of ["AoeServer", "XenHost"] as const)
    for (const one of (kind === "XenHost" ? world.stores.hosts : world.stores.servers).list()) {
      const labels = labelsOf(one);
      const watched = world.machines.of(refTo(kind, labels.namespace, labels.name));
      if (watched !== undefined) yield { kind, labels, watched };
    }
}

/** The declared file systems, with their labels. */
function* filesystems({ stores }: World) {
  for (const cluster of stores.clusters.list())
    for (const filesystem of cluster.status?.filesystems ?? [])
      yield { filesystem, labels: { ...labelsOf(cluster), filesystem: filesystem.label } };
}

function* running(world: World) {
  for (const domain of world.stores.domains.list()) {
    const run = runOf(domain);
    if (run === undefined) continue;
    const labels = labelsOf(domain);
    const { domains } = lastFacts(world.machines.of(refTo("XenHost", labels.namespace, run.host))?.agent.view) ?? {};
    if (domains?.state !== "known") continue;
    const fact = domains.value.domains.find(({ id }) => id === run.domid);
    if (fact !== undefined) yield { fact, labels: { ...labels, host: run.host } };
  }
}

function* memoryOf(world: World) {
  for (const { kind, labels, watched } of machines(world)) {
    const { toolstack } = lastFacts(watched.agent.view) ?? {};
    if (kind !== "XenHost" || toolstack?.state !== "known" || toolstack.value.info === undefined) continue;
    yield { labels, info: toolstack.value.info };
  }
}

const families: readonly Family[] = [
  {
    name: "object_condition",
    help: "1 for each condition of each object, with its current status and reason.",
    labels: ["kind", ...object, "type", "status", "reason"],
    *read(world) {
      for (const { kind, one } of objects(world))
        for (const { type, status, reason } of one.status?.conditions ?? [])
          yield [{ kind, ...labelsOf(one), type, status, reason }, 1];
    },
  },
  {
    name: "probe_age_seconds",
    help: "Seconds since the last successful probe of the host of an AoeServer or XenHost began, also while it does not answer.",
    labels: ["kind", ...object],
    *read(world) {
      for (const { kind, labels, watched } of machines(world)) {
        const age = watched.agent.ageSeconds();
        if (age !== undefined) yield [{ kind, ...labels }, age];
      }
    },
  },
  {
    name: "volume_size_bytes",
    help: "Size of an AoeVolume as it is exported.",
    labels: object,
    *read({ stores }) {
      for (const one of stores.volumes.list()) {
        const bytes = bytesOf(one.status?.size);
        if (bytes !== undefined) yield [labelsOf(one), bytes];
      }
    },
  },
  {
    name: "volume_clients",
    help: "Clients of an AoeVolume, by the state in which they see it.",
    labels: [...object, "state"],
    *read({ stores }) {
      for (const one of stores.volumes.list())
        for (const [state, count] of counted(one.status?.clients ?? [])) yield [{ ...labelsOf(one), state }, count];
    },
  },
  {
    name: "volume_group_free_bytes",
    help: "Free space of each volume group with logical volumes on an AoeServer.",
    labels: [...object, "volume_group"],
    *read(world) {
      for (const { kind, labels, watched } of machines(world)) {
        const { logicalVolumes } = lastFacts(watched.agent.view) ?? {};
        if (kind !== "AoeServer" || logicalVolumes?.state !== "known") continue;
        const free = new Map(logicalVolumes.value.map((one) => [one.volumeGroup, one.volumeGroupFreeBytes]));
        for (const [group, bytes] of free) yield [{ ...labels, volume_group: group }, bytes];
      }
    },
  },
  {
    name: "filesystem_size_bytes",
    help: "Size of a file system of an Ocfs2Cluster.",
    labels: [...object, "filesystem"],
    *read(world) {
      for (const { labels, filesystem } of filesystems(world)) {
        const bytes = bytesOf(filesystem.size);
        if (bytes !== undefined) yield [labels, bytes];
      }
    },
  },
  {
    name: "filesystem_nodes",
    help: "Nodes of a file system, by whether they have it mounted.",
    labels: [...object, "filesystem", "state"],
    *read(world) {
      for (const { labels, filesystem } of filesystems(world))
        for (const [state, count] of counted(filesystem.nodes ?? [])) yield [{ ...labels, state }, count];
    },
  },
  {
    name: "filesystem_heartbeats",
    help: "Nodes whose heartbeat on the file system advanced between the last two probes of this host.",
    labels: [...object, "filesystem", "host"],
    *read(world) {
      for (const { labels, filesystem } of filesystems(world))
        for (const { hostRef } of filesystem.nodes ?? []) {
          const watched = world.machines.of(refTo("XenHost", labels.namespace, hostRef.name));
          if (watched === undefined || filesystem.device === undefined) continue;
          const beating = world.heartbeats.beating(watched, filesystem.device);
          if (beating !== undefined) yield [{ ...labels, host: hostRef.name }, beating.alive.length];
        }
    },
  },
  {
    name: "host_memory_bytes",
    help: "Memory of the machine, as xl info reports it.",
    labels: object,
    *read(world) {
      for (const { labels, info } of memoryOf(world)) yield [labels, info.totalMemory * mebibyte];
    },
  },
  {
    name: "host_memory_free_bytes",
    help: "Memory of the machine that no domain has, as xl info reports it.",
    labels: object,
    *read(world) {
      for (const { labels, info } of memoryOf(world)) yield [labels, info.freeMemory * mebibyte];
    },
  },
  {
    name: "domain_memory_bytes",
    help: "Memory of a running XenDomain, as xl list reports it.",
    labels: [...object, "host"],
    *read(world) {
      for (const { labels, fact } of running(world)) yield [labels, fact.memory * mebibyte];
    },
  },
  {
    name: "domain_cpu_seconds",
    help: "Processor time of a running XenDomain since its start on this host, as xl list reports it.",
    labels: [...object, "host"],
    *read(world) {
      for (const { labels, fact } of running(world)) yield [labels, fact.seconds];
    },
  },
];

function counted<S extends string>(all: readonly { readonly state: S }[]): Map<S, number> {
  const counts = new Map<S, number>();
  for (const { state } of all) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}
