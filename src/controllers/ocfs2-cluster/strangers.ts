import type { HostFacts } from "../../host/facts.ts";
import { reads, type Watched } from "../gone/heartbeats.ts";
import type { World } from "../world.ts";
import type { NodeName, Strangers } from "./observation.ts";

/** A machine, with the number of its active jobs. */
interface Busy extends Watched {
  readonly agent: Watched["agent"] & { readonly lanes: { readonly active: number } };
}

interface Known {
  readonly node: Pick<NodeName, "number">;
  readonly watched: Busy | undefined;
}

/**
 * Finds hosts that write heartbeats to a device and are not nodes of ours that have it mounted. Two looks of one host
 * show that a node number is alive; a look at the node of that number that began after them, and that reported its
 * mounts and O2CB, shows whether it is that node.
 */
export function seeStrangers(world: Pick<World, "heartbeats">, device: string, nodes: readonly Known[]): Strangers {
  const alive = new Set<number>();
  let looked = false;
  let unsure = false;
  for (const { watched } of nodes) {
    if (watched === undefined || !reads(watched, device)) continue;
    const beating = world.heartbeats.beating(watched, device);
    if (beating === undefined) continue;
    looked = true;
    for (const number of beating.alive) {
      const since = world.heartbeats.aliveSince(watched, device, number) ?? Number.POSITIVE_INFINITY;
      const who = explain(world, device, nodes, number, { from: beating.from, since });
      if (who === "Stranger") alive.add(number);
      if (who === "Unsure") unsure = true;
    }
  }
  if (alive.size > 0) return { kind: "Alive", numbers: [...alive].sort((one, other) => one - other) };
  return looked && !unsure ? { kind: "None" } : { kind: "Unsure" };
}

/** For how long a node may have written heartbeats after its last look, before it fenced itself, milliseconds. */
const graceMs = 120_000;

function explain(
  world: Pick<World, "heartbeats">,
  device: string,
  nodes: readonly Known[],
  number: number,
  { from, since }: { readonly from: number; readonly since: number },
): "Ours" | "Stranger" | "Unsure" {
  const holders = nodes.filter(({ node }) => node.number === number);
  if (holders.length === 0) return "Stranger";
  for (const { watched } of holders) {
    const view = watched?.agent.view;
    // The node does not answer: it may well have the device mounted.
    if (watched === undefined || view?.state !== "Reachable") return "Ours";
    const writtenAt = world.heartbeats.writtenAt(watched, device);
    if (writtenAt !== undefined && writtenAt >= from - graceMs) return "Ours";
    if (!tells(view.snapshot.facts, device)) return "Unsure";
    if (view.snapshot.startedAt < since || watched.agent.lanes.active > 0) return "Unsure";
  }
  return "Stranger";
}

/** Whether the host reported if it writes heartbeats to the device: through a mount, or as a global heartbeat. */
function tells({ sharedDevices, o2cb }: HostFacts, device: string): boolean {
  if (sharedDevices.state === "unknown" || o2cb.state === "unknown") return false;
  return sharedDevices.state === "absent" || sharedDevices.value.some(({ path }) => path === device);
}
