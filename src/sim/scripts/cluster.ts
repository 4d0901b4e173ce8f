import type { Host } from "../model/host.ts";
import {
  bootConf,
  type ClusterPlan,
  clusterConf,
  isOnline,
  loadStack,
  registerCluster,
  startGlobalHeartbeat,
  stopGlobalHeartbeat,
  unregisterCluster,
} from "../model/o2cb.ts";
import type { ClusterNode } from "../model/o2cb-state.ts";
import { clusterState, mountsLoop, mountsUnit, mountsWant, orderDropIn } from "../model/ocfs2-boot.ts";
import { toolPath } from "../model/packages.ts";
import { readText, remove } from "../model/storage.ts";
import { record } from "../model/world.ts";
import type { Responder, ScriptRun } from "../process.ts";
import { acting, finish, refuse, replaceFile, takeLock } from "./answer.ts";
import { replaceInittab } from "./inittab.ts";

const sysctlFile = "/etc/sysctl.d/xensan-ocfs2.conf";
const settings = { "kernel.panic_on_oops": "1", "kernel.panic": "30" } as const;

interface Asked extends ClusterPlan {
  readonly owner: string;
  readonly regions: readonly string[];
}

function parseArguments(args: readonly string[]): Asked {
  const [owner = "", name = "", mode = "", fence = "", threshold, idle, keepalive, reconnect, ...rest] = args;
  const nodes: Omit<ClusterNode, "local">[] = [];
  const regions: string[] = [];
  for (const argument of rest) {
    const [key = "", value = ""] = argument.split("=");
    const [number = "", nodeName = "", address = "", port = ""] = value.split(":");
    if (key === "node") nodes.push({ number: Number(number), name: nodeName, address, port: Number(port) });
    else if (key === "region") regions.push(value);
  }
  return {
    owner,
    name,
    heartbeatMode: mode === "global" ? "Global" : "Local",
    fenceMethod: fence === "panic" ? "Panic" : "Reset",
    threshold: Number(threshold),
    idle: Number(idle),
    keepalive: Number(keepalive),
    reconnect: Number(reconnect),
    nodes,
    regions,
  };
}

function render(asked: Asked): string {
  const mode = asked.heartbeatMode.toLowerCase();
  const stanzas = [
    `# xensan: ${asked.owner}`,
    `cluster:\n\tname = ${asked.name}\n\theartbeat_mode = ${mode}\n\tnode_count = ${asked.nodes.length}\n`,
    ...asked.nodes.map(
      (node) =>
        `node:\n\tcluster = ${asked.name}\n\tnumber = ${node.number}\n\tip_port = ${node.port}\n\tip_address = ${node.address}\n\tname = ${node.name}\n`,
    ),
    ...asked.regions.map((region) => `heartbeat:\n\tcluster = ${asked.name}\n\tregion = ${region}\n`),
  ];
  return `${stanzas.join("\n")}\n`;
}

const bootText = (asked: Asked) => `# xensan: ${asked.owner}
O2CB_ENABLED=true
O2CB_BOOTCLUSTER=${asked.name}
O2CB_HEARTBEAT_THRESHOLD=${asked.threshold}
O2CB_IDLE_TIMEOUT_MS=${asked.idle}
O2CB_KEEPALIVE_DELAY_MS=${asked.keepalive}
O2CB_RECONNECT_DELAY_MS=${asked.reconnect}
`;

const ownerOf = (text: string) => /^# xensan: (.*)$/m.exec(text)?.[1];

function requireName(run: ScriptRun, asked: Asked): void {
  const { hostname } = run.host.running;
  if (asked.nodes.some((node) => node.name === hostname)) return;
  const names = asked.nodes.map((node) => node.name).join(" ");
  refuse(run, "HostNameMismatch", `this host is called ${hostname}, and the nodes are ${names}`);
}

/** What is still to be written, in order; the file that says it is ours comes first. */
function wantedFiles(host: Host, asked: Asked): [string, string][] {
  const files: [string, string][] = [
    [clusterConf, render(asked)],
    [bootConf, bootText(asked)],
    [clusterState, `${asked.name} ${asked.fenceMethod.toLowerCase()} ${asked.heartbeatMode.toLowerCase()}\n`],
    [
      sysctlFile,
      Object.entries(settings)
        .map(([key, value]) => `${key} = ${value}\n`)
        .join(""),
    ],
    [mountsLoop, "#!/bin/sh\n"],
  ];
  if (host.init === "systemd") {
    files.push([orderDropIn, "[Unit]\n"], [mountsUnit, "[Unit]\n"], [mountsWant, "xensan-mounts.service\n"]);
  }
  return files.filter(([path, text]) => readText(host, path) !== text);
}

/** configure-cluster.sh */
export const configureCluster: Responder = acting(function* configureCluster(run) {
  const { world, host } = run;
  const asked = parseArguments(run.args);
  yield world.timings.process;
  if (toolPath(host, "o2cb") === undefined) refuse(run, "OcfsToolsMissing", "ocfs2-tools is not installed");
  requireName(run, asked);
  yield* takeLock(run, "ocfs2", 40);
  const text = readText(host, clusterConf);
  const owner = text === undefined || text.trim() === "" ? asked.owner : ownerOf(text);
  if (owner !== asked.owner) {
    const whose = owner === undefined ? "was not written by xensan" : `belongs to ${owner}`;
    refuse(run, "ForeignCluster", `${clusterConf} ${whose}`);
  }
  let changed = false;
  for (const [path, content] of wantedFiles(host, asked)) {
    replaceFile(run, path, content);
    changed = true;
    yield world.timings.process;
  }
  const line = `xm:2345:once:/bin/sh ${mountsLoop}`;
  const inittab = readText(host, "/etc/inittab") ?? "";
  if (host.init === "sysvinit" && !inittab.split("\n").includes(line)) {
    replaceInittab(run, `${inittab.replace(/\n*$/, "\n")}${line}\n`);
    changed = true;
    yield world.timings.process;
  }
  for (const [name, value] of Object.entries(settings)) {
    if (host.running.sysctl.get(name) === value) continue;
    host.running.sysctl.set(name, value);
    record(world, host, { kind: "ParameterSet", parameter: name, value });
    changed = true;
  }
  return finish(run, changed ? "configured" : "unchanged");
});

const mountedHere = (host: Host) => host.running.o2cb.mounts.map((mount) => mount.mountPoint).join(" ");

/** cluster-online.sh */
export const clusterOnline: Responder = acting(function* clusterOnline(run) {
  const { world, host } = run;
  const asked = parseArguments(run.args);
  yield world.timings.process;
  if (toolPath(host, "o2cb") === undefined) refuse(run, "OcfsToolsMissing", "ocfs2-tools is not installed");
  requireName(run, asked);
  yield* takeLock(run, "ocfs2", 40);
  const { o2cb } = host.running;
  const before = o2cb.cluster;
  if (before !== undefined && before.name !== asked.name) {
    refuse(run, "ForeignCluster", `the cluster ${before.name} is active on this host`);
  }
  if (!o2cb.loaded) {
    if (!loadStack(world, host)) {
      refuse(
        run,
        "KernelWithoutOcfs2",
        `kernel ${host.kernel} was built without CONFIG_OCFS2_FS_O2CB: boot one that has it`,
      );
    }
    yield world.timings.process * 20;
  }
  const differs =
    before !== undefined &&
    (before.heartbeatMode !== asked.heartbeatMode ||
      (["threshold", "idle", "keepalive", "reconnect"] as const).some((key) => before[key] !== asked[key]) ||
      ![...before.nodes.values()].some((node) => node.local));
  if (differs && o2cb.regions.size > 0) {
    const mounted = mountedHere(host);
    if (mounted !== "" || before.heartbeatMode === "Local") {
      refuse(run, "ClusterInUse", `the cluster has to go offline for this, and ${mounted} is mounted`);
    }
    stopGlobalHeartbeat(world, host);
  }
  if (differs) unregisterCluster(world, host);
  if (before === undefined || differs) yield world.timings.clusterOnline;
  else yield world.timings.process * 4;
  const registered = registerCluster(world, host, asked);
  let changed = registered !== "Unchanged";
  if (!isOnline(host)) refuse(run, "ClusterOffline", `the cluster ${asked.name} is offline`);
  if (asked.heartbeatMode === "Global") {
    if (mountedHere(host) === "") stopGlobalHeartbeat(world, host, asked.regions);
    if (startGlobalHeartbeat(world, host, asked.regions) > 0) changed = true;
  }
  if (before === undefined) return finish(run, "online");
  return finish(run, changed ? "updated" : "unchanged");
});

/** remove-cluster.sh: OWNER CLUSTER */
export const removeCluster: Responder = acting(function* removeCluster(run) {
  const { world, host, args } = run;
  const [owner = "", name = ""] = args;
  yield world.timings.process;
  yield* takeLock(run, "ocfs2", 40);
  const { o2cb } = host.running;
  const text = readText(host, clusterConf);
  const whose = text === undefined ? owner : ownerOf(text);
  if (whose !== owner) {
    refuse(
      run,
      "NotOurs",
      `${clusterConf} ${whose === undefined ? "was not written by xensan" : `belongs to ${whose}`}`,
    );
  }
  const ours = o2cb.cluster?.name === name;
  if (ours && o2cb.mounts.length > 0) refuse(run, "ClusterInUse", `${mountedHere(host)} is mounted`);
  let changed = false;
  if (ours) {
    if (o2cb.cluster?.heartbeatMode === "Global") stopGlobalHeartbeat(world, host);
    yield world.timings.clusterOnline;
    const left = unregisterCluster(world, host);
    if (left === "InUse") refuse(run, "ClusterInUse", `a heartbeat of the cluster ${name} is written`);
    changed = left === "Unregistered";
  }
  const files = [mountsWant, mountsUnit, orderDropIn, mountsLoop, sysctlFile, clusterState, bootConf, clusterConf];
  for (const path of files) {
    if (readText(host, path) === undefined) continue;
    remove(world, host, path);
    changed = true;
    yield world.timings.process;
  }
  const inittab = readText(host, "/etc/inittab") ?? "";
  if (inittab.includes(mountsLoop)) {
    const kept = inittab.split("\n").filter((line) => !line.includes(mountsLoop));
    replaceInittab(run, kept.join("\n"));
    changed = true;
  }
  return finish(run, changed ? "removed" : "absent");
});
