import type { Logger } from "pino";
import {
  type AoeServer,
  type AoeVolume,
  aoeServers,
  aoeVolumes,
  type Ocfs2Cluster,
  ocfs2Clusters,
  type XenDomain,
  type XenHost,
  type XenMigration,
  xenDomains,
  xenHosts,
  xenMigrations,
} from "./api/kinds.ts";
import type { Clock } from "./clock.ts";
import { aoeServerReconciler } from "./controllers/aoe-server/reconcile.ts";
import { aoeVolumeReconciler } from "./controllers/aoe-volume/reconcile.ts";
import { Claims } from "./controllers/claims.ts";
import { Fleet } from "./controllers/fleet.ts";
import { createHostMetrics, type HostMetrics } from "./controllers/hosts/metrics.ts";
import {
  clusterIndexes,
  domainIndexes,
  hostIndexes,
  migrationIndexes,
  serverIndexes,
  volumeIndexes,
} from "./controllers/indexes.ts";
import { Mirror } from "./controllers/mirror.ts";
import { parseId } from "./controllers/names.ts";
import { createObjectMetrics, type ObjectMetrics } from "./controllers/object-metrics.ts";
import { ocfs2ClusterReconciler } from "./controllers/ocfs2-cluster/reconcile.ts";
import { type PublishedSchema, SchemaWatch } from "./controllers/schema-watch.ts";
import { secretHold } from "./controllers/secret-hold.ts";
import { credentialTypes, onlyCredentials, secretsPerPage } from "./controllers/secrets.ts";
import { tellDeed } from "./controllers/tell-deeds.ts";
import { tellSchemaTooOld } from "./controllers/tell-schema.ts";
import { xenDomainReconciler } from "./controllers/xen-domain/reconcile.ts";
import { withContradiction } from "./controllers/xen-host/contradicted.ts";
import { withDrain } from "./controllers/xen-host/drain.ts";
import { xenHostReconciler } from "./controllers/xen-host/reconcile.ts";
import { xenMigrationReconciler } from "./controllers/xen-migration/reconcile.ts";
import { linkedSignal } from "./runtime/cancellation.ts";
import { Controller } from "./runtime/controller.ts";
import { EventRecorder } from "./runtime/events.ts";
import { type Secret, secretKind } from "./runtime/kinds.ts";
import type { Kind, KubeApi, KubeObject } from "./runtime/kube-api.ts";
import { LeaderElection } from "./runtime/leader-election.ts";
import { managementClusterId } from "./runtime/management-cluster.ts";
import type { Metrics } from "./runtime/metrics.ts";
import type { Reconciler } from "./runtime/reconciler.ts";
import { Reflector } from "./runtime/reflector.ts";
import type { IndexFunction } from "./runtime/store.ts";
import { priority } from "./runtime/work-queue.ts";
import type { HostDialer } from "./ssh/host-session.ts";

/** What the chart's values and the flags of `xensan run` choose. */
export interface OperatorConfig {
  /** All namespaces when absent. */
  readonly namespaces?: readonly string[];
  /** Every host is asked for its facts this often. */
  readonly probeIntervalSeconds?: number;
  /** Objects of one kind that are reconciled at once. Work on hosts does not occupy them. */
  readonly workers?: number;
  /** Changes of different objects that may run on one host at once; below sshd's MaxSessions. */
  readonly parallelPerHost?: number;
  /** Migrations that may be under way at once, over all hosts. */
  readonly migrationsAtOnce?: number;
  /** Id of the management cluster, under which machines are claimed: the uid of its namespace kube-system. */
  readonly clusterId?: string;
  /** Unique to this process; also the reporting instance of events. */
  readonly identity?: string;
  /**
   * Who claims the namespaces that are served, by a Lease in each: equal for all replicas of one release. Absent: no
   * claim is made, and other operators are not looked for.
   */
  readonly claimAs?: string;
  /** Only the holder of the Lease acts; absent for a single replica. */
  readonly leaderElection?: {
    readonly namespace: string;
    readonly name?: string;
    readonly leaseSeconds?: number;
    readonly renewSeconds?: number;
    readonly retrySeconds?: number;
  };
}

/** The three doors (API, hosts, clock) and what else an operator is built from. */
export interface OperatorOptions {
  readonly api: KubeApi;
  readonly dialer: HostDialer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly config?: OperatorConfig;
  /** What the server publishes of our kinds. Absent: its definitions are taken to be those of this release. */
  readonly published?: PublishedSchema;
}

/** A running or waiting operator. */
export interface Operator {
  /** Runs until the signal is aborted. Rejects only on what no retry can mend. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Why it is not ready; undefined when it is: the definitions on the server hold what it needs, and its caches are filled. A
   * replica that waits for the Lease is ready.
   */
  notReady(): string | undefined;
  /** True while this replica acts. */
  readonly leading: boolean;
}

const defaults = { probeIntervalSeconds: 30, workers: 8, parallelPerHost: 4, migrationsAtOnce: 4, identity: "xensan" };

/** The whole operator behind its three doors: given the same answers of API, hosts and clock, it does the same. */
export function createOperator(given: OperatorOptions): Operator {
  const { clock, log, metrics, published } = given;
  const config = { ...defaults, ...given.config };
  const schema = published && new SchemaWatch({ published, clock, log });
  const options = schema === undefined ? given : { ...given, api: schema.watching(given.api) };
  const told = { hosts: createHostMetrics(metrics.registry), objects: createObjectMetrics(metrics.registry) };
  const mirrors = {
    servers: mirror<AoeServer>(options, aoeServers, serverIndexes),
    volumes: mirror<AoeVolume>(options, aoeVolumes, volumeIndexes),
    hosts: mirror<XenHost>(options, xenHosts, hostIndexes),
    clusters: mirror<Ocfs2Cluster>(options, ocfs2Clusters, clusterIndexes),
    domains: mirror<XenDomain>(options, xenDomains, domainIndexes),
    migrations: mirror<XenMigration>(options, xenMigrations, migrationIndexes),
    secrets: secretMirror(options),
  };
  const all = Object.values(mirrors);
  const election = config.leaderElection && leaderElection(options, config.leaderElection, config.identity);
  let claims: Claims | undefined;
  const notReady = () =>
    schema?.problem ??
    (all.every(({ synced }) => synced) ? claims?.refused() : "the first list of objects is not complete");
  let acting = false;

  async function act(leading: AbortSignal): Promise<void> {
    await schema?.untilFit(leading, (message) => tellSchema(options, config.claimAs, mirrors, message, leading));
    await Promise.all(all.map((one) => one.untilSynced(leading)));
    acting = true;
    try {
      // A namespace that another operator has taken over ends the term, and so does a definition that an older one took
      // the place of: whatever acts is made anew without it.
      while (!leading.aborted) {
        await schema?.untilFit(leading, (message) => tellSchema(options, config.claimAs, mirrors, message, leading));
        using term = linkedSignal(leading);
        void schema?.untilTooOld(term.signal).then(() => term.abort(new Error("the definitions are too old")));
        const lose = (namespace: string) => term.abort(new Error(`the claim of namespace ${namespace} is lost`));
        await lead(options, config, mirrors, told, term.signal, lose, (made) => {
          claims = made;
        });
      }
    } finally {
      acting = false;
      claims = undefined;
    }
  }

  return {
    notReady,
    get leading() {
      return acting;
    },
    async run(signal) {
      log.info(
        { namespaces: config.namespaces ?? "all", probeIntervalSeconds: config.probeIntervalSeconds },
        "starting",
      );
      const mirroring = [...all, ...(schema === undefined ? [] : [schema])].map((one) => one.run(signal));
      try {
        if (election === undefined) await act(signal);
        else await election.run(signal, act);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        if (signal.aborted) await Promise.all(mirroring);
      }
      log.info({ at: clock.now() }, "stopped");
    },
  };
}

interface Mirrors {
  readonly servers: Mirror<AoeServer>;
  readonly volumes: Mirror<AoeVolume>;
  readonly hosts: Mirror<XenHost>;
  readonly clusters: Mirror<Ocfs2Cluster>;
  readonly domains: Mirror<XenDomain>;
  readonly migrations: Mirror<XenMigration>;
  readonly secrets: Mirror<Secret>;
}

/** Each object says that nobody looks after it, and why. */
async function tellSchema(
  { api, clock, log }: OperatorOptions,
  holder: string | undefined,
  { servers, volumes, hosts, clusters, domains, migrations }: Mirrors,
  message: string,
  signal: AbortSignal,
): Promise<void> {
  const tell = { api, clock, log, holder };
  const ready = { summary: "Ready" } as const;
  const { store } = migrations;
  await tellSchemaTooOld(tell, { kind: aoeServers, store: servers.store, ...ready }, message, signal);
  await tellSchemaTooOld(tell, { kind: aoeVolumes, store: volumes.store, ...ready }, message, signal);
  await tellSchemaTooOld(tell, { kind: xenHosts, store: hosts.store, ...ready }, message, signal);
  await tellSchemaTooOld(tell, { kind: ocfs2Clusters, store: clusters.store, ...ready }, message, signal);
  await tellSchemaTooOld(tell, { kind: xenDomains, store: domains.store, ...ready }, message, signal);
  await tellSchemaTooOld(tell, { kind: xenMigrations, store, summary: "Succeeded" }, message, signal);
}

/** One term: everything that acts is made anew, and nothing of it is left when the signal is aborted. */
async function lead(
  { api, dialer, clock, log, metrics }: OperatorOptions,
  config: typeof defaults & OperatorConfig,
  mirrors: Mirrors,
  told: { readonly hosts: HostMetrics; readonly objects: ObjectMetrics },
  leading: AbortSignal,
  onLost: (namespace: string) => void,
  onClaims: (claims: Claims | undefined) => void,
): Promise<void> {
  const events = new EventRecorder({ api, clock, log, controller: "xensan.dev/operator", instance: config.identity });
  const clusterId = config.clusterId ?? (await managementClusterId({ api, clock, log }, leading));
  const controllers = new Map<string, Controller>();
  const stores = {
    servers: mirrors.servers.store,
    volumes: mirrors.volumes.store,
    hosts: mirrors.hosts.store,
    clusters: mirrors.clusters.store,
    domains: mirrors.domains.store,
    migrations: mirrors.migrations.store,
    secrets: mirrors.secrets.store,
  };
  const fleet = new Fleet({
    clock,
    log,
    dialer,
    metrics: told.hosts,
    stores,
    onDone: (id, result) => tellDeed(events, stores, id, result),
    probeIntervalSeconds: config.probeIntervalSeconds,
    parallel: config.parallelPerHost,
    clusterId,
    enqueue(id, enqueued) {
      const { kind, key } = parseId(id);
      controllers.get(kind)?.enqueue(key, { priority: enqueued?.initial === true ? priority.low : priority.normal });
    },
  });
  told.objects.follow(fleet, leading);
  const reconcilers: readonly (readonly [string, Reconciler])[] = [
    ["AoeServer", aoeServerReconciler({ api, fleet, events })],
    [
      "XenHost",
      withContradiction(withDrain(xenHostReconciler({ api, fleet, events }), { api, fleet }), { api, fleet, events }),
    ],
    ["AoeVolume", aoeVolumeReconciler({ api, fleet, events })],
    ["XenDomain", xenDomainReconciler({ api, fleet, events })],
    ["Ocfs2Cluster", ocfs2ClusterReconciler({ api, fleet, events })],
    ["Secret", secretHold({ api, fleet, events })],
    ["XenMigration", xenMigrationReconciler({ api, fleet, events, fleetCap: config.migrationsAtOnce })],
  ];
  const { claimAs: holder } = config;
  const claims = holder === undefined ? undefined : new Claims({ api, clock, log, events, holder, onLost });
  onClaims(claims);
  for (const [kind, inner] of reconcilers) {
    const reconciler = claims?.guard(kind, inner, (key) => controllers.get(kind)?.enqueue(key)) ?? inner;
    controllers.set(
      kind,
      new Controller({ name: kind.toLowerCase(), kind, reconciler, clock, log, metrics, workers: config.workers }),
    );
  }
  await Promise.all([
    fleet.run(leading),
    events.run(leading),
    claims?.run(leading),
    ...[...controllers.values()].map((controller) => controller.run(leading)),
  ]);
}

function mirror<T extends KubeObject>(
  { api, clock, log, config }: OperatorOptions,
  kind: Kind<T>,
  indexes: Readonly<Record<string, IndexFunction<T>>> = {},
): Mirror<T> {
  const where = served(config);
  return new Mirror(where.map((place) => new Reflector<T>({ api, kind, clock, log, indexes, ...place })));
}

function secretMirror({ api, clock, log, config }: OperatorOptions): Mirror<Secret> {
  const options = { api: onlyCredentials(api), kind: secretKind, clock, log, pageSize: secretsPerPage };
  const where = served(config).flatMap((place) =>
    credentialTypes.map((type) => ({ ...place, fieldSelector: `type=${type}` })),
  );
  return new Mirror(where.map((place) => new Reflector<Secret>({ ...options, ...place })));
}

const served = (config: OperatorConfig | undefined): readonly { readonly namespace?: string }[] =>
  config?.namespaces?.map((namespace) => ({ namespace })) ?? [{}];

function leaderElection(
  { api, clock, log, metrics }: OperatorOptions,
  { namespace, name = "xensan", ...durations }: NonNullable<OperatorConfig["leaderElection"]>,
  identity: string,
): LeaderElection {
  return new LeaderElection({ api, clock, log, metrics, lease: { namespace, name }, identity, ...durations });
}
