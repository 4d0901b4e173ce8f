import type { Ocfs2Cluster } from "../../api/kinds.ts";
import { keyString, type ObjectKey } from "../../runtime/kube-api.ts";
import type { Machine } from "../hosts/machine.ts";
import { refTo } from "../identity.ts";
import { clusterSpec } from "../specs.ts";
import type { World } from "../world.ts";
import { reads } from "./heartbeats.ts";

/** Whether the other nodes of its clusters hear a XenHost's heartbeat on the devices that they share. */
export type Hearing =
  | { readonly kind: "Heard"; readonly message: string; readonly witnesses: readonly Machine[] }
  /** These machines may hear it, and have not listened long enough. */
  | { readonly kind: "Unsure"; readonly message: string; readonly witnesses: readonly Machine[] }
  /** No machine that can be probed hears it, or none can be probed. */
  | { readonly kind: "Silent" };

/**
 * Why a machine may be running whose XenHost does not exist, or was never reached: another node hears its heartbeat, or
 * has not listened long enough. Undefined: none hears it. After a restore a XenHost may be applied later than the rest.
 */
export function heardWithoutHost(world: World, key: ObjectKey): string | undefined {
  const hearing = hearingOf(world, key);
  return hearing.kind === "Silent" ? undefined : hearing.message;
}

/** How old the younger of the two looks that show a heartbeat may be: some probe intervals. */
const recentMs = 180_000;

/**
 * Whether a XenHost's heartbeat is heard. `silentMs`: how long each listener must have heard nothing; 0: two looks
 * suffice.
 */
export function hearingOf(world: World, key: ObjectKey, silentMs = 0): Hearing {
  const witnesses = new Set<Machine>();
  let unsure = "";
  for (const cluster of world.stores.clusters.byIndex("host", keyString(key))) {
    const numbers = numbersOf(cluster, key.name);
    for (const device of (cluster.status?.filesystems ?? []).flatMap((one) => one.device ?? []))
      for (const { host } of nodesOf(cluster)) {
        const listener = host === key.name ? undefined : world.machines.of(refTo("XenHost", key.namespace, host));
        if (listener === undefined) continue;
        const asked = listener.agent.view.state !== "Pending";
        if (asked && !reads(listener, device)) continue;
        const beating = world.heartbeats.beating(listener, device);
        const recent = beating !== undefined && world.clock.monotonic() - beating.until <= recentMs;
        for (const number of numbers) {
          const about = `the heartbeat of node ${number} (${key.name}) on ${device}`;
          if (recent && beating.alive.includes(number))
            return {
              kind: "Heard",
              message: `XenHost ${host} sees ${about}: the machine is running`,
              witnesses: [listener],
            };
          // What an old look shows proves nothing about now.
          if (recent && (world.heartbeats.silentMs(listener, device, number) ?? 0) >= silentMs) continue;
          const long = silentMs === 0 ? "in two probes" : `for ${silentMs / 1_000} s`;
          unsure = `XenHost ${host} must see no change in ${about} ${long}`;
          witnesses.add(listener);
        }
      }
  }
  return witnesses.size === 0 ? { kind: "Silent" } : { kind: "Unsure", message: unsure, witnesses: [...witnesses] };
}

/** Nodes of the spec, and former nodes that have not left yet. */
export function nodesOf(cluster: Ocfs2Cluster): { readonly host: string; readonly number: number }[] {
  const parsed = clusterSpec(cluster);
  const listed = parsed.ok ? parsed.spec.nodes.map(({ hostRef, number }) => ({ host: hostRef.name, number })) : [];
  return [...listed, ...(cluster.status?.nodes ?? []).map(({ hostRef: { name: host }, number }) => ({ host, number }))];
}

/**
 * The numbers under which a host may write its heartbeat: that of the spec, and the former one until the node has left.
 */
export const numbersOf = (cluster: Ocfs2Cluster, host: string): number[] => [
  ...new Set(nodesOf(cluster).flatMap((node) => (node.host === host ? [node.number] : []))),
];
