import type { Ocfs2Cluster } from "../../api/kinds.ts";
import { keyOf, keyString, type ObjectKey } from "../../runtime/kube-api.ts";
import type { Machine } from "../hosts/machine.ts";
import { lastFacts } from "../hosts/view.ts";
import { isOlder, markedName, refTo } from "../identity.ts";
import type { World } from "../world.ts";

/** Of the clusters that list one host, the one that has it as its node: the one that the host names, else the oldest. */
export function ownerAmong(clusters: readonly Ocfs2Cluster[], holder: string | undefined): Ocfs2Cluster | undefined {
  const named = clusters.find((one) => keyString(keyOf(one)) === holder);
  return named ?? clusters.toSorted((one, other) => (isOlder(one, other) ? -1 : 1))[0];
}

/** `namespace/name` of the cluster whose mark is in the host's cluster.conf. */
export function holderOf(host: Machine): string | undefined {
  const o2cb = lastFacts(host.agent.view)?.o2cb;
  const configuration = o2cb?.state === "known" ? o2cb.value.configuration : undefined;
  return configuration?.state === "Readable" ? markedName(configuration.owner) : undefined;
}

/**
 * The clusters whose heartbeat and timeouts tell whether a XenHost is dead: those that list it, without those that were
 * refused it and never had it (NodeInOtherCluster). Whoever creates such a cluster could otherwise prevent the proof.
 * Counts: the cluster that the host named in its last facts; every cluster whose status says that the host had a file
 * system of it mounted, also where the host told this process nothing; if there is none of either, the oldest. A host
 * without a machine is refused nowhere, so all count. `asking`: counts as well, because a cluster must know about its
 * own devices.
 */
export function nodeClusters(world: World, key: ObjectKey, asking?: ObjectKey): readonly Ocfs2Cluster[] {
  const listing = world.stores.clusters.byIndex("host", keyString(key));
  const machine = world.machines.of(refTo("XenHost", key.namespace, key.name));
  if (listing.length < 2 || machine === undefined) return listing;
  const holder = holderOf(machine);
  const had = listing.filter((one) => keyString(keyOf(one)) === holder || hadMounted(one, key.name));
  const counting = new Set(had.length > 0 ? had : [ownerAmong(listing, undefined)]);
  return listing.filter(
    (one) => counting.has(one) || (asking !== undefined && keyString(keyOf(one)) === keyString(asking)),
  );
}

/** No status says so of a host that the cluster was refused; `status.nodes` lists that host too. */
const hadMounted = ({ status }: Ocfs2Cluster, host: string): boolean =>
  (status?.filesystems ?? []).some(({ nodes = [] }) =>
    nodes.some(({ hostRef, state, bootID }) => hostRef.name === host && (state === "Mounted" || bootID !== undefined)),
  );
