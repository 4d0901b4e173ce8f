import { type Ocfs2Cluster, ocfs2Clusters } from "../../api/kinds.ts";
import { keyOf, keyString } from "../../runtime/kube-api.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import type { IndexFunction } from "../../runtime/store.ts";
import { targetOf } from "../aoe-volume/export-parameters.ts";
import type { Machine } from "../hosts/machine.ts";
import { keysIn, type ObjectRef, refsIn, refsOf } from "../identity.ts";
import { clusterSpec, volumeSpec } from "../specs.ts";
import { type Controlled, hostsIn, onChange, own, requestChanged } from "../watch.ts";
import type { Stores, World } from "../world.ts";

const refs = (clusters: readonly Ocfs2Cluster[]) => refsOf("Ocfs2Cluster", clusters);

/** What wakes Ocfs2Clusters. */
export const watchClusters = (world: World, reconciler: Reconciler): Controlled => {
  const { clusters, hosts, volumes } = world.stores;
  return {
    kind: "Ocfs2Cluster",
    objects: own(ocfs2Clusters, clusters),
    watches: [
      onChange(hosts, (host) => refs(clusters.byIndex("host", keyString(keyOf(host))))),
      onChange(volumes, (volume) => refs(clusters.byIndex("volume", keyString(keyOf(volume))))),
      // The nodes have not been probed for this device yet.
      onChange(
        volumes,
        (volume) => (volumeSpec(volume).ok ? refs(clusters.byIndex("volume", keyString(keyOf(volume)))) : []),
        { when: requestChanged, looksAgain: true },
      ),
      // A volume or a host belongs to one cluster only, so wake the clusters that share one.
      onChange(clusters, (cluster) => {
        const { namespace } = keyOf(cluster);
        const parsed = clusterSpec(cluster);
        const { nodes = [], filesystems = [] } = parsed.ok ? parsed.spec : {};
        return refs([
          ...nodes.flatMap(({ hostRef: { name } }) => clusters.byIndex("host", keyString({ namespace, name }))),
          ...filesystems.flatMap(({ volumeRef: { name } }) =>
            clusters.byIndex("volume", keyString({ namespace, name })),
          ),
        ]);
      }),
    ],
    onLook: (look) => refs(hostsIn(look).flatMap((host) => clusters.byIndex("host", keyString(host)))),
    machines: (object) => machinesOf(world, clusters.get(object)),
    questions: (member) => (member.kind === "XenHost" ? placesOn(world.stores, member) : {}),
    reconciler,
  };
};

/** The machines of a cluster's nodes. */
export const machinesOf = ({ machines }: World, cluster: Ocfs2Cluster | undefined): Machine[] =>
  nodeHosts(cluster).flatMap((host) => machines.of(host) ?? []);

/**
 * The machines that a cluster changes: its nodes share configuration and heartbeats, and its servers hold the disks.
 */
export function concernedBy(world: World, cluster: Ocfs2Cluster): Machine[] {
  const { namespace = "" } = cluster.metadata;
  const parsed = clusterSpec(cluster);
  const servers = (parsed.ok ? parsed.spec.filesystems : []).flatMap(({ volumeRef: { name } }) => {
    const volume = world.stores.volumes.get({ namespace, name });
    const spec = volume && volumeSpec(volume);
    return spec?.ok === true ? refsIn(cluster, "AoeServer", [spec.spec.serverRef.name]) : [];
  });
  return [...machinesOf(world, cluster), ...servers.flatMap((server) => world.machines.of(server) ?? [])];
}

/** The XenHosts that are nodes of a cluster, or have not left it yet. */
export function nodeHosts(cluster: Ocfs2Cluster | undefined): ObjectRef[] {
  if (cluster === undefined) return [];
  const parsed = clusterSpec(cluster);
  const listed = parsed.ok ? parsed.spec.nodes.map(({ hostRef }) => hostRef.name) : [];
  return refsIn(
    cluster,
    "XenHost",
    new Set([...listed, ...(cluster.status?.nodes ?? []).map(({ hostRef }) => hostRef.name)]),
  );
}

/** Devices and mount points that clusters have on a node, or had and may still have. */
function placesOn(
  { clusters, volumes }: Stores,
  { namespace, name }: ObjectRef,
): { sharedDevices: string[]; mountPoints: string[] } {
  const found = clusters.byIndex("host", keyString({ namespace, name })).map((cluster) => {
    const parsed = clusterSpec(cluster);
    const filesystems = parsed.ok ? parsed.spec.filesystems : [];
    const recorded = cluster.status?.filesystems ?? [];
    const devices = filesystems.flatMap(({ volumeRef }) => {
      const volume = volumes.get({ namespace, name: volumeRef.name });
      const spec = volume && volumeSpec(volume);
      return spec?.ok === true ? [`/dev/etherd/${targetOf(spec.spec)}`] : [];
    });
    return {
      devices: [...devices, ...recorded.flatMap(({ device }) => device ?? [])],
      mountPoints: [...filesystems, ...recorded].flatMap(({ mountPoint }) => mountPoint ?? []),
    };
  });
  return {
    sharedDevices: found.flatMap(({ devices }) => devices),
    mountPoints: found.flatMap(({ mountPoints }) => mountPoints),
  };
}

/** Indexes of clusters; a node that left the spec counts until it has left the cluster. */
export const clusterIndexes = {
  /** `namespace/host` */
  host: (cluster: Ocfs2Cluster) => {
    const parsed = clusterSpec(cluster);
    const nodes = parsed.ok ? parsed.spec.nodes.map(({ hostRef }) => hostRef.name) : [];
    return keysIn(cluster, [...nodes, ...(cluster.status?.nodes ?? []).map(({ hostRef }) => hostRef.name)]);
  },
  /** `namespace/volume` */
  volume: (cluster: Ocfs2Cluster) => {
    const parsed = clusterSpec(cluster);
    const names = parsed.ok ? parsed.spec.filesystems.map(({ volumeRef }) => volumeRef.name) : [];
    const former = (cluster.status?.filesystems ?? []).map(({ volumeRef }) => volumeRef?.name);
    return keysIn(cluster, [...names, ...former]);
  },
} satisfies Record<string, IndexFunction<Ocfs2Cluster>>;
