import type { Ocfs2Cluster } from "../api/kinds.ts";
import { keyString, type ObjectKey } from "../runtime/kube-api.ts";
import { directivesOf } from "./directives.ts";
import type { Fleet } from "./fleet.ts";
import { idOf } from "./names.ts";
import { clusterSpec } from "./specs.ts";

/**
 * What is proved of a XenHost that cannot be asked. Silence of SSH proves nothing, and a beating node is alive whatever SSH
 * says. `Forgotten`: a person's word (`xensan.dev/forget`) for this boot of the machine, which no heartbeat contradicts.
 */
export type Gone =
  | { readonly kind: "Unproved" }
  | { readonly kind: "Beats"; readonly message: string }
  | { readonly kind: "Forgotten"; readonly bootId: string; readonly hostname: string };

export function goneOf(fleet: Fleet, key: ObjectKey): Gone {
  const object = fleet.stores.hosts.get(key);
  const view = fleet.feed.of(idOf("XenHost", key.namespace, key.name))?.watcher.view;
  if (object === undefined || view?.state !== "Unreachable") return { kind: "Unproved" };
  const message = heartbeatHeard(fleet, key);
  if (message !== undefined) return { kind: "Beats", message };
  const { bootID, hostname } = object.status?.facts ?? {};
  const { forgotten } = directivesOf(object.metadata);
  if (bootID === undefined || hostname === undefined || forgotten !== bootID) return { kind: "Unproved" };
  return { kind: "Forgotten", bootId: bootID, hostname };
}

/** How old the younger of two looks may be that show a heartbeat: some probe intervals. */
const recentMs = 180_000;

/** Which other node hears the heartbeat of a XenHost on a shared device, in words; undefined: none that can be asked. */
export function heartbeatHeard(fleet: Fleet, key: ObjectKey): string | undefined {
  for (const cluster of fleet.stores.clusters.byIndex("host", keyString(key))) {
    const nodes = nodesOf(cluster);
    const number = nodes.find(({ host }) => host === key.name)?.number;
    if (number === undefined) continue;
    for (const device of (cluster.status?.filesystems ?? []).flatMap((one) => one.device ?? []))
      for (const { host } of nodes) {
        const listener = host === key.name ? undefined : fleet.feed.of(idOf("XenHost", key.namespace, host));
        if (listener?.watcher.view.state !== "Reachable") continue;
        const beating = fleet.heartbeats.beating(listener, device);
        if (beating === undefined || !beating.alive.includes(number)) continue;
        if (fleet.clock.monotonic() - beating.until > recentMs) continue;
        return `XenHost/${host} sees the heartbeat of node ${number} (${key.name}) on ${device}: the machine runs`;
      }
  }
  return undefined;
}

/** Nodes of the spec, and former ones that have not left yet. */
function nodesOf(cluster: Ocfs2Cluster): { readonly host: string; readonly number: number }[] {
  const parsed = clusterSpec(cluster);
  const listed = parsed.ok ? parsed.spec.nodes.map(({ hostRef, number }) => ({ host: hostRef.name, number })) : [];
  return [...listed, ...(cluster.status?.nodes ?? []).map(({ host, number }) => ({ host, number }))];
}
