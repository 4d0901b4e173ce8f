import type { AoeServerSpec, AoeServerStatus } from "./aoe-server.ts";
import type { AoeVolumeSpec, AoeVolumeStatus } from "./aoe-volume.ts";
import { type apiVersion, group, version } from "./common.ts";
import type { XenHostSpec, XenHostStatus } from "./xen-host.ts";

/** metav1.ObjectMeta, as far as xensan reads it. */
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

interface Resource<K extends string, Spec, Status> {
  apiVersion: typeof apiVersion;
  kind: K;
  metadata: Metadata;
  spec: Spec;
  status?: Status;
}

export type AoeServer = Resource<"AoeServer", AoeServerSpec, AoeServerStatus>;
export type AoeVolume = Resource<"AoeVolume", AoeVolumeSpec, AoeVolumeStatus>;
export type XenHost = Resource<"XenHost", XenHostSpec, XenHostStatus>;

const resource = <K extends string>(kind: K, plural: string, shortName: string) =>
  ({ group, version, kind, plural, shortName, namespaced: true }) as const;

export const aoeServers = resource("AoeServer", "aoeservers", "aoesrv");
export const aoeVolumes = resource("AoeVolume", "aoevolumes", "aoev");
export const xenHosts = resource("XenHost", "xenhosts", "xh");
export const ocfs2Clusters = resource("Ocfs2Cluster", "ocfs2clusters", "o2c");
export const xenDomains = resource("XenDomain", "xendomains", "xd");
export const xenMigrations = resource("XenMigration", "xenmigrations", "xmig");
