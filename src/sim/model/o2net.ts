import type { Interface } from "./hardware.ts";
import { canCarry, reaches } from "./network.ts";
import { type ClusterNode, localNode } from "./o2cb-state.ts";
import type { Host, World } from "./state.ts";

/** The interface that has the address; all interfaces on hosts of a rack without addresses. */
function interfacesOf(host: Host, address: string): Interface[] {
  const all = [...host.interfaces.values()];
  const named = all.filter((nic) => nic.address.split("/")[0] === address);
  return named.length > 0 ? named : all;
}

/** Whether packets pass between two nodes, by the addresses in the cluster's configuration. */
export function packetsPass(world: World, a: Host, nodeA: ClusterNode, b: Host, nodeB: ClusterNode): boolean {
  return interfacesOf(a, nodeA.address).some((out) =>
    interfacesOf(b, nodeB.address).some((into) => reaches(world, a, out, b, into) && reaches(world, b, into, a, out)),
  );
}

/** Whether an interface of the node is down or unplugged, or any host pair is split: only then pairs need a check. */
export function isSuspicious(world: World, host: Host): boolean {
  if (world.splits.size > 0) return true;
  return [...host.interfaces.values()].some((nic) => !canCarry(host, nic));
}

const sameNode = (a: ClusterNode | undefined, b: ClusterNode | undefined) =>
  a?.number === b?.number && a?.address === b?.address && a?.port === b?.port;

/** Whether both list exactly the same nodes: otherwise the second to mount is refused by the domain (error 22). */
export function sameNodes(a: Host, b: Host): boolean {
  const [mine, theirs] = [a.running.o2cb.cluster, b.running.o2cb.cluster];
  if (mine === undefined || theirs === undefined || mine.nodes.size !== theirs.nodes.size) return false;
  return [...mine.nodes.values()].every((node) => sameNode(node, theirs.nodes.get(node.number)));
}

/** Whether two hosts have, or could have, an o2net connection: same cluster, nodes and timeouts, and packets pass. */
export function connected(world: World, a: Host, b: Host): boolean {
  const [mine, theirs] = [a.running.o2cb.cluster, b.running.o2cb.cluster];
  if (mine === undefined || theirs === undefined || b.power !== "On" || a.power !== "On") return false;
  const [nodeA, nodeB] = [localNode(mine), localNode(theirs)];
  if (nodeA === undefined || nodeB === undefined || mine.name !== theirs.name) return false;
  if (!sameNode(mine.nodes.get(nodeB.number), nodeB) || !sameNode(theirs.nodes.get(nodeA.number), nodeA)) return false;
  const agree = mine.idle === theirs.idle && mine.keepalive === theirs.keepalive && mine.threshold === theirs.threshold;
  return agree && packetsPass(world, a, nodeA, b, nodeB);
}
