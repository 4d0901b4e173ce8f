import { liveNodes } from "../model/heartbeat.ts";
import { isSameName } from "../model/o2cb.ts";
import type { Cluster, ClusterNode } from "../model/o2cb-state.ts";
import type { ScriptRun } from "../script.ts";
import { refuse } from "./answer.ts";
import type { AskedCluster } from "./cluster-arguments.ts";

/** The end of a refusal. */
export const stillBeats = "but it still writes its heartbeat: unmount everything on it first";

/** The nodes in the order of their names, as a shell lists them. */
export const byName = ({ nodes }: Cluster): ClusterNode[] =>
  [...nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));

/** is_live */
export const isLive = ({ world, host }: ScriptRun, node: ClusterNode): boolean =>
  liveNodes(world, host).has(node.number);

/** require_live_kept */
export function requireLiveKept(run: ScriptRun, asked: AskedCluster): void {
  const { cluster } = run.host.running.o2cb;
  if (cluster === undefined) return;
  for (const node of byName(cluster)) {
    if (!isLive(run, node)) continue;
    const wanted = asked.nodes.find((one) => isSameName(one.name, node.name));
    if (wanted?.number === node.number) continue;
    const change = wanted === undefined ? "is no longer declared" : `is to be number ${wanted.number}`;
    refuse(run, "ClusterInUse", `node ${node.name} (number ${node.number}) ${change}, ${stillBeats}`);
  }
}
