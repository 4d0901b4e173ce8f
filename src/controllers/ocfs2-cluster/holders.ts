import type { Machine } from "../hosts/machine.ts";
import { currentFacts } from "../hosts/view.ts";
import type { World } from "../world.ts";
import type { Holder, NodeName } from "./observation.ts";

interface Known {
  readonly node: NodeName;
  readonly watched: Machine | undefined;
}

/**
 * The nodes that have a device mounted, and whether they write their heartbeat to it: any reader of the device sees
 * whether a node's heartbeat went on between two looks, long before the other nodes give that node up.
 */
export function seeHolders(world: World, device: string, nodes: readonly Known[]): Holder[] {
  return nodes.flatMap(({ node, watched }) => {
    const facts = currentFacts(watched?.agent.view);
    const mounting = watched === undefined ? undefined : world.heartbeats.mounting(watched, device);
    if (facts === undefined || mounting === undefined) return [];
    // A host that hangs on the device no longer reports what it has mounted.
    const seen = facts.sharedDevices.state === "known" ? mounting.seen : Number.POSITIVE_INFINITY;
    const silent = nodes.some((reader) => {
      if (reader.watched?.agent.view.state !== "Reachable") return false;
      const beating = world.heartbeats.beating(reader.watched, device);
      // The node must have had it mounted from the first of the two looks on.
      if (beating === undefined || mounting.since > beating.from || seen < beating.from) return false;
      return !beating.alive.includes(node.number);
    });
    return [{ host: node.host, since: mounting.since, silent }];
  });
}
