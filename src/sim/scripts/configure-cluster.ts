import { type ClusterFile, parseClusterFile } from "../model/cluster-conf.ts";
import { bootCluster, bootConf, clusterConf, stopGlobalHeartbeat, unregisterCluster } from "../model/o2cb.ts";
import { clusterState, mountsLoop } from "../model/ocfs2-boot.ts";
import type { Host } from "../model/state.ts";
import { readText, remove, writeText } from "../model/storage.ts";
import { sysctlAtBoot } from "../model/sysctl.ts";
import { record } from "../model/world.ts";
import type { Responder, ScriptRun } from "../script.ts";
import { acting, finish, nameOf, refuse, replaceFile, takeLock } from "./answer.ts";
import { ensureBootOrder, removeBootOrder } from "./boot-order.ts";
import {
  type AskedCluster,
  clusterArguments,
  renderedCluster,
  requireO2cb,
  requireOwnNode,
} from "./cluster-arguments.ts";
import { requireLiveKept } from "./live-nodes.ts";

const sysctlFile = "/etc/sysctl.d/90-xensan-o2cb.conf";
const settings = { "kernel.panic_on_oops": "1", "kernel.panic": "30" } as const;

const markOf = (text: string) => /^# xensan: (.*)$/m.exec(text)?.[1] ?? "-";

/** The meaning of a file, independent of its order and of upper and lower case where O2CB and its tools ignore it. */
function meaning(file: ClusterFile | string): string {
  if (typeof file === "string") return file;
  const nodes = file.nodes.map((node) => ({ ...node, name: node.name.toLowerCase() }));
  const regions = file.regions.map((one) => ({ ...one, region: one.region.toLowerCase() }));
  const sorted = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort();
  return JSON.stringify([sorted(file.clusters), sorted(nodes), sorted(regions)]);
}

/** Refuses a foreign file unless it means the same. */
function requireOwnFile(run: ScriptRun, asked: AskedCluster, wanted: string): void {
  const text = readText(run.host, clusterConf);
  if (text === undefined) return;
  const file: ClusterFile | string = parseClusterFile(text);
  if (typeof file === "string") {
    refuse(run, "ForeignCluster", `${clusterConf} exists but cannot be read: ${file}`);
    return;
  }
  const mark = markOf(text);
  if (nameOf(mark) === nameOf(asked.owner) || meaning(file) === meaning(parseClusterFile(wanted))) return;
  if (mark !== "-") refuse(run, "ForeignCluster", `${clusterConf} was written for ${nameOf(mark)}`);
  const clusters = file.clusters.map(({ name }) => `cluster ${name} `);
  const nodes = file.nodes.map(({ name, address }) => `node ${name} ${address} `);
  const says = [...clusters, ...nodes].join("");
  refuse(run, "ForeignCluster", `${clusterConf} exists, was not written by xensan and has other contents: ${says}`);
}

/** Refuses when another cluster is active: O2CB runs one per host. */
export function requireOnlyCluster(run: ScriptRun, name: string): void {
  const active = run.host.running.o2cb.cluster?.name;
  if (active === undefined || active === name) return;
  refuse(run, "ForeignCluster", `the cluster ${active} is active on this host, and only one can be active`);
}

/** The file with these assignments; comments and other names stay. */
function bootText(host: Host, asked: AskedCluster): string {
  const wanted = new Map<string, string | number>([
    ["O2CB_ENABLED", "true"],
    ["O2CB_BOOTCLUSTER", asked.name],
    ["O2CB_HEARTBEAT_THRESHOLD", asked.threshold],
    ["O2CB_IDLE_TIMEOUT_MS", asked.idle],
    ["O2CB_KEEPALIVE_DELAY_MS", asked.keepalive],
    ["O2CB_RECONNECT_DELAY_MS", asked.reconnect],
  ]);
  const lines: string[] = [];
  for (const line of (readText(host, bootConf) ?? "").split("\n")) {
    const key = line.split("=")[0]?.trim() ?? "";
    const value = wanted.get(key);
    if (value !== undefined) lines.push(`${key}=${value}`);
    else if (key !== "O2CB_STACK" && line !== "") lines.push(line);
    wanted.delete(key);
  }
  for (const [key, value] of wanted) lines.push(`${key}=${value}`);
  return `${lines.join("\n")}\n`;
}

function bootSays(host: Host, asked: AskedCluster): boolean {
  const boot = bootCluster(host);
  const { threshold, idle, keepalive, reconnect } = boot?.timeouts ?? {};
  const same = threshold === asked.threshold && idle === asked.idle && keepalive === asked.keepalive;
  return boot?.enabled === true && boot.cluster === asked.name && same && reconnect === asked.reconnect;
}

/** configure-cluster.sh */
export const configureCluster: Responder = acting(function* configureCluster(run) {
  const { world, host } = run;
  const asked = clusterArguments(run);
  yield world.timings.process;
  requireO2cb(run);
  requireOwnNode(run, asked);
  yield* takeLock(run, "cluster", 30);
  const wanted = `# xensan: ${asked.owner}\n${renderedCluster(asked)}`;
  requireOwnFile(run, asked, wanted);
  requireOnlyCluster(run, asked.name);
  let changed = false;
  const ensure = function* (path: string, text: string) {
    replaceFile(run, path, text);
    changed = true;
    yield world.timings.process;
  };
  if (readText(host, clusterConf) !== wanted) {
    requireLiveKept(run, asked);
    yield* ensure(clusterConf, wanted);
  }
  if (!bootSays(host, asked)) yield* ensure(bootConf, bootText(host, asked));
  const persisted = sysctlAtBoot(host.running.mounts);
  const entries = Object.entries(settings);
  if (entries.some(([name, value]) => persisted.get(name) !== value)) {
    const lines = entries.map(([name, value]) => `${name} = ${value}\n`).join("");
    yield* ensure(sysctlFile, `# A node of a cluster reboots by itself: see o2cb(7).\n${lines}`);
  }
  for (const [name, value] of entries) {
    if (host.running.sysctl.get(name) === value) continue;
    host.running.sysctl.set(name, value);
    record(world, host, { kind: "ParameterSet", parameter: name, value });
    changed = true;
  }
  const regions = asked.regions.map(({ uuid, device }) => `${uuid} ${device}\n`).join("");
  const state = `${asked.name} ${asked.fence} ${asked.mode}\n${regions}`;
  if (readText(host, clusterState) !== state) yield* ensure(clusterState, state);
  if (ensureBootOrder(run)) changed = true;
  yield world.timings.process;
  return finish(run, changed ? "configured" : "unchanged");
});

/** remove-cluster.sh: OWNER CLUSTER */
export const removeCluster: Responder = acting(function* removeCluster(run) {
  const { world, host, args } = run;
  const [owner = "", name = ""] = args;
  yield world.timings.process;
  yield* takeLock(run, "cluster", 60);
  const { o2cb } = host.running;
  const text = readText(host, clusterConf);
  const active = o2cb.cluster?.name === name;
  if (text !== undefined) {
    const file = parseClusterFile(text);
    const mark = typeof file === "string" ? file : markOf(text);
    if (mark !== owner) {
      refuse(run, "NotOurs", `${clusterConf} was not written for ${nameOf(owner)}: ${mark.replace(/^-/, "")}`);
    }
  } else if (active && (readText(host, clusterState) ?? "").split(" ")[0] !== name) {
    refuse(run, "NotOurs", `${name} is active, but no cluster.conf shows that xensan configured it`);
  }
  let changed = false;
  if (active) {
    const mounts = o2cb.mounts.map((mount) => `${mount.mountPoint} `).join("");
    if (mounts !== "") refuse(run, "ClusterInUse", `still mounted: ${mounts}`);
    if (o2cb.cluster?.heartbeatMode === "Global") stopGlobalHeartbeat(world, host);
    const [region] = o2cb.regions.keys();
    if (region !== undefined) refuse(run, "ClusterInUse", `a heartbeat is still written to ${region}: `);
    yield world.timings.process * 20;
    if (unregisterCluster(world, host) === "InUse") {
      refuse(
        run,
        "ClusterInUse",
        `the kernel does not release ${name}: o2cb: Atleast one heartbeat region is still active`,
      );
    }
    changed = true;
  }
  const ours = [clusterConf, sysctlFile, clusterState, mountsLoop].filter((path) => readText(host, path) !== undefined);
  if (!changed && ours.length === 0) return finish(run, "absent");
  const boot = readText(host, bootConf);
  const disabled = boot?.replace(/^O2CB_ENABLED=.*/gm, "O2CB_ENABLED=false");
  if (disabled !== undefined && disabled !== boot) writeText(world, host, bootConf, disabled);
  yield world.timings.process;
  removeBootOrder(run);
  yield world.timings.process;
  for (const path of [sysctlFile, clusterState, clusterConf]) {
    remove(world, host, path);
    yield world.timings.process;
  }
  return finish(run, "removed");
});
