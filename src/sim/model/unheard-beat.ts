import type { Ocfs2Volume } from "./content.ts";
import { localNode } from "./o2cb-state.ts";
import { regionName } from "./ocfs2-volume.ts";
import type { Host } from "./state.ts";

/** How long two looks at the heartbeats are apart: a node writes every two seconds. */
const apartMs = 5_000;

/**
 * unheard_beat of unheard-beat.sh: the number of a node that writes to the volume now and that the kernel of the host would not
 * hear: it is not registered there, or has the number of the host, which does not write there itself.
 */
export function* unheardBeat(host: Host, volume: Ocfs2Volume | undefined): Generator<number, number | undefined> {
  const { cluster, regions } = host.running.o2cb;
  if (volume === undefined || cluster === undefined || volume.beats.size === 0) return undefined;
  yield apartMs;
  const own = localNode(cluster)?.number;
  const beats = regions.has(regionName(volume.uuid));
  return [...volume.beats]
    .sort(([one], [other]) => one - other)
    .find(([node, { until }]) => until === undefined && (!cluster.nodes.has(node) || (node === own && !beats)))?.[0];
}
