import type { Ocfs2Cluster } from "../../api/kinds.ts";
import type { IndexFunction } from "../../runtime/store.ts";
import { keysIn } from "../identity.ts";
import { clusterSpec } from "../specs.ts";

/** How clusters are found; a node that left the spec counts until it has left the cluster. */
export const clusterIndexes = {
  /** `namespace/host` */
  host: (cluster: Ocfs2Cluster) => {
    const parsed = clusterSpec(cluster);
    const nodes = parsed.ok ? parsed.spec.nodes.map(({ hostRef }) => hostRef.name) : [];
    return keysIn(cluster, [...nodes, ...(cluster.status?.nodes ?? []).map(({ hostRef }) => hostRef.name)]);
  },
  /** `namespace/volume` */
  volume: (cluster: Ocfs2Cluster) => {
    const parsed = clusterSpec(cluster);
    const names = parsed.ok ? parsed.spec.filesystems.map(({ volumeRef }) => volumeRef.name) : [];
    const former = (cluster.status?.filesystems ?? []).map(({ volumeRef }) => volumeRef?.name);
    return keysIn(cluster, [...names, ...former]);
  },
} satisfies Record<string, IndexFunction<Ocfs2Cluster>>;
