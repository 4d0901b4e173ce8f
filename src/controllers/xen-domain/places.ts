import type { Ocfs2Cluster } from "../../api/kinds.ts";
import { keyOf, keyString } from "../../runtime/kube-api.ts";
import { deletedThenOldest } from "../identity.ts";
import { clusterSpec, domainSpec } from "../specs.ts";
import type { Stores } from "../world.ts";

/**
 * The paths on a node of these clusters of the domains' images, including those in CD-ROM drives, and of their lock
 * files. A host is asked about so many only: images of deleted domains come first, which would not go otherwise, then
 * those of the oldest.
 */
export function domainPlaces(
  stores: Pick<Stores, "domains">,
  clusters: readonly Ocfs2Cluster[],
): { readonly images: readonly string[]; readonly lockDirectories: readonly string[] } {
  const mountPoints = new Map(
    clusters.flatMap((cluster) => {
      const parsed = clusterSpec(cluster);
      const filesystems = parsed.ok ? parsed.spec.filesystems : [];
      return filesystems.map(({ label, mountPoint }) => [`${cluster.metadata.name}/${label}`, mountPoint] as const);
    }),
  );
  const domains = new Set(clusters.flatMap((cluster) => stores.domains.byIndex("cluster", keyString(keyOf(cluster)))));
  const images = deletedThenOldest(domains).flatMap((domain) => {
    const spec = domainSpec(domain);
    const { disks = [], cdroms = [] } = spec.ok ? spec.spec : {};
    return [...disks, ...cdroms].flatMap(({ filesystemRef: { clusterRef, label }, path }) => {
      const mountPoint = mountPoints.get(`${clusterRef.name}/${label}`);
      return mountPoint === undefined ? [] : [`${mountPoint}/${path}`];
    });
  });
  const used = [...mountPoints.values()].filter((mountPoint) =>
    images.some((image) => image.startsWith(`${mountPoint}/`)),
  );
  return { images, lockDirectories: used.map((mountPoint) => `${mountPoint}/.xensan`) };
}
