/**
 * xensan's API for other programs: the kinds for kubernetes-fluent-client, their types, and the meaning of their
 * reasons.
 */

export type { AoeServerSpec, AoeServerStatus } from "./aoe-server.ts";
export type { AoeVolumeSpec, AoeVolumeStatus } from "./aoe-volume.ts";
export { annotations, apiVersion, category, finalizer, group, version } from "./common.ts";
export type { Condition, ConditionStatus } from "./conditions.ts";
export { AoeServer, AoeVolume, Ocfs2Cluster, XenDomain, XenHost, XenMigration } from "./fluent.ts";
export type { KindName } from "./kinds.ts";
export type { Ocfs2ClusterSpec, Ocfs2ClusterStatus } from "./ocfs2-cluster.ts";
export { type ParsedSpec, parseSpec, type UnparsedObject } from "./parse.ts";
export { formatQuantity, parseQuantity, quantityBytes } from "./quantity.ts";
export { type Reason, type ReasonEntry, reasons } from "./reasons.ts";
export type { XenDomainSpec, XenDomainStatus } from "./xen-domain.ts";
export type { XenHostSpec, XenHostStatus } from "./xen-host.ts";
export type { XenMigrationSpec, XenMigrationStatus } from "./xen-migration.ts";
