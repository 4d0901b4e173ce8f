import { parseCluster } from "../model/cluster-conf.ts";
import { stopRegion } from "../model/heartbeat.ts";
import {
  clusterConf,
  dropNode,
  isNamed,
  isSameName,
  loadStack,
  onlineFromFiles,
  registerMissing,
  setCluster,
  startGlobalRegion,
} from "../model/o2cb.ts";
import type { Cluster, ClusterNode } from "../model/o2cb-state.ts";
import type { Host } from "../model/state.ts";
import { readText } from "../model/storage.ts";
import type { Responder, ScriptRun } from "../script.ts";
import { acting, finish, refuse, takeLock } from "./answer.ts";
import { type AskedCluster, clusterArguments, requireO2cb, requireOwnNode } from "./cluster-arguments.ts";
import { requireOnlyCluster } from "./configure-cluster.ts";
import { byName, isLive, stillBeats } from "./live-nodes.ts";

function inUse(run: ScriptRun, what: string): never {
  const { mounts, regions } = run.host.running.o2cb;
  const points = mounts.map((mount) => `${mount.mountPoint} `).join("");
  const busy =
    points === "" ? `a heartbeat is written to ${[...regions.keys()].map((one) => `${one} `).join("")}` : points;
  return refuse(run, "ClusterInUse", `${what} can be changed only while no OCFS2 file system is mounted: ${busy}`);
}

const textOf = (node: Omit<ClusterNode, "local"> | undefined) =>
  node === undefined ? "" : `${node.number} ${node.address} ${node.port}`;

/** Loads what is needed and registers the cluster; refuses when it does not come online. */
function* register(run: ScriptRun, asked: AskedCluster): Generator<number, boolean> {
  const { world, host } = run;
  const { o2cb } = host.running;
  if (!o2cb.loaded) {
    if (!loadStack(world, host)) {
      const why = "was built without CONFIG_OCFS2_FS or CONFIG_OCFS2_FS_O2CB: boot one that has both";
      refuse(run, "KernelWithoutOcfs2", `kernel ${host.kernel} ${why}`);
    }
    yield world.timings.process * 20;
  }
  if (o2cb.cluster !== undefined) return false;
  yield world.timings.clusterOnline;
  onlineFromFiles(world, host, asked.name);
  if (host.running.o2cb.cluster === undefined) {
    const said = `Registering O2CB cluster "${asked.name}": Failed`;
    refuse(run, "ClusterOffline", `${asked.name} was not registered: ${said}`);
  }
  return true;
}

/** While a region is active the kernel silently ignores some of these, so they are refused here. */
function setTimeouts(run: ScriptRun, cluster: Cluster, asked: AskedCluster): boolean {
  const { world, host } = run;
  const now = {
    "heartbeat/mode": cluster.heartbeatMode.toLowerCase(),
    "heartbeat/dead_threshold": cluster.threshold,
    idle_timeout_ms: cluster.idle,
    keepalive_delay_ms: cluster.keepalive,
    reconnect_delay_ms: cluster.reconnect,
  };
  const wanted = {
    "heartbeat/mode": asked.mode,
    "heartbeat/dead_threshold": asked.threshold,
    idle_timeout_ms: asked.idle,
    keepalive_delay_ms: asked.keepalive,
    reconnect_delay_ms: asked.reconnect,
  };
  for (const name of [
    "heartbeat/mode",
    "heartbeat/dead_threshold",
    "idle_timeout_ms",
    "keepalive_delay_ms",
    "reconnect_delay_ms",
  ] as const) {
    const differs = now[name] !== wanted[name];
    if (differs && host.running.o2cb.regions.size > 0) inUse(run, `${name} (${now[name]}, to be ${wanted[name]})`);
  }
  const { threshold, idle, keepalive, reconnect } = asked;
  const heartbeatMode = asked.mode === "global" ? "Global" : "Local";
  const fenceMethod = asked.fence === "panic" ? "Panic" : "Reset";
  return setCluster(world, host, { threshold, idle, keepalive, reconnect, heartbeatMode, fenceMethod });
}

function requireGone(run: ScriptRun, node: ClusterNode, why: string): void {
  if (isLive(run, node)) refuse(run, "ClusterInUse", `node ${node.name} ${why}, ${stillBeats}`);
  dropNode(run.world, run.host, node.number);
}

function setNodes(run: ScriptRun, cluster: Cluster, asked: AskedCluster): boolean {
  const { world, host } = run;
  let changed = false;
  for (const node of byName(cluster)) {
    const wanted = asked.nodes.find((one) => isSameName(one.name, node.name));
    if (wanted !== undefined && textOf(wanted) === textOf(node)) continue;
    const to = `is ${textOf(node)} instead of ${textOf(wanted)}`;
    if (wanted !== undefined && host.running.o2cb.regions.size > 0 && isNamed(host, node.name)) {
      inUse(run, `the address of this node (${textOf(node)}, to be ${textOf(wanted)})`);
    }
    requireGone(run, node, wanted === undefined ? "is no longer declared" : to);
    changed = true;
  }
  if (registerMissing(world, host, configuredNodes(host, asked.name))) changed = true;
  for (const wanted of asked.nodes) {
    const now = textOf([...cluster.nodes.values()].find((node) => isSameName(node.name, wanted.name)));
    if (now === textOf(wanted)) continue;
    refuse(run, "ClusterOffline", `node ${wanted.name} is ${now} in the kernel, not ${textOf(wanted)}: `);
  }
  return changed;
}

/** Stops regions that are no longer declared and starts missing ones. */
function* setRegions(run: ScriptRun, asked: AskedCluster): Generator<number, boolean> {
  const { world, host } = run;
  const { regions, mounts } = host.running.o2cb;
  let changed = false;
  for (const region of [...regions.values()]) {
    if (asked.regions.some(({ uuid }) => uuid === region.uuid)) continue;
    // The kernel keeps its regions while a file system is mounted.
    if (mounts.length > 0) inUse(run, `the heartbeat on ${region.uuid}, which is to end,`);
    stopRegion(world, host, region);
    changed = true;
  }
  for (const { uuid, device } of asked.regions) {
    if (regions.has(uuid)) continue;
    if (device === "") refuse(run, "ClusterOffline", `no heartbeat on ${uuid}: its device is unknown`);
    yield world.timings.clusterOnline;
    const problem = startGlobalRegion(world, host, uuid, device);
    if (problem !== undefined) refuse(run, "ClusterOffline", `no heartbeat on ${uuid}: ${problem}`);
    changed = true;
  }
  return changed;
}

const configuredNodes = (host: Host, name: string) =>
  parseCluster(readText(host, clusterConf) ?? "", name)?.nodes ?? [];

/** cluster-online.sh */
export const clusterOnline: Responder = acting(function* clusterOnline(run) {
  const { world, host } = run;
  const asked = clusterArguments(run);
  yield world.timings.process;
  requireO2cb(run);
  requireOwnNode(run, asked);
  yield* takeLock(run, "cluster", 60);
  requireOnlyCluster(run, asked.name);
  if (parseCluster(readText(host, clusterConf) ?? "", asked.name) === undefined) {
    refuse(run, "ClusterOffline", `cluster ${asked.name} is not configured in ${clusterConf}`);
  }
  const fresh = yield* register(run, asked);
  const { cluster } = host.running.o2cb;
  if (cluster === undefined) return refuse(run, "ClusterOffline", `${asked.name} was not registered: `);
  let changed = setTimeouts(run, cluster, asked);
  yield world.timings.process;
  if (setNodes(run, cluster, asked)) changed = true;
  if (cluster.nodes.size > 0 && ![...cluster.nodes.values()].some((node) => node.local)) {
    refuse(run, "ClusterOffline", "the kernel has no local node: ");
  }
  if (asked.mode === "global" && (yield* setRegions(run, asked))) changed = true;
  yield world.timings.process;
  return finish(run, fresh ? "online" : changed ? "updated" : "unchanged");
});
