import type { ClusterNode } from "./o2cb-state.ts";

/** /etc/ocfs2/cluster.conf as the tools read it. */
export interface ClusterFile {
  readonly clusters: readonly { readonly name: string; readonly heartbeatMode: "Local" | "Global" }[];
  readonly nodes: readonly (Omit<ClusterNode, "local"> & { readonly cluster: string })[];
  readonly regions: readonly { readonly cluster: string; readonly region: string }[];
}

/**
 * Stanzas of `key = value`; a string says why the tools cannot read it. As o2cb 1.8.7 reads it: a comment begins in the
 * first column, an empty line ends a stanza, an attribute is indented, and the last one of a name counts.
 */
export function parseClusterFile(text: string): ClusterFile | string {
  const stanzas: { kind: string; values: Map<string, string> }[] = [];
  let inside = false;
  for (const [index, line] of text.split("\n").entries()) {
    if (line.startsWith("#")) continue;
    const head = /^([A-Za-z]\w*):[ \t]*$/.exec(line);
    const pair = /^[ \t]+([A-Za-z]\w*)[ \t]*=[ \t]*(.*?)[ \t]*$/s.exec(line);
    if (/^[ \t]*$/.test(line)) inside = false;
    else if (head !== null) {
      stanzas.push({ kind: head[1] ?? "", values: new Map() });
      inside = true;
    } else if (pair === null) return `line ${index + 1} is not valid in a cluster.conf`;
    else if (!inside) return `line ${index + 1} is outside of a stanza`;
    else stanzas.at(-1)?.values.set(pair[1] ?? "", (pair[2] ?? "").replaceAll("\t", " "));
  }
  const of = (kind: string) => stanzas.filter((one) => one.kind === kind).map((one) => one.values);
  const trouble = stanzas.map(faultOf).find((fault) => fault !== undefined);
  if (trouble !== undefined) return trouble;
  return {
    clusters: of("cluster").map((values) => ({
      name: values.get("name") ?? "",
      heartbeatMode: modeOf(values) === "global" ? "Global" : "Local",
    })),
    nodes: of("node").map((values) => ({
      cluster: values.get("cluster") ?? "",
      number: Number(values.get("number")),
      name: values.get("name") ?? "",
      address: values.get("ip_address") ?? "",
      port: Number(values.get("ip_port")),
    })),
    regions: of("heartbeat").map((values) => ({
      cluster: values.get("cluster") ?? "",
      region: values.get("region") ?? "",
    })),
  };
}

const modeOf = (values: ReadonlyMap<string, string>) => (values.get("heartbeat_mode") || "local").toLowerCase();

function faultOf({ kind, values }: { kind: string; values: ReadonlyMap<string, string> }): string | undefined {
  const has = (key: string) => (values.get(key) ?? "") !== "";
  const isNumber = (key: string) => /^\d+$/.test(values.get(key) ?? "");
  if (kind === "cluster") {
    if (!has("name")) return "a cluster has no name";
    if (!isNumber("node_count")) return "a cluster has no node_count";
    if (!["local", "global"].includes(modeOf(values)))
      return "the heartbeat_mode of a cluster is neither local nor global";
  }
  if (kind === "node" && !(isNumber("number") && isNumber("ip_port") && has("name") && has("ip_address")))
    return "a node lacks its number, ip_port, ip_address or name";
  return kind === "heartbeat" && !has("region") ? "a heartbeat has no region" : undefined;
}

/** One cluster of the file, with its nodes and heartbeat regions. */
export function parseCluster(
  text: string,
  name: string,
):
  | {
      readonly heartbeatMode: "Local" | "Global";
      readonly nodes: readonly Omit<ClusterNode, "local">[];
      readonly regions: readonly string[];
    }
  | undefined {
  const file = parseClusterFile(text);
  if (typeof file === "string") return undefined;
  const cluster = file.clusters.find((one) => one.name === name);
  if (cluster === undefined) return undefined;
  return {
    heartbeatMode: cluster.heartbeatMode,
    nodes: file.nodes
      .filter((node) => node.cluster === name)
      .map(({ number, name, address, port }) => ({ number, name, address, port })),
    regions: file.regions.filter((region) => region.cluster === name).map(({ region }) => region),
  };
}
