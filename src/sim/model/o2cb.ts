import { parseCluster } from "./cluster-conf.ts";
import { startRegion, stopRegion } from "./heartbeat.ts";
import { type Cluster, type ClusterNode, defaultTimeouts, localNode, type Timeouts } from "./o2cb-state.ts";
import { regionName } from "./ocfs2-volume.ts";
import { sharedDisk } from "./shared-disk.ts";
import type { Host, World } from "./state.ts";
import { readText } from "./storage.ts";
import { parseEnvironment } from "./systemd.ts";
import { record } from "./world.ts";

/** The file from which ocfs2-tools read the cluster. */
export const clusterConf = "/etc/ocfs2/cluster.conf";
/** The file that /etc/init.d/o2cb reads at boot. */
export const bootConf = "/etc/default/o2cb";

/** The content of /etc/default/o2cb. */
export interface BootCluster {
  readonly enabled: boolean;
  readonly cluster: string;
  readonly timeouts: Partial<Timeouts>;
}

/** The cluster that comes online at boot, with its timeouts; undefined without {@link bootConf}. */
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

/** Loads the modules that OCFS2 needs and mounts their file systems; false when the kernel has none. */
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

/** Sets the configfs values of the cluster; the caller has checked that nothing forbids it. */
export function setCluster(
  world: World,
  host: Host,
  values: Timeouts & Pick<Cluster, "heartbeatMode" | "fenceMethod">,
): boolean {
  const { cluster } = host.running.o2cb;
  if (cluster === undefined) return false;
  const keys = ["threshold", "idle", "keepalive", "reconnect", "heartbeatMode", "fenceMethod"] as const;
  if (keys.every((key) => cluster[key] === values[key])) return false;
  Object.assign(cluster, values);
  record(world, host, { kind: "ClusterChanged", cluster: cluster.name });
  return true;
}

/**
 * o2cb register-cluster: adds missing nodes and leaves existing ones alone. The node with this host's name is its own.
 */
export function registerMissing(world: World, host: Host, nodes: readonly Omit<ClusterNode, "local">[]): boolean {
  const { cluster } = host.running.o2cb;
  if (cluster === undefined) return false;
  const missing = nodes.filter((node) => !cluster.nodes.has(node.number));
  for (const node of missing) cluster.nodes.set(node.number, { ...node, local: isNamed(host, node.name) });
  if (missing.length > 0) record(world, host, { kind: "ClusterChanged", cluster: cluster.name });
  return missing.length > 0;
}

/** O2CB ignores case in node names. */
export const isSameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** Whether a node name is that of the host: by it O2CB finds its own node. */
export const isNamed = (host: Host, name: string): boolean => isSameName(name, host.running.hostname);

/** `o2cb remove-node` in the running kernel. */
export function dropNode(world: World, host: Host, number: number): void {
  const { cluster } = host.running.o2cb;
  if (cluster?.nodes.delete(number) === true) record(world, host, { kind: "ClusterChanged", cluster: cluster.name });
}

/** Whether a cluster is registered in which this host has a node. */
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

/** start_region of heartbeat-region.sh: why the heartbeat does not start, or undefined when it is written. */
export function startGlobalRegion(world: World, host: Host, region: string, device: string): string | undefined {
  const { o2cb } = host.running;
  if (o2cb.regions.has(region)) return undefined;
  const disk = sharedDisk(host, device);
  if (disk === undefined) return `${device} is no block device`;
  const volume = disk.content.ocfs2;
  if (volume === undefined || regionName(volume.uuid) !== region) return `${device} does not hold the OCFS2 ${region}`;
  const node = o2cb.cluster && localNode(o2cb.cluster);
  const started = node && startRegion(world, host, disk, volume, node.number, `o2hb ${region}`);
  return started === undefined ? "write error: Invalid argument" : undefined;
}

/** `o2cb stop-heartbeat`: stops every region of this host. */
export function stopGlobalHeartbeat(world: World, host: Host): void {
  for (const region of [...host.running.o2cb.regions.values()]) stopRegion(world, host, region);
}

/**
 * /etc/init.d/o2cb: `online NAME`, or `start` without a name, which needs O2CB_ENABLED. Nodes from cluster.conf,
 * timeouts from /etc/default/o2cb. Without a node of this host's name the cluster is registered but stays offline,
 * without a message. It starts no global heartbeat: `o2cb start-heartbeat` does not look at AoE devices.
 */
export function onlineFromFiles(world: World, host: Host, wanted?: string): void {
  const { o2cb } = host.running;
  const boot = bootCluster(host);
  const name = wanted ?? (boot?.enabled === true ? boot.cluster : "");
  const configured = parseCluster(readText(host, clusterConf) ?? "", name);
  if (configured === undefined || o2cb.cluster !== undefined || !loadStack(world, host)) return;
  const { heartbeatMode, nodes } = configured;
  const timeouts = { ...defaultTimeouts, ...boot?.timeouts };
  const cluster: Cluster = { name, heartbeatMode, fenceMethod: "Reset", ...timeouts, nodes: new Map() };
  for (const node of nodes) cluster.nodes.set(node.number, { ...node, local: isNamed(host, node.name) });
  o2cb.cluster = cluster;
  record(world, host, { kind: localNode(cluster) === undefined ? "ClusterChanged" : "ClusterOnline", cluster: name });
}
