import { bootConf, isNamed } from "../model/o2cb.ts";
import type { ClusterNode, Timeouts } from "../model/o2cb-state.ts";
import { toolPath } from "../model/packages.ts";
import { readText } from "../model/storage.ts";
import type { ScriptRun } from "../script.ts";
import { refuse } from "./answer.ts";

/** Parsed arguments of the scripts that configure a cluster. */
export interface AskedCluster extends Timeouts {
  readonly owner: string;
  readonly name: string;
  readonly mode: "local" | "global";
  readonly fence: "reset" | "panic";
  readonly nodes: readonly Omit<ClusterNode, "local">[];
  readonly regions: readonly AskedRegion[];
}

/** A heartbeat region named in the arguments. */
export interface AskedRegion {
  readonly uuid: string;
  /** Empty where it is unknown. */
  readonly device: string;
}

/** OWNER CLUSTER local|global reset|panic THRESHOLD IDLE KEEPALIVE RECONNECT node=NUMBER:NAME:ADDRESS:PORT… region=UUID:DEVICE… */
export function clusterArguments(run: ScriptRun): AskedCluster {
  const [owner = "", name = "", mode = "", fence = "", threshold, idle, keepalive, reconnect, ...rest] = run.args;
  const nodes: Omit<ClusterNode, "local">[] = [];
  const regions: AskedRegion[] = [];
  const accepted = "node=NUMBER:NAME:ADDRESS:PORT nor region=UUID:DEVICE";
  for (const argument of rest) {
    const [, number = "", nodeName = "", address = "", port = ""] =
      /^node=([^:]*):([^:]*):([^:]*):(.*)$/.exec(argument) ?? [];
    if (port !== "") nodes.push({ number: Number(number), name: nodeName, address, port: Number(port) });
    else if (argument.startsWith("region=")) {
      const [uuid = "", device = ""] = argument.slice("region=".length).split(":");
      regions.push({ uuid, device });
    } else refuse(run, "InvalidArgument", `${argument} is neither ${accepted}`);
  }
  return {
    owner,
    name,
    mode: mode === "global" ? "global" : "local",
    fence: fence === "panic" ? "panic" : "reset",
    threshold: Number(threshold),
    idle: Number(idle),
    keepalive: Number(keepalive),
    reconnect: Number(reconnect),
    nodes,
    regions,
  };
}

/** require_o2cb */
export function requireO2cb(run: ScriptRun): void {
  const { host } = run;
  if (toolPath(host, "o2cb") === undefined) refuse(run, "OcfsToolsMissing", "o2cb is not installed");
  if (readText(host, bootConf) !== undefined || readText(host, "/etc/sysconfig/o2cb") === undefined) return;
  const other = `xensan can configure only one that reads ${bootConf}, as Debian's does`;
  refuse(run, "OcfsToolsMissing", `O2CB on this host reads /etc/sysconfig/o2cb: ${other}`);
}

/** require_own_node */
export function requireOwnNode(run: ScriptRun, asked: AskedCluster): void {
  const { hostname } = run.host.running;
  if (asked.nodes.some((node) => isNamed(run.host, node.name))) return;
  const names = asked.nodes.map((node) => ` ${node.name}`).join("");
  refuse(run, "HostNameMismatch", `this host is called ${hostname}, but the nodes of ${asked.name} are${names}`);
}

/** rendered_conf, without the mark. */
export function renderedCluster(asked: AskedCluster): string {
  const { name } = asked;
  const stanza = (kind: string, values: Readonly<Record<string, string | number>>) =>
    `${kind}:\n${Object.entries(values)
      .map(([key, value]) => `\t${key} = ${value}\n`)
      .join("")}\n`;
  return [
    stanza("cluster", { name, heartbeat_mode: asked.mode, node_count: asked.nodes.length }),
    ...asked.nodes.map((node) =>
      stanza("node", {
        cluster: name,
        number: node.number,
        ip_port: node.port,
        ip_address: node.address,
        name: node.name,
      }),
    ),
    ...asked.regions.map(({ uuid }) => stanza("heartbeat", { cluster: name, region: uuid })),
  ].join("");
}
