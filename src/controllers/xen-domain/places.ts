import type { Ocfs2Cluster } from "../../api/kinds.ts";
import { keyOf, keyString } from "../../runtime/kube-api.ts";
import { clusterSpec, domainSpec } from "../specs.ts";
import type { Stores } from "../world.ts";

/** The paths on a cluster's nodes of the domains' images, including those in CD-ROM drives, and of their lock files. */
export function domainPlaces(
  stores: Stores,
  cluster: Ocfs2Cluster,
): { readonly images: readonly string[]; readonly lockDirectories: readonly string[] } {
  const parsed = clusterSpec(cluster);
  if (!parsed.ok) return { images: [], lockDirectories: [] };
  const mountPoints = new Map(parsed.spec.filesystems.map(({ label, mountPoint }) => [label, mountPoint]));
  const images = stores.domains.byIndex("cluster", keyString(keyOf(cluster))).flatMap((domain) => {
    const spec = domainSpec(domain);
    const { disks = [], cdroms = [] } = spec.ok ? spec.spec : {};
    return [...disks, ...cdroms].flatMap(({ filesystemRef: filesystem, path }) => {
      const mountPoint = mountPoints.get(filesystem.label);
      const here = filesystem.clusterRef.name === cluster.metadata.name;
      return here && mountPoint !== undefined ? [`${mountPoint}/${path}`] : [];
    });
  });
  const used = [...mountPoints.values()].filter((mountPoint) =>
    images.some((image) => image.startsWith(`${mountPoint}/`)),
  );
  return { images, lockDirectories: used.map((mountPoint) => `${mountPoint}/.xensan`) };
}
