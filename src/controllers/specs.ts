import type { AoeServerSpec } from "../api/aoe-server.ts";
import type { AoeVolumeSpec } from "../api/aoe-volume.ts";
import type { AoeServer, AoeVolume, Ocfs2Cluster, XenDomain, XenHost, XenMigration } from "../api/kinds.ts";
import type { Ocfs2ClusterSpec } from "../api/ocfs2-cluster.ts";
import { type ParsedSpec, parseSpec } from "../api/parse.ts";
import type { XenDomainSpec } from "../api/xen-domain.ts";
import type { XenHostSpec } from "../api/xen-host.ts";
import type { XenMigrationSpec } from "../api/xen-migration.ts";
import { jsonEqual } from "../runtime/equality.ts";

/**
 * Parses each version of an object once. If no defaults were added, the object's own spec is returned: no second copy.
 */
function remembered<T extends { readonly spec: Spec }, Spec>(
  parse: (object: T) => ParsedSpec<Spec>,
): (object: T) => ParsedSpec<Spec> {
  const known = new WeakMap<T, ParsedSpec<Spec>>();
  return (object) => {
    const before = known.get(object);
    if (before !== undefined) return before;
    const judged = parse(object);
    const parsed: ParsedSpec<Spec> =
      judged.ok && jsonEqual(judged.spec, object.spec) ? { ok: true, spec: object.spec } : judged;
    known.set(object, parsed);
    return parsed;
  };
}

/** The spec of an AoeServer, or why it is invalid. */
export const serverSpec = remembered<AoeServer, AoeServerSpec>((object) => parseSpec("AoeServer", object));
/** The spec of an AoeVolume, or why it is invalid. */
export const volumeSpec = remembered<AoeVolume, AoeVolumeSpec>((object) => parseSpec("AoeVolume", object));
/** The spec of a XenHost, or why it is invalid. */
export const hostSpec = remembered<XenHost, XenHostSpec>((object) => parseSpec("XenHost", object));
/** The spec of an Ocfs2Cluster, or why it is invalid. */
export const clusterSpec = remembered<Ocfs2Cluster, Ocfs2ClusterSpec>((object) => parseSpec("Ocfs2Cluster", object));
/** The spec of a XenDomain, or why it is invalid. */
export const domainSpec = remembered<XenDomain, XenDomainSpec>((object) => parseSpec("XenDomain", object));
/** The spec of a XenMigration, or why it is invalid. */
export const migrationSpec = remembered<XenMigration, XenMigrationSpec>((object) => parseSpec("XenMigration", object));
