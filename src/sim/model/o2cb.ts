import { parseCluster } from "./cluster-conf.ts";
import { startRegion, stopRegion } from "./heartbeat.ts";
import type { Host } from "./host.ts";
import { type Cluster, type ClusterNode, defaultTimeouts, localNode, type Timeouts } from "./o2cb-state.ts";
import { regionName } from "./ocfs2-volume.ts";
import { type SharedDisk, sharedDisk } from "./shared-disk.ts";
import { readText } from "./storage.ts";
import { parseEnvironment } from "./systemd.ts";
import { record, type World } from "./world.ts";

export const clusterConf = "/etc/ocfs2/cluster.conf";
export const bootConf = "/etc/default/o2cb";

/** What /etc/default/o2cb says; undefined when there is none. */
export interface BootCluster {
  readonly enabled: boolean;
  readonly cluster: string;
  readonly timeouts: Partial<Timeouts>;
}

export function bootCluster(host: Host): BootCluster | undefined {
  const text = readText(host, bootConf);
  if (text === undefined) return undefined;
  const variables = parseEnvironment(text);
  const timeouts: Partial<Timeouts> = {};
  for (const [key, name] of [
    ["threshold", "O2CB_HEARTBEAT_THRESHOLD"],
    ["idle", "O2CB_IDLE_TIMEOUT_MS"],
    ["keepalive", "O2CB_KEEPALIVE_DELAY_MS"],
    ["reconnect", "O2CB_RECONNECT_DELAY_MS"],
  ] as const) {
    const value = Number(variables.get(name));
    if (variables.has(name) && Number.isInteger(value)) timeouts[key] = value;
  }
  return {
    enabled: variables.get("O2CB_ENABLED") === "true",
    cluster: variables.get("O2CB_BOOTCLUSTER") ?? "",
    timeouts,
  };
}

/** modprobe of what OCFS2 needs, and its file systems mounted; false when the kernel has none. */
export function loadStack(world: World, host: Host): boolean {
  const { o2cb, modules } = host.running;
  if (o2cb.loaded) return true;
  if (host.kernelOcfs2 === "Missing") return false;
  o2cb.loaded = true;
  for (const module of ["ocfs2", "ocfs2_stack_o2cb"]) {
    modules.add(module);
    record(world, host, { kind: "ModuleLoaded", module });
  }
  return true;
}

export interface ClusterPlan extends Timeouts {
  readonly name: string;
  readonly heartbeatMode: "Local" | "Global";
  readonly fenceMethod: "Reset" | "Panic";
  readonly nodes: readonly Omit<ClusterNode, "local">[];
}

/**
 * The cluster in configfs, nodes added and removed to match. Without a node of this host's name it is there and stays
 * offline, and nobody is told. Timeouts that are already set change only where the kernel lets them.
 */
export function registerCluster(world: World, host: Host, plan: ClusterPlan): "Registered" | "Changed" | "Unchanged" {
  const { o2cb } = host.running;
  const before = o2cb.cluster;
  if (before !== undefined && before.name !== plan.name) throw new Error(`${host.name} has another cluster registered`);
  const cluster: Cluster = before ?? { ...plan, nodes: new Map() };
  o2cb.cluster = cluster;
  let changed = false;
  for (const [number, node] of [...cluster.nodes]) {
    const same = plan.nodes.find((one) => one.number === number);
    if (same?.name === node.name && same.address === node.address && same.port === node.port) continue;
    cluster.nodes.delete(number);
    changed = true;
  }
  for (const node of plan.nodes) {
    if (cluster.nodes.has(node.number)) continue;
    cluster.nodes.set(node.number, { ...node, local: node.name === host.running.hostname });
    changed = true;
  }
  for (const key of ["threshold", "idle", "keepalive", "reconnect"] as const) {
    // With a region that is written the kernel ignores a new threshold, and takes no new timeouts.
    if (cluster[key] === plan[key] || o2cb.regions.size > 0) continue;
    cluster[key] = plan[key];
    changed = true;
  }
  if (cluster.fenceMethod !== plan.fenceMethod) {
    cluster.fenceMethod = plan.fenceMethod;
    changed = true;
  }
  if (before === undefined) {
    const kind = localNode(cluster) === undefined ? "ClusterChanged" : "ClusterOnline";
    record(world, host, { kind, cluster: plan.name });
    return "Registered";
  }
  if (changed) record(world, host, { kind: "ClusterChanged", cluster: plan.name });
  return changed ? "Changed" : "Unchanged";
}

/** A registered cluster in which this host has a node. */
export function isOnline(host: Host): boolean {
  const { cluster } = host.running.o2cb;
  return cluster !== undefined && localNode(cluster) !== undefined;
}

/** o2cb unregister-cluster: refuses while a heartbeat region is written. */
export function unregisterCluster(world: World, host: Host): "Unregistered" | "InUse" | "Absent" {
  const { o2cb } = host.running;
  const { cluster } = o2cb;
  if (cluster === undefined) return "Absent";
  if (o2cb.regions.size > 0) return "InUse";
  o2cb.cluster = undefined;
  record(world, host, { kind: "ClusterOffline", cluster: cluster.name });
  return "Unregistered";
}

/** The heartbeat of every configured region whose device is there; what started. */
export function startGlobalHeartbeat(world: World, host: Host, regions: readonly string[]): number {
  const { o2cb } = host.running;
  const node = o2cb.cluster && localNode(o2cb.cluster);
  if (node === undefined) return 0;
  let started = 0;
  for (const wanted of regions) {
    if (o2cb.regions.has(wanted)) continue;
    const disk = diskOf(host, wanted);
    const volume = disk?.content.ocfs2;
    if (disk === undefined || volume === undefined) continue;
    if (startRegion(world, host, disk, volume, node.number, `o2hb ${wanted}`) !== undefined) started += 1;
  }
  return started;
}

export function stopGlobalHeartbeat(world: World, host: Host, keep: readonly string[] = []): void {
  for (const region of [...host.running.o2cb.regions.values()]) {
    if (!keep.includes(region.uuid)) stopRegion(world, host, region);
  }
}

function diskOf(host: Host, region: string): SharedDisk | undefined {
  for (const block of host.blocks.values()) {
    if (block.content.ocfs2 !== undefined && regionName(block.content.ocfs2.uuid) === region) {
      return sharedDisk(host, block.path);
    }
  }
  return undefined;
}

/** The regions that cluster.conf has for a cluster. */
export const configuredRegions = (host: Host, name: string): readonly string[] =>
  parseCluster(readText(host, clusterConf) ?? "", name)?.regions ?? [];

/** /etc/init.d/o2cb online, with what the files say; nothing when there is nothing to read. */
export function onlineFromFiles(world: World, host: Host): void {
  const boot = bootCluster(host);
  const text = readText(host, clusterConf);
  if (boot === undefined || !boot.enabled || text === undefined || !loadStack(world, host)) return;
  const configured = parseCluster(text, boot.cluster);
  if (configured === undefined || host.running.o2cb.cluster !== undefined) return;
  const { heartbeatMode, nodes, regions } = configured;
  const timeouts = { ...defaultTimeouts, ...boot.timeouts };
  registerCluster(world, host, { name: boot.cluster, heartbeatMode, fenceMethod: "Reset", nodes, ...timeouts });
  if (heartbeatMode === "Global") startGlobalHeartbeat(world, host, regions);
}
