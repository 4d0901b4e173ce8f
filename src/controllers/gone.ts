import type { XenHost } from "../api/kinds.ts";
import type { HostFacts } from "../host/facts.ts";
import { keyString, type ObjectKey } from "../runtime/kube-api.ts";
import { nodesOf } from "./dead-time.ts";
import { directivesOf } from "./directives.ts";
import type { Machine } from "./hosts/machine.ts";
import { refTo } from "./identity.ts";
import { storageDeath } from "./storage-death.ts";
import type { World } from "./world.ts";

/**
 * What is proved of a XenHost that cannot be asked. Silence of SSH proves nothing, and a beating node is alive whatever SSH
 * says. `Forgotten`: a person's word (`xensan.dev/forget`) for this boot of the machine, which no heartbeat contradicts.
 * `Dead`: its storage shows that this boot has ended.
 */
export type Gone =
  | {
      readonly kind: "Unproved";
      /** What is missing, or what a person can say; empty for a host that answers. */
      readonly why: string;
      /** Hosts whose next looks may prove it; undefined where none can. */
      readonly witnesses: readonly Machine[] | undefined;
    }
  | { readonly kind: "Beats"; readonly message: string; readonly witnesses: readonly Machine[] }
  | Ended;

/** A boot that has ended, with everything that ran in it. */
export interface Ended {
  readonly kind: "Forgotten" | "Dead";
  readonly bootId: string;
  readonly hostname: string;
  /** Evidence for the proof. */
  readonly message: string;
}

const unproved: Gone = { kind: "Unproved", why: "", witnesses: undefined };

/** The boot has ended, by proof or by a person's word. */
export const hasEnded = (gone: Gone): gone is Ended => gone.kind === "Forgotten" || gone.kind === "Dead";

/** What is proved now of a XenHost; `Unproved` for one that answers. */
export function goneOf(world: World, key: ObjectKey): Gone {
  const object = world.stores.hosts.get(key);
  const view = world.machines.of(refTo("XenHost", key.namespace, key.name))?.agent.view;
  if (object === undefined || view?.state !== "Unreachable") return unproved;
  // Somebody answers there, and who it is decides.
  if (view.reason === "MachineChanged") return unproved;
  const heard = heartbeatHeard(world, key);
  if (heard !== undefined) return { kind: "Beats", message: heard.message, witnesses: [heard.by] };
  const { bootID, hostname } = object.status?.facts ?? {};
  if (bootID === undefined || hostname === undefined) return unproved;
  return forgotten(object, bootID, hostname) ?? dead(world, object, bootID, hostname, view.last?.facts);
}

function forgotten({ metadata }: XenHost, bootId: string, hostname: string): Gone | undefined {
  if (directivesOf(metadata).forgotten !== bootId) return undefined;
  const message = `xensan.dev/forget declares that boot ${bootId} has ended, and no node sees its heartbeat`;
  return { kind: "Forgotten", bootId, hostname, message };
}

function dead(world: World, object: XenHost, bootId: string, hostname: string, last: HostFacts | undefined): Gone {
  const { proof } = object.status ?? {};
  const death = storageDeath(world, object, proof?.kind === "StorageDeath" && proof.bootID === bootId, last);
  if (death.kind === "Proved") return { kind: "Dead", bootId, hostname, message: death.message };
  return { kind: "Unproved", why: death.message, witnesses: death.kind === "Open" ? death.witnesses : undefined };
}

/** How old the younger of two looks may be that show a heartbeat: some probe intervals. */
const recentMs = 180_000;

/** Which other node hears the heartbeat of a XenHost on a shared device; undefined: none that can be asked. */
function heartbeatHeard(world: World, key: ObjectKey): { readonly message: string; readonly by: Machine } | undefined {
  for (const cluster of world.stores.clusters.byIndex("host", keyString(key))) {
    const nodes = nodesOf(cluster);
    const number = nodes.find(({ host }) => host === key.name)?.number;
    if (number === undefined) continue;
    for (const device of (cluster.status?.filesystems ?? []).flatMap((one) => one.device ?? []))
      for (const { host } of nodes) {
        const listener = host === key.name ? undefined : world.machines.of(refTo("XenHost", key.namespace, host));
        if (listener?.agent.view.state !== "Reachable") continue;
        const beating = world.heartbeats.beating(listener, device);
        if (beating === undefined || !beating.alive.includes(number)) continue;
        if (world.clock.monotonic() - beating.until > recentMs) continue;
        const message = `XenHost/${host} sees the heartbeat of node ${number} (${key.name}) on ${device}: the machine is running`;
        return { message, by: listener };
      }
  }
  return undefined;
}
