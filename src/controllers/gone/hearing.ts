import type { Ocfs2Cluster } from "../../api/kinds.ts";
import type { ObjectKey } from "../../runtime/kube-api.ts";
import type { Machine } from "../hosts/machine.ts";
import { refTo } from "../identity.ts";
import { clusterSpec } from "../specs.ts";
import type { World } from "../world.ts";
import { reads } from "./heartbeats.ts";
import { nodeClusters } from "./node-clusters.ts";

/** Whether the other nodes of its clusters hear a XenHost's heartbeat on the devices that they share. */
export type Hearing =
  | { readonly kind: "Heard"; readonly message: string; readonly witnesses: readonly Machine[] }
  /** These machines may hear it, and have not listened long enough; or who may hear it cannot be asked. */
  | { readonly kind: "Unsure"; readonly message: string; readonly witnesses: readonly Machine[] }
  /** No machine that can be probed hears it, and none that cannot be probed counts. */
  | { readonly kind: "Silent" };

/** How old the younger of the two looks that show a heartbeat may be: some probe intervals. */
const recentMs = 180_000;

/**
 * Whether a XenHost's heartbeat is heard. `silentMs`: how long each listener must have heard nothing; 0: two looks
 * suffice. `mayBeUp`: whether a listener that does not answer may be running. If nobody else listens to a file system,
 * such a listener leaves it unsure; without this function it does not count. `asking`: as for {@link nodeClusters}.
 */
export function hearingOf(
  world: World,
  key: ObjectKey,
  silentMs = 0,
  mayBeUp: (listener: ObjectKey) => boolean = () => false,
  asking?: ObjectKey,
): Hearing {
  const witnesses = new Set<Machine>();
  let unsure = "";
  for (const cluster of nodeClusters(world, key, asking)) {
    const numbers = numbersOf(cluster, key.name);
    for (const { device, uuid } of cluster.status?.filesystems ?? []) {
      if (device === undefined) continue;
      let away: string | undefined;
      let listeners = 0;
      for (const { host } of nodesOf(cluster)) {
        const listener = host === key.name ? undefined : world.machines.of(refTo("XenHost", key.namespace, host));
        if (listener === undefined) continue;
        const { view } = listener.agent;
        // Nobody has mounted a file system without a UUID.
        if (view.state === "Unreachable" && uuid !== undefined && mayBeUp({ namespace: key.namespace, name: host }))
          away ??= `XenHost ${host}, which may see the heartbeat of ${key.name} on ${device}, cannot be reached (${view.reason}): repair its network or SSH, or, when that machine is off, run xensan forget ${host}`;
        if (view.state !== "Pending" && !reads(listener, device)) continue;
        listeners++;
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
      if (listeners === 0) unsure ||= away ?? "";
    }
  }
  return unsure === "" ? { kind: "Silent" } : { kind: "Unsure", message: unsure, witnesses: [...witnesses] };
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
