import type { Ocfs2Cluster } from "../../api/kinds.ts";
import { keyOf } from "../../runtime/kube-api.ts";
import { holderOf, ownerAmong } from "../gone/node-clusters.ts";
import { addressOf } from "../hosts/endpoint.ts";
import type { Machine } from "../hosts/machine.ts";
import { lastFacts } from "../hosts/view.ts";
import { refTo } from "../identity.ts";
import { clusterSpec } from "../specs.ts";
import type { World } from "../world.ts";
import { membership } from "./members.ts";
import type { NodeName, Rival } from "./observation.ts";

/**
 * Why a host cannot be a node of this cluster: it is another node already, or a node of another cluster. A machine that
 * may be another node counts as that node: two numbers for one machine would destroy the file system. A cluster of
 * another namespace that reaches the machine at another address counts if the machine itself names it.
 */
export function seeRival(
  world: World,
  cluster: Ocfs2Cluster,
  names: readonly NodeName[],
  node: NodeName,
  watched: Machine | undefined,
): Rival | undefined {
  if (watched === undefined) return undefined;
  const { namespace = "" } = cluster.metadata;
  const machine = machinesLike(world, watched);
  // The number under which the machine runs counts first, so that a former node leaves before its successor joins.
  const isNow = (one: NodeName) => numberOn(cluster, one.name, machine) === one.number;
  const precedes = (one: NodeName, other: NodeName) =>
    isNow(one) === isNow(other) ? names.indexOf(one) < names.indexOf(other) : isNow(one);
  const twin = names.find((other) => {
    if (other === node || !precedes(other, node)) return false;
    const host = world.machines.of(refTo("XenHost", namespace, other.host));
    return host !== undefined && machine.includes(host);
  });
  if (twin !== undefined)
    return {
      reason: "SameMachine",
      message: twin.listed
        ? `is the same machine as ${twin.host}: remove one of the two nodes`
        : `is the same machine as ${twin.host}, which must leave first`,
    };
  const holder = holderOf(watched);
  const own = `${namespace}/${cluster.metadata.name}`;
  if (holder === own) return undefined;
  const listing = (hosts: readonly Machine[]) => hosts.flatMap((host) => clustersOn(world, host));
  const named = listing(world.machines.sameAs(watched)).filter((other) => nameOf(other) === holder);
  const rival = ownerAmong([cluster, ...listing(machine), ...named], holder);
  if (rival === undefined || nameOf(rival) === own) return undefined;
  return {
    reason: "NodeInOtherCluster",
    message: `is a node of Ocfs2Cluster ${nameOf(rival)}, and a host can be in only one cluster: remove it from one of the two`,
  };
}

const nameOf = ({ metadata: { namespace = "", name } }: Ocfs2Cluster) => `${namespace}/${name}`;

/** The number under which the machine is a node of the cluster, as its last look showed. */
function numberOn(cluster: Ocfs2Cluster, name: string, machine: readonly Machine[]): number | undefined {
  const parsed = clusterSpec(cluster);
  if (!parsed.ok) return undefined;
  const { clusterName } = parsed.spec;
  for (const { agent } of machine) {
    const facts = lastFacts(agent.view);
    const { number } = (facts && membership(facts, keyOf(cluster), { clusterName, name })) ?? {};
    if (number !== undefined) return number;
  }
  return undefined;
}

/** The machines that are or may be this one, and those at its address, including itself. */
function machinesLike(world: World, host: Machine): Machine[] {
  const address = addressOf(host.endpoint.ssh);
  const same = new Set([host, ...world.machines.mayBe(host)]);
  for (const other of world.machines.all()) if (addressOf(other.endpoint.ssh) === address) same.add(other);
  return [...same];
}

function clustersOn(world: World, host: Machine): Ocfs2Cluster[] {
  return [...host.members.keys()].flatMap(({ kind, namespace, name }) =>
    kind === "XenHost" ? world.stores.clusters.byIndex("host", `${namespace}/${name}`) : [],
  );
}
