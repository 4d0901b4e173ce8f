import type { GenericKind } from "kubernetes-fluent-client";
import { AoeServer, AoeVolume, Ocfs2Cluster, XenDomain, XenHost, XenMigration } from "../../api/fluent.ts";
import type { KindName } from "../../api/kinds.ts";

/** The class of kubernetes-fluent-client for each kind. */
export const models: Readonly<Record<KindName, typeof GenericKind>> = {
  ...{ AoeServer, AoeVolume, XenHost, Ocfs2Cluster, XenDomain, XenMigration },
};
