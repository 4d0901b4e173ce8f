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
  for (const line of text.split("\n")) {
    if (/^\s*(#|$)/.test(line)) continue;
    const head = /^(\w+):\s*$/.exec(line);
    const pair = /^\s+(\w+)\s*=\s*(.*?)\s*$/.exec(line);
    if (head !== null) stanzas.push({ kind: head[1] ?? "", values: new Map() });
    else if (pair !== null && stanzas.length > 0) stanzas.at(-1)?.values.set(pair[1] ?? "", pair[2] ?? "");
    else return `a line that is neither a stanza nor a value: ${line.trim()}`;
  }
  const of = (kind: string) => stanzas.filter((one) => one.kind === kind).map((one) => one.values);
  const incomplete = of("cluster").find((values) => !values.has("node_count") || !values.has("name"));
  if (incomplete !== undefined) return "Unknown code ____ 234";
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
