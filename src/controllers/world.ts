import type { AoeServer, AoeVolume, Ocfs2Cluster, XenDomain, XenHost, XenMigration } from "../api/kinds.ts";
import type { Clock } from "../clock.ts";
import type { EventRecorder } from "../runtime/events.ts";
import type { Secret } from "../runtime/kinds.ts";
import type { KubeApi } from "../runtime/kube-api.ts";
import type { ReadonlyStore } from "../runtime/store.ts";
import type { Heartbeats } from "./gone/heartbeats.ts";
import type { Freshness } from "./hosts/freshness.ts";
import type { Ledger } from "./hosts/ledger.ts";
import type { Machines } from "./hosts/machines.ts";
import type { HostMetrics } from "./hosts/metrics.ts";
import type { KernelReports } from "./kernel-reports.ts";

/** The declared objects, mirrored from the API server. */
export interface Stores {
  readonly servers: ReadonlyStore<AoeServer>;
  readonly volumes: ReadonlyStore<AoeVolume>;
  readonly hosts: ReadonlyStore<XenHost>;
  readonly clusters: ReadonlyStore<Ocfs2Cluster>;
  readonly domains: ReadonlyStore<XenDomain>;
  readonly migrations: ReadonlyStore<XenMigration>;
  readonly secrets: ReadonlyStore<Secret>;
}

/**
 * What this process knows of the world: declared objects, the state of the machines, and the work done. All in memory.
 */
export interface World {
  readonly clock: Clock;
  readonly stores: Stores;
  readonly machines: Machines;
  readonly freshness: Freshness;
  readonly ledger: Ledger;
  readonly heartbeats: Heartbeats;
  readonly kernelReports: KernelReports;
}

/** What a reconciler works with. */
export interface Means {
  readonly api: KubeApi;
  readonly events: EventRecorder;
  readonly metrics: HostMetrics;
  readonly world: World;
}
