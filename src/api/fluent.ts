import { GenericKind, RegisterKind } from "kubernetes-fluent-client";
import type { AoeServerSpec, AoeServerStatus } from "./aoe-server.ts";
import type { AoeVolumeSpec, AoeVolumeStatus } from "./aoe-volume.ts";
import {
  aoeServers,
  aoeVolumes,
  ocfs2Clusters,
  type ResourceType,
  xenDomains,
  xenHosts,
  xenMigrations,
} from "./kinds.ts";
import type { Ocfs2ClusterSpec, Ocfs2ClusterStatus } from "./ocfs2-cluster.ts";
import type { XenDomainSpec, XenDomainStatus } from "./xen-domain.ts";
import type { XenHostSpec, XenHostStatus } from "./xen-host.ts";
import type { XenMigrationSpec, XenMigrationStatus } from "./xen-migration.ts";

/**
 * Our kinds for kubernetes-fluent-client: `await K8s(AoeVolume).InNamespace("san").Get()`. Importing this file
 * registers them. The fields are only declared: objects stay as the API server sent them.
 */

export class AoeServer extends GenericKind {
  declare spec: AoeServerSpec;
  declare status?: AoeServerStatus;
}

/** An AoeVolume as kubernetes-fluent-client reads and writes it. */
export class AoeVolume extends GenericKind {
  declare spec: AoeVolumeSpec;
  declare status?: AoeVolumeStatus;
}

/** A XenHost as kubernetes-fluent-client reads and writes it. */
export class XenHost extends GenericKind {
  declare spec: XenHostSpec;
  declare status?: XenHostStatus;
}

/** An Ocfs2Cluster as kubernetes-fluent-client reads and writes it. */
export class Ocfs2Cluster extends GenericKind {
  declare spec: Ocfs2ClusterSpec;
  declare status?: Ocfs2ClusterStatus;
}

/** A XenDomain as kubernetes-fluent-client reads and writes it. */
export class XenDomain extends GenericKind {
  declare spec: XenDomainSpec;
  declare status?: XenDomainStatus;
}

/** A XenMigration as kubernetes-fluent-client reads and writes it. */
export class XenMigration extends GenericKind {
  declare spec: XenMigrationSpec;
  declare status?: XenMigrationStatus;
}

const models: readonly (readonly [typeof GenericKind, ResourceType<unknown>])[] = [
  [AoeServer, aoeServers],
  [AoeVolume, aoeVolumes],
  [XenHost, xenHosts],
  [Ocfs2Cluster, ocfs2Clusters],
  [XenDomain, xenDomains],
  [XenMigration, xenMigrations],
];

for (const [model, { group, version, kind, plural }] of models) RegisterKind(model, { group, version, kind, plural });
