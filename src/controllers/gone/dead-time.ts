import type { Ocfs2Cluster } from "../../api/kinds.ts";
import type { ObjectKey } from "../../runtime/kube-api.ts";
import { currentFacts } from "../hosts/view.ts";
import { refTo } from "../identity.ts";
import { clusterSpec } from "../specs.ts";
import type { World } from "../world.ts";
import { nodesOf } from "./hearing.ts";
import { nodeClusters } from "./node-clusters.ts";

/**
 * The dead times of a cluster in milliseconds: (threshold - 1) · 2 s. The shortest and the longest, over the spec and
 * over what the reachable nodes use now.
 */
export function deadTimes(
  world: World,
  cluster: Ocfs2Cluster,
): { readonly shortest: number; readonly longest: number } {
  const parsed = clusterSpec(cluster);
  const thresholds = parsed.ok ? [parsed.spec.timeouts.heartbeatThreshold] : [];
  for (const { host } of nodesOf(cluster)) {
    const watched = world.machines.of(refTo("XenHost", cluster.metadata.namespace ?? "", host));
    const o2cb = currentFacts(watched?.agent.view)?.o2cb;
    const active = o2cb?.state === "known" ? o2cb.value.active : undefined;
    if (active !== undefined) thresholds.push(active.heartbeatThreshold);
  }
  const times = thresholds.map((threshold) => (threshold - 1) * 2_000);
  return { shortest: Math.min(...times), longest: Math.max(...times) };
}

/** The watchdog of a XenHost must take less than this: the shortest dead time in ms. Undefined: the host is no node. */
export function watchdogBound(world: World, key: ObjectKey): number | undefined {
  const clusters = nodeClusters(world, key);
  if (clusters.length === 0) return undefined;
  return Math.min(...clusters.map((cluster) => deadTimes(world, cluster).shortest));
}
