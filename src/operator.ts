import type { Logger } from "pino";
import { annotations } from "./api/common.ts";
import { aoeServers, aoeVolumes, ocfs2Clusters, xenDomains, xenHosts, xenMigrations } from "./api/kinds.ts";
import type { Clock } from "./clock.ts";
import { controlServers } from "./controllers/aoe-server/reconcile.ts";
import { serverIndexes } from "./controllers/aoe-server/watches.ts";
import { controlVolumes } from "./controllers/aoe-volume/reconcile.ts";
import { volumeIndexes } from "./controllers/aoe-volume/watches.ts";
import { Claims } from "./controllers/claims.ts";
import { Dispatch } from "./controllers/dispatch.ts";
import { Heartbeats } from "./controllers/gone/heartbeats.ts";
import { Freshness } from "./controllers/hosts/freshness.ts";
import { Ledger } from "./controllers/hosts/ledger.ts";
import { followSecrets, Machines } from "./controllers/hosts/machines.ts";
import { createHostMetrics, type HostMetrics } from "./controllers/hosts/metrics.ts";
import { KernelReports } from "./controllers/kernel-reports.ts";
import { Mirror } from "./controllers/mirror.ts";
import { createObjectMetrics, type ObjectMetrics } from "./controllers/object-metrics.ts";
import { controlClusters } from "./controllers/ocfs2-cluster/reconcile.ts";
import { clusterIndexes } from "./controllers/ocfs2-cluster/watches.ts";
import { type PublishedSchema, SchemaWatch } from "./controllers/schema-watch.ts";
import { credentialTypes, hasMoreValues, onlyCredentials, secretsPerPage } from "./controllers/secret/credentials.ts";
import { controlSecrets } from "./controllers/secret/reconcile.ts";
import { isUsed } from "./controllers/secret/watches.ts";
import { stepEvent } from "./controllers/step-events.ts";
import { tellSchemaTooOld } from "./controllers/tell-schema.ts";
import type { Controlled } from "./controllers/watch.ts";
import type { Means, Stores, World } from "./controllers/world.ts";
import { controlDomains } from "./controllers/xen-domain/reconcile.ts";
import { domainIndexes } from "./controllers/xen-domain/watches.ts";
import { drainLabel } from "./controllers/xen-host/drain.ts";
import { controlHosts } from "./controllers/xen-host/reconcile.ts";
import { hostIndexes } from "./controllers/xen-host/watches.ts";
import { controlMigrations } from "./controllers/xen-migration/reconcile.ts";
import { migrationIndexes } from "./controllers/xen-migration/watches.ts";
import { linkedSignal } from "./runtime/cancellation.ts";
import type { Capacity } from "./runtime/capacity.ts";
import { Controller } from "./runtime/controller.ts";
import { EventRecorder } from "./runtime/events.ts";
import { type Secret, secretKind } from "./runtime/kinds.ts";
import { type Kind, type KubeApi, type KubeObject, keyOf, type ObjectKey } from "./runtime/kube-api.ts";
import { LeaderElection } from "./runtime/leader-election.ts";
import { managementClusterId } from "./runtime/management-cluster.ts";
import type { Metrics } from "./runtime/metrics.ts";
import { Reflector } from "./runtime/reflector.ts";
import type { IndexFunction, ReadonlyStore } from "./runtime/store.ts";
import { priority } from "./runtime/work-queue.ts";
import type { HostDialer } from "./ssh/host-session.ts";

/** Configuration of an operator: the chart's values and the flags of `xensan run`. */
export interface OperatorConfig {
  /** All namespaces when absent. */
  readonly namespaces?: readonly string[];
  /** How often every host is probed. */
  readonly probeIntervalSeconds?: number;
  /** How many objects of one kind are reconciled at once. Work on hosts does not occupy these workers. */
  readonly workers?: number;
  /** How many jobs of different objects may run on one host at once; below sshd's MaxSessions. */
  readonly parallelPerHost?: number;
  /** How many migrations may run at once, over all hosts. */
  readonly migrationsAtOnce?: number;
  /** Id of the management cluster, under which machines are claimed: the uid of its namespace kube-system. */
  readonly clusterId?: string;
  /** Unique to this process; also the reporting instance of events. */
  readonly identity?: string;
  /**
   * The holder in the Leases that claim the served namespaces: equal for all replicas of one release. Absent: no
   * namespace is claimed, and other operators are not looked for.
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

/**
 * What an operator is built from: the three interfaces to the outside world (KubeApi, HostSession, Clock), log, metrics
 * and configuration.
 */
export interface OperatorOptions {
  readonly api: KubeApi;
  readonly dialer: HostDialer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly config?: OperatorConfig;
  /** The number of objects that the memory suffices for; no bound when absent. */
  readonly objectsAtMost?: number;
  /** The definitions of our kinds that the server publishes. Absent: they are taken to be those of this release. */
  readonly published?: PublishedSchema;
}

/** A running or waiting operator. */
export interface Operator {
  /** Runs until the signal is aborted. Rejects only on an error that no retry can mend. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Why the operator is not ready. Undefined when it is ready: the definitions on the server hold what it needs, and
   * its caches are filled. A replica that waits for the Lease is ready.
   */
  notReady(): string | undefined;
  /** True while this replica acts. */
  readonly leading: boolean;
  /** The number of objects in the caches. */
  readonly objects: number;
}

const defaults = { probeIntervalSeconds: 30, workers: 8, parallelPerHost: 4, migrationsAtOnce: 4, identity: "xensan" };

/**
 * The whole operator behind the three interfaces to the outside world (KubeApi, HostSession, Clock): given the same
 * answers of API, hosts and clock, it does the same.
 */
export function createOperator(given: OperatorOptions): Operator {
  const { clock, log, metrics, published } = given;
  const config = { ...defaults, ...given.config };
  const schema = published && new SchemaWatch({ published, clock, log });
  const objects = (): number => all.reduce((sum, { store }) => sum + store.size, 0);
  const { objectsAtMost: atMost } = given;
  const options = {
    ...(schema === undefined ? given : { ...given, api: schema.watching(given.api) }),
    capacity: atMost === undefined ? undefined : { atMost, objects },
  };
  const told = { hosts: createHostMetrics(metrics.registry), objects: createObjectMetrics(metrics.registry) };
  const servers = mirror(options, aoeServers, serverIndexes);
  const hosts = mirror(options, xenHosts, hostIndexes);
  const mirrors = {
    servers,
    volumes: mirror(options, aoeVolumes, volumeIndexes),
    hosts,
    clusters: mirror(options, ocfs2Clusters, clusterIndexes),
    domains: mirror(options, xenDomains, domainIndexes),
    migrations: mirror(options, xenMigrations, migrationIndexes),
    secrets: secretMirror(options, (key) => isUsed({ servers: servers.store, hosts: hosts.store }, key)),
  };
  const all = Object.values(mirrors);
  const { secrets, ...ours } = mirrors;
  /** Their values are kept only if a host refers to them, so the hosts are listed first. */
  const mirrorSecrets = async (signal: AbortSignal) => {
    await Promise.all([servers, hosts].map((one) => one.untilSynced(signal))).catch(() => undefined);
    if (!signal.aborted) await secrets.run(signal);
  };
  const tell = { ...options, holder: config.claimAs, kinds: Object.values(ours) };
  const election = config.leaderElection && leaderElection(options, config.leaderElection, config.identity);
  let claims: Claims | undefined;
  const notReady = () =>
    schema?.problem ??
    all.find(({ refusal }) => refusal !== undefined)?.refusal ??
    (all.every(({ synced }) => synced) ? claims?.refused() : "the first list of objects is not complete");
  let acting = false;

  async function act(leading: AbortSignal): Promise<void> {
    await schema?.untilFit(leading, (message) => tellSchemaTooOld(tell, message, leading));
    await Promise.all(all.map((one) => one.untilSynced(leading)));
    acting = true;
    try {
      // When an older definition replaces the current one, the term ends and everything that acts is created anew.
      while (!leading.aborted) {
        await schema?.untilFit(leading, (message) => tellSchemaTooOld(tell, message, leading));
        using term = linkedSignal(leading);
        void schema?.untilTooOld(term.signal).then(() => term.abort(new Error("the definitions are too old")));
        await lead(options, config, mirrors, told, term.signal, (made) => {
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
    get objects() {
      return objects();
    },
    async run(signal) {
      log.info(
        { namespaces: config.namespaces ?? "all", probeIntervalSeconds: config.probeIntervalSeconds },
        "starting",
      );
      const others = [...Object.values(ours), ...(schema === undefined ? [] : [schema])];
      const mirroring = [...others.map((one) => one.run(signal)), mirrorSecrets(signal)];
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

/** One mirror per store. */
type Mirrors = { readonly [K in keyof Stores]: Stores[K] extends ReadonlyStore<infer T> ? Mirror<T> : never };

/** Runs one term: creates everything that acts, and leaves nothing of it behind when the signal is aborted. */
async function lead(
  { api, dialer, clock, log, metrics }: OperatorOptions,
  config: typeof defaults & OperatorConfig,
  mirrors: Mirrors,
  told: { readonly hosts: HostMetrics; readonly objects: ObjectMetrics },
  leading: AbortSignal,
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
  const machines = new Machines({
    clock,
    log,
    dialer,
    metrics: told.hosts,
    probeIntervalSeconds: config.probeIntervalSeconds,
    parallel: config.parallelPerHost,
    clusterId,
    secret: (namespace, name) => stores.secrets.get({ namespace, name }),
    questions: (member) => kinds.map(({ questions }) => questions?.(member) ?? {}),
    onView: (machine, before, settled) => dispatch.looked(machine, before, settled),
    onRunning: (machine, settled) => dispatch.lookedAtRunning(machine, settled),
    onEnded: (owners) => dispatch.ended(owners),
  });
  const world: World = {
    clock,
    stores,
    machines,
    freshness: new Freshness(),
    ledger: new Ledger(clock),
    heartbeats: new Heartbeats(),
    kernelReports: new KernelReports(),
  };
  const kinds = controlled({ api, events, metrics: told.hosts, world }, config.migrationsAtOnce);
  const dispatch = new Dispatch({
    world,
    kinds,
    enqueue(object, enqueued) {
      if (claims?.defers(object) === true) return;
      controllers
        .get(object.kind)
        ?.enqueue(object, { priority: enqueued?.initial === true ? priority.low : priority.normal });
    },
    onDone(object, result) {
      const event = stepEvent(result);
      if (event !== undefined) kinds.find(({ kind }) => kind === object.kind)?.objects?.record(events, object, event);
    },
  });
  told.objects.follow(world, leading);
  const { claimAs: holder } = config;
  /**
   * Drops all work in a lost namespace and all knowledge of it; its objects wait until the namespace is claimed again.
   */
  const onLost = async (namespace: string) => {
    await machines.renew(namespace);
    world.ledger.forgetNamespace(namespace);
    for (const { kind, store } of Object.values(mirrors))
      for (const object of store.list(namespace)) controllers.get(kind.kind)?.enqueue(keyOf(object));
  };
  const hasObjects = (namespace: string) =>
    Object.values(mirrors).some(({ store }) => store.list(namespace).length > 0);
  const claims = holder === undefined ? undefined : new Claims({ api, clock, log, events, holder, onLost, hasObjects });
  onClaims(claims);
  for (const { kind, reconciler: inner } of kinds) {
    const reconciler = claims?.guard(kind, inner, (key) => controllers.get(kind)?.enqueue(key)) ?? inner;
    controllers.set(
      kind,
      new Controller({ name: kind.toLowerCase(), kind, reconciler, clock, log, metrics, workers: config.workers }),
    );
  }
  const stops = [dispatch.start(), followSecrets(machines, stores.secrets)];
  try {
    await Promise.all([
      machines.run(leading),
      events.run(leading),
      claims?.run(leading),
      ...[...controllers.values()].map((controller) => controller.run(leading)),
    ]);
  } finally {
    for (const stop of stops) stop();
  }
}

/** Every kind that the operator reconciles. */
const controlled = (means: Means, fleetCap: number): readonly Controlled[] => [
  controlServers(means),
  controlHosts(means),
  controlVolumes(means),
  controlDomains(means),
  controlClusters(means),
  controlSecrets(means),
  controlMigrations({ ...means, fleetCap }),
];

const namesRead: ReadonlySet<string> = new Set([...Object.values(annotations), drainLabel]);
/** Whether the operator reads labels and annotations of this name. */
const isRead = (name: string) => namesRead.has(name);

function mirror<T extends KubeObject>(
  { api, clock, log, config, capacity }: OperatorOptions & { readonly capacity: Capacity | undefined },
  kind: Kind<T>,
  indexes: Readonly<Record<string, IndexFunction<T>>> = {},
): Mirror<T> {
  const where = served(config);
  return new Mirror(
    kind,
    where.map((place) => new Reflector<T>({ api, kind, clock, log, indexes, capacity, keeps: isRead, ...place })),
  );
}

function secretMirror(
  { api, clock, log, config }: OperatorOptions,
  isReferenced: (key: ObjectKey) => boolean,
): Mirror<Secret> {
  const options = {
    ...{ api: onlyCredentials(api, isReferenced), kind: secretKind, clock, log, pageSize: secretsPerPage },
    hasMore: hasMoreValues,
  };
  const where = served(config).flatMap((place) =>
    credentialTypes.map((type) => ({ ...place, fieldSelector: `type=${type}` })),
  );
  return new Mirror(
    secretKind,
    where.map((place) => new Reflector<Secret>({ ...options, ...place })),
  );
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
