import type { ClusterNode } from "./o2cb-state.ts";

/** /etc/ocfs2/cluster.conf as the tools read it. */
export interface ClusterFile {
  readonly clusters: readonly { readonly name: string; readonly heartbeatMode: "Local" | "Global" }[];
  readonly nodes: readonly (Omit<ClusterNode, "local"> & { readonly cluster: string })[];
  readonly regions: readonly { readonly cluster: string; readonly region: string }[];
}

/** Stanzas of `key = value`; a string is why the tools cannot read it. */
export function parseClusterFile(text: string): ClusterFile | string {
  const stanzas: { kind: string; values: Map<string, string> }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const head = /^([a-z]+):\s*$/.exec(line);
    const pair = /^\s+([a-z_]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (head !== null) stanzas.push({ kind: head[1] ?? "", values: new Map() });
    else if (pair === null) return `line ${index + 1} is no part of a cluster.conf`;
    else if (stanzas.length === 0) return `line ${index + 1} stands outside of a stanza`;
    else stanzas.at(-1)?.values.set(pair[1] ?? "", pair[2] ?? "");
  }
  const of = (kind: string) => stanzas.filter((one) => one.kind === kind).map((one) => one.values);
  const isNumber = (value: string | undefined) => /^\d+$/.test(value ?? "");
  for (const values of of("cluster")) {
    if (!values.has("name")) return "a cluster has no name";
    if (!isNumber(values.get("node_count"))) return "a cluster has no node_count";
  }
  const lacking = of("node").some(
    (values) => !isNumber(values.get("number")) || !isNumber(values.get("ip_port")) || !values.has("name"),
  );
  if (lacking) return "a node lacks its number, ip_port or name";
  return {
    clusters: of("cluster").map((values) => ({
      name: values.get("name") ?? "",
      heartbeatMode: values.get("heartbeat_mode") === "global" ? "Global" : "Local",
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

/** One cluster of the file, with what belongs to it. */
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
