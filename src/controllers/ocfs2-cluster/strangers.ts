import type { HostFacts } from "../../host/facts.ts";
import { reads, type Watched } from "../heartbeats.ts";
import type { World } from "../world.ts";
import type { NodeName, Strangers } from "./observation.ts";

/** A machine, and how many commands it executes now. */
interface Busy extends Watched {
  readonly agent: Watched["agent"] & { readonly lanes: { readonly active: number } };
}

interface Known {
  readonly node: Pick<NodeName, "number">;
  readonly watched: Busy | undefined;
}

/**
 * Who writes heartbeats to a device without being a node of ours that has it mounted. Two looks of one host tell that a
 * number is alive; a look at the node of that number that began after them, and that told its mounts and O2CB, tells whether
 * it is that node.
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

/** A node that fenced itself wrote heartbeats after its last look. */
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
    // It cannot be reached: it may well have it mounted.
    if (watched === undefined || view?.state !== "Reachable") return "Ours";
    const writtenAt = world.heartbeats.writtenAt(watched, device);
    if (writtenAt !== undefined && writtenAt >= from - graceMs) return "Ours";
    if (!tells(view.snapshot.facts, device)) return "Unsure";
    if (view.snapshot.startedAt < since || watched.agent.lanes.active > 0) return "Unsure";
  }
  return "Stranger";
}

/** Whether the host said if it writes heartbeats to the device: by a mount of its own, or in a global heartbeat. */
function tells({ sharedDevices, o2cb }: HostFacts, device: string): boolean {
  if (sharedDevices.state === "unknown" || o2cb.state === "unknown") return false;
  return sharedDevices.state === "absent" || sharedDevices.value.some(({ path }) => path === device);
}
