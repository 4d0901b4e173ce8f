import { type ClusterFile, parseClusterFile } from "../model/cluster-conf.ts";
import { liveNodes } from "../model/heartbeat.ts";
import { bootCluster, clusterConf } from "../model/o2cb.ts";
import { localNode } from "../model/o2cb-state.ts";
import { connected } from "../model/o2net.ts";
import { bootOrderStands } from "../model/ocfs2-boot.ts";
import type { Host } from "../model/state.ts";
import { readText } from "../model/storage.ts";
import { kernelDefaults, sysctlAtBoot } from "../model/sysctl.ts";
import type { ScriptRun } from "../script.ts";
import { escaped, row } from "./answer.ts";
import type { SectionEnd } from "./section.ts";

/** Section `o2cb`. */
export function o2cb(run: ScriptRun): SectionEnd {
  const { host } = run;
  const state = host.running.o2cb;
  if (host.kernelOcfs2 === "Missing" && !state.loaded) return "absent";
  const say = (...fields: readonly (string | number)[]) => row(run, "o2cb", ...fields);
  say("kernel", host.kernelOcfs2);
  say("loaded", state.loaded ? "yes" : "no");
  configuration(run, say);
  const boot = bootCluster(host);
  if (boot !== undefined) {
    const { threshold = "-", idle = "-", keepalive = "-", reconnect = "-" } = boot.timeouts;
    say("boot", String(boot.enabled), boot.cluster || "-", threshold, idle, keepalive, reconnect);
  }
  say("boot-order", bootOrderStands(host) ? "yes" : "no");
  const persisted = sysctlAtBoot(host.running.mounts);
  for (const name of ["panic_on_oops", "panic"]) {
    const now = host.running.sysctl.get(`kernel.${name}`) ?? kernelDefaults[`kernel.${name}`] ?? "0";
    say("sysctl", name, now, persisted.get(`kernel.${name}`) === now ? "yes" : "no");
  }
  active(run, say);
  return "known";
}

type Say = (...fields: readonly (string | number)[]) => void;

function configuration(run: ScriptRun, say: Say): void {
  const text = readText(run.host, clusterConf);
  if (text === undefined) {
    say("conf", "Missing");
    return;
  }
  const file: ClusterFile | string = parseClusterFile(text);
  if (typeof file === "string") {
    say("conf", "Unreadable", escaped(file));
    return;
  }
  say("conf", "Readable", escaped(/^# xensan: (.*)$/m.exec(text)?.[1] ?? "-"));
  for (const { name, heartbeatMode } of file.clusters) say("conf-cluster", name, heartbeatMode.toLowerCase());
  for (const { cluster, number, name, address, port } of file.nodes)
    say("conf-node", cluster, number, name, address, port);
  for (const { cluster, region } of file.regions) say("conf-heartbeat", cluster, region);
}

function active(run: ScriptRun, say: Say): void {
  const { world, host } = run;
  const { cluster, regions } = host.running.o2cb;
  if (cluster === undefined) return;
  const { threshold, idle, keepalive, reconnect, fenceMethod, heartbeatMode } = cluster;
  const methods = [fenceMethod.toLowerCase(), heartbeatMode.toLowerCase()];
  say("active", cluster.name, threshold, idle, keepalive, reconnect, ...methods);
  // In the order of the shell's glob: by name.
  for (const node of [...cluster.nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    say("active-node", node.number, node.name, node.address, node.port, node.local ? 1 : 0);
  }
  for (const region of regions.values()) say("region", region.uuid, region.device);
  const numbers = (set: Iterable<number>) => [...set].sort((a, b) => a - b).join(",") || "-";
  const live = liveNodes(world, host);
  say("live", numbers(live));
  say("connected", numbers([...live].filter((number) => reaches(run, host, number))));
}

/** A node is connected to one that writes a heartbeat, lists it, and reaches it; a node counts itself. */
function reaches(run: ScriptRun, host: Host, number: number): boolean {
  for (const other of run.world.hosts.values()) {
    const node = other.running.o2cb.cluster && localNode(other.running.o2cb.cluster);
    if (node?.number !== number || other.running.o2cb.cluster?.name !== host.running.o2cb.cluster?.name) continue;
    if (other !== host && connected(run.world, host, other)) return true;
  }
  return false;
}

/** dmesg: one row for each kind of trouble and each subject. */
export function kernelLog(run: ScriptRun): SectionEnd {
  const { log, bootedAt } = run.host.running;
  const found = new Map<string, { count: number; seconds: number; message: string }>();
  for (const { kind, subject, at, message } of log) {
    const key = `${kind}\t${subject === "" ? "-" : escaped(subject)}`;
    const count = (found.get(key)?.count ?? 0) + 1;
    found.set(key, { count, seconds: Math.floor((at - bootedAt) / 1000), message: escaped(message).slice(0, 300) });
  }
  for (const [key, { count, seconds, message }] of found) row(run, "kernel-log", key, count, seconds, message);
  return "known";
}
