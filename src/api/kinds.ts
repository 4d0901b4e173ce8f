import type { z } from "zod";
import { type AoeServerSpec, type AoeServerStatus, aoeServerDefinition } from "./aoe-server.ts";
import { type AoeVolumeSpec, type AoeVolumeStatus, aoeVolumeDefinition } from "./aoe-volume.ts";
import { type apiVersion, group, version } from "./common.ts";
import type { KindDefinition } from "./definition.ts";
import { type Ocfs2ClusterSpec, type Ocfs2ClusterStatus, ocfs2ClusterDefinition } from "./ocfs2-cluster.ts";
import { type XenDomainSpec, type XenDomainStatus, xenDomainDefinition } from "./xen-domain.ts";
import { type XenHostSpec, type XenHostStatus, xenHostDefinition } from "./xen-host.ts";
import { type XenMigrationSpec, type XenMigrationStatus, xenMigrationDefinition } from "./xen-migration.ts";

/** The fields of metav1.ObjectMeta that xensan reads. */
export interface Metadata {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** A Kubernetes object of a kind of this group: metadata, spec, and a status once the operator has written one. */
export interface Resource<K extends string, Spec, Status> {
  apiVersion: typeof apiVersion;
  kind: K;
  metadata: Metadata;
  spec: Spec;
  status?: Status;
}

/** An AoeServer as the API server stores it. */
export type AoeServer = Resource<"AoeServer", AoeServerSpec, AoeServerStatus>;
/** An AoeVolume as the API server stores it. */
export type AoeVolume = Resource<"AoeVolume", AoeVolumeSpec, AoeVolumeStatus>;
/** A XenHost as the API server stores it. */
export type XenHost = Resource<"XenHost", XenHostSpec, XenHostStatus>;
/** An Ocfs2Cluster as the API server stores it. */
export type Ocfs2Cluster = Resource<"Ocfs2Cluster", Ocfs2ClusterSpec, Ocfs2ClusterStatus>;
/** A XenDomain as the API server stores it. */
export type XenDomain = Resource<"XenDomain", XenDomainSpec, XenDomainStatus>;
/** A XenMigration as the API server stores it. */
export type XenMigration = Resource<"XenMigration", XenMigrationSpec, XenMigrationStatus>;

/** The resource of a kind in the API. The phantom `__shape` ties it to the TypeScript type of its objects. */
export interface ResourceType<T> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly namespaced: true;
  readonly __shape?: T;
}

function resourceType<K extends string, Spec extends z.ZodObject, Status extends z.ZodObject>(
  definition: KindDefinition<K, Spec, Status>,
): ResourceType<Resource<K, z.output<Spec>, z.output<Status>>> & { readonly kind: K } {
  const { kind, plural, shortName } = definition;
  return { group, version, kind, plural, shortName, namespaced: true };
}

/** The resource `aoeservers`, with the type of its objects. */
export const aoeServers = resourceType(aoeServerDefinition);
/** The resource `aoevolumes`, with the type of its objects. */
export const aoeVolumes = resourceType(aoeVolumeDefinition);
/** The resource `xenhosts`, with the type of its objects. */
export const xenHosts = resourceType(xenHostDefinition);
/** The resource `ocfs2clusters`, with the type of its objects. */
export const ocfs2Clusters = resourceType(ocfs2ClusterDefinition);
/** The resource `xendomains`, with the type of its objects. */
export const xenDomains = resourceType(xenDomainDefinition);
/** The resource `xenmigrations`, with the type of its objects. */
export const xenMigrations = resourceType(xenMigrationDefinition);

/** Every kind by name, in the order of the reference: servers, volumes, hosts, clusters, domains, migrations. */
export const definitions = {
  AoeServer: aoeServerDefinition,
  AoeVolume: aoeVolumeDefinition,
  XenHost: xenHostDefinition,
  Ocfs2Cluster: ocfs2ClusterDefinition,
  XenDomain: xenDomainDefinition,
  XenMigration: xenMigrationDefinition,
} as const;
/** Name of one of the kinds of the group xensan.dev. */
export type KindName = keyof typeof definitions;
