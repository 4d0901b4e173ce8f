import type { Logger } from "pino";
import { secretFinalizer } from "../api/common.ts";
import type { AoeServer, AoeVolume, Ocfs2Cluster, XenDomain, XenHost, XenMigration } from "../api/kinds.ts";
import type { Clock } from "../clock.ts";
import { hasFinalizer } from "../runtime/finalizers.ts";
import type { Secret } from "../runtime/kinds.ts";
import { type KubeObject, keyString, type ObjectKey } from "../runtime/kube-api.ts";
import type { ReadonlyStore, StoreEvent } from "../runtime/store.ts";
import type { HostDialer } from "../ssh/host-session.ts";
import { directivesOf } from "./directives.ts";
import { FirstRound, isContent } from "./first-round.ts";
import { Heartbeats } from "./heartbeats.ts";
import { Attempts } from "./hosts/attempts.ts";
import { endpointOf } from "./hosts/endpoint.ts";
import { addressText, changeBetween, concernsTenants } from "./hosts/facts-diff.ts";
import { HostFeed, type Remembered, type WatchedHost } from "./hosts/feed.ts";
import { Fences } from "./hosts/fences.ts";
import type { HostMetrics } from "./hosts/metrics.ts";
import type { StepResult } from "./hosts/step.ts";
import { type HostView, lastFacts, machineOf, sameTrouble } from "./hosts/view.ts";
import { type HostObject, secretNames, serverNameOf } from "./indexes.ts";
import { KernelReports } from "./kernel-reports.ts";
import { idOf, parseId } from "./names.ts";
import { probeRequest } from "./probe-request.ts";
import {
  concernedByCluster,
  concernedByDomain,
  concernedByMigration,
  concernedByVolume,
  hostsOf,
  livingOn,
  secretUsers,
} from "./relations.ts";
import { hostSpec, serverSpec, volumeSpec } from "./specs.ts";

export interface Stores {
  readonly servers: ReadonlyStore<AoeServer>;
  readonly volumes: ReadonlyStore<AoeVolume>;
  readonly hosts: ReadonlyStore<XenHost>;
  readonly clusters: ReadonlyStore<Ocfs2Cluster>;
  readonly domains: ReadonlyStore<XenDomain>;
  readonly migrations: ReadonlyStore<XenMigration>;
  readonly secrets: ReadonlyStore<Secret>;
}

export interface FleetOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly dialer: HostDialer;
  readonly metrics: HostMetrics;
  readonly stores: Stores;
  readonly probeIntervalSeconds: number;
  readonly parallel: number;
  /** Id of the management cluster, under which machines are claimed; undefined: none is claimed. */
  readonly clusterId?: string | undefined;
  /** Puts an object into its controller's queue. */
  readonly enqueue: (id: string, options?: { readonly initial: boolean }) => void;
  /** Told once of each step that was done for an object, after the look that shows what it did. */
  readonly onDone?: (id: string, result: StepResult) => void;
}

/**
 * Declared objects and watched machines, and who has to know when one of them changes. Everything the controllers ask
 * is answered from memory.
 */
export class Fleet {
  readonly clock: Clock;
  readonly stores: Stores;
  readonly feed: HostFeed;
  readonly fences = new Fences();
  /** Interrupting steps that wait for one more look at the clients, by owner. */
  readonly wanted = new Map<string, string>();
  /** Volumes that found an older one with their address or backing when they were judged last. */
  readonly outdone = new Set<string>();
  readonly heartbeats = new Heartbeats();
  readonly kernelReports = new KernelReports();
  readonly attempts: Attempts;
  readonly metrics: HostMetrics;
  readonly #options: FleetOptions;
  readonly #firstRound = new FirstRound((id) => this.machinesOf(id));
  /** Members by the machine they turned out to be. */
  readonly #machines = new Map<string, Set<WatchedHost>>();
  /** Results that {@link FleetOptions.onDone} was told of, for each owner. */
  readonly #told = new WeakMap<StepResult, Set<string>>();

  constructor(options: FleetOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.stores = options.stores;
    this.metrics = options.metrics;
    this.attempts = new Attempts(options.clock);
    this.feed = new HostFeed({
      ...options,
      secret: (namespace, name) => options.stores.secrets.get({ namespace, name }),
      request: (members) => probeRequest(this.stores, members),
      onView: (host, before, settled) => this.#looked(host, before, settled),
    });
  }

  /** Follows the stores, which must be synced, and the machines, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { servers, hosts, volumes, clusters, domains, migrations, secrets } = this.stores;
    const stops = [
      servers.subscribe((event) => this.#hostEvent("AoeServer", event, (server) => serverSpec(server))),
      hosts.subscribe((event) => this.#hostEvent("XenHost", event, (host) => hostSpec(host))),
      volumes.subscribe((event) => this.#volumeEvent(event)),
      volumes.subscribe((event) => this.#spread(event, concernedByVolume(this.stores, event.object))),
      clusters.subscribe((event) => this.#tenantEvent("Ocfs2Cluster", event, concernedByCluster)),
      domains.subscribe((event) => this.#tenantEvent("XenDomain", event, concernedByDomain)),
      migrations.subscribe((event) => this.#tenantEvent("XenMigration", event, concernedByMigration)),
      secrets.subscribe((event) => this.#secretEvent(event)),
    ];
    try {
      await this.feed.run(signal);
    } finally {
      for (const stop of stops) stop();
    }
  }

  /** Machines that say they are the same one as this. */
  sameMachine(host: WatchedHost): Iterable<WatchedHost> {
    return this.#machines.get(machineOf(host.watcher.view) ?? "") ?? [host];
  }

  volumesOf(server: ObjectKey): AoeVolume[] {
    return this.stores.volumes.byIndex("server", keyString(server));
  }

  volumesSeenBy(client: ObjectKey): AoeVolume[] {
    return this.stores.volumes.byIndex("client", keyString(client));
  }

  #looked(host: WatchedHost, before: HostView, settled: readonly string[]): void {
    const after = host.watcher.view;
    this.#learnMachine(host, before, after);
    for (const owner of settled) this.#tellDone(host, owner);
    const lowered = this.fences.lower(host);
    for (const owner of new Set([...settled, ...lowered])) this.#wake(objectOf(owner));
    // Whoever lives on it waited for that look as well.
    if (lowered.some((owner) => host.members.has(owner))) this.#wakeAll(host);
    const beats = this.heartbeats.look(host, this.clock.monotonic());
    if (this.kernelReports.look(host, before) || beats) this.#wakeTenants(host);
    if (before.state !== "Reachable" || after.state !== "Reachable") {
      if (before.state === "Unreachable" && after.state === "Unreachable" && sameTrouble(before, after)) return;
      this.#wakeAll(host, before.state === "Pending");
      return;
    }
    if (before.snapshot.facts === after.snapshot.facts) return;
    if (concernsTenants(before.snapshot.facts, after.snapshot.facts)) this.#wakeTenants(host);
    const change = changeBetween(before.snapshot.facts, after.snapshot.facts);
    if (change.kind === "All") {
      this.#wakeAll(host);
      return;
    }
    if (change.addresses.size + change.backings.size === 0) return;
    for (const member of host.members.keys()) this.#wake(member);
    for (const address of change.addresses)
      for (const volume of this.stores.volumes.byIndex("address", address)) this.#wake(volumeId(volume));
    for (const member of host.members.keys()) {
      const { kind, key } = parseId(member);
      if (kind !== "AoeServer") continue;
      for (const backing of change.backings)
        for (const volume of this.stores.volumes.byIndex("backing", `${keyString(key)} ${backing}`))
          this.#wake(volumeId(volume));
    }
  }

  #tellDone(host: WatchedHost, owner: string): void {
    for (const result of host.watcher.results(owner)) {
      const told = this.#told.get(result) ?? new Set<string>();
      this.#told.set(result, told);
      if (told.has(owner)) continue;
      told.add(owner);
      this.#options.onDone?.(objectOf(owner), result);
    }
  }

  #wake(id: string): void {
    if (!this.#firstRound.waits(id)) this.#options.enqueue(id);
  }

  /** Everything that lives on the hosts for which the machine stands. */
  #wakeTenants(host: WatchedHost): void {
    for (const member of host.members.keys()) {
      const { kind, key } = parseId(member);
      if (kind !== "XenHost") continue;
      this.#wake(member);
      for (const tenant of livingOn(this.stores, key)) this.#wake(tenant);
    }
  }

  #wakeAll(host: WatchedHost, firstTime = false): void {
    this.#wakeTenants(host);
    for (const member of host.members.keys()) {
      this.#wake(member);
      for (const volume of this.#dependents(member)) this.#wake(volumeId(volume));
    }
    // Volumes that do not list this host wait for it all the same when it may hold their device.
    const devices = lastFacts(host.watcher.view)?.aoeDevices;
    for (const device of devices?.state === "known" ? devices.value : [])
      for (const volume of this.stores.volumes.byIndex("address", addressText(device)))
        if (!firstTime || !isContent(volume)) this.#wake(volumeId(volume));
  }

  /** The machines an object has to do with. */
  machinesOf(id: string): WatchedHost[] {
    const { kind, key } = parseId(id);
    const volume = kind === "AoeVolume" ? this.stores.volumes.get(key) : undefined;
    if (volume === undefined) return [id, ...hostsOf(this.stores, id)].flatMap((one) => this.feed.of(one) ?? []);
    const parsed = volumeSpec(volume);
    return parsed.ok ? this.hostsOf(volume, parsed.spec) : [];
  }

  #dependents(member: string): AoeVolume[] {
    const { kind, key } = parseId(member);
    return kind === "AoeServer" ? this.volumesOf(key) : this.volumesSeenBy(key);
  }

  #learnMachine(host: WatchedHost, before: HostView, after: HostView): void {
    const [old, now] = [machineOf(before), machineOf(after)];
    if (old === now) return;
    if (old !== undefined) this.#machines.get(old)?.delete(host);
    if (now === undefined) return;
    const known = this.#machines.get(now) ?? new Set();
    this.#machines.set(now, known.add(host));
    // The same machine under several names: what was judged apart is judged together.
    if (known.size > 1) for (const other of known) this.#wakeAll(other);
  }

  #hostEvent<T extends HostObject>(
    kind: "AoeServer" | "XenHost",
    event: StoreEvent<T>,
    specOf: (object: T) => ReturnType<typeof serverSpec> | ReturnType<typeof hostSpec>,
  ): void {
    const { object } = event;
    const { namespace = "", name } = object.metadata;
    const id = idOf(kind, namespace, name);
    const initial = event.type === "added" && event.initial;
    const former = this.feed.of(id);
    this.#wakeSecrets(object);
    if (event.type === "updated") this.#wakeSecrets(event.old);
    if (event.type === "deleted") {
      this.feed.declare(id, undefined);
      this.attempts.forget(id);
      this.#closed(former);
    } else {
      const parsed = specOf(object);
      this.feed.declare(id, parsed.ok ? endpointOf(namespace, parsed.spec.ssh) : undefined, remembered(object));
      if (former !== this.feed.of(id)) this.#closed(former);
    }
    if (kind === "XenHost") this.#spread(event, livingOn(this.stores, { namespace, name }));
    if (event.type === "updated" && !asksAnew(event)) {
      if (saysOtherwise(event)) this.#wake(id);
      const { hostKey, machineID } = event.old.status ?? {};
      if (event.object.status?.hostKey === hostKey && event.object.status?.machineID === machineID) return;
    } else {
      const watched = this.feed.of(id);
      if (watched !== undefined && !initial) this.fences.raise(id, [watched]);
    }
    if (initial) {
      this.#begin(id, object);
      return;
    }
    this.#firstRound.leave(id);
    this.#wake(id);
    for (const volume of this.#dependents(id)) {
      this.#wake(volumeId(volume));
      // The server may be on another segment now, with other rivals.
      if (kind === "AoeServer") this.#wakeAddress(volume);
    }
  }

  /** A cluster, domain or migration: judged anew when its spec asks for it, and its like whenever it says something new. */
  #tenantEvent<T extends KubeObject>(
    kind: string,
    event: StoreEvent<T>,
    concerned: (stores: Stores, object: T) => readonly string[],
  ): void {
    const { object } = event;
    const { namespace = "", name } = object.metadata;
    const id = idOf(kind, namespace, name);
    this.#spread(event, concerned(this.stores, object));
    // Those that it names no longer.
    if (event.type === "updated") this.#spread(event, concerned(this.stores, event.old));
    if (event.type === "updated" && !asksAnew(event)) {
      if (saysOtherwise(event)) this.#wake(id);
      return;
    }
    if (event.type === "added" && event.initial) {
      this.#begin(id, object);
      return;
    }
    this.#firstRound.leave(id);
    if (event.type === "deleted") this.#forget(id);
    else this.fences.raise(id, this.machinesOf(id), kind === "XenMigration" ? "WithoutSegments" : "All");
    this.#wake(id);
  }

  /** What an object says of itself matters to others. */
  #spread<T extends KubeObject>(event: StoreEvent<T>, concerned: readonly string[]): void {
    if (event.type === "added" && event.initial) return;
    for (const id of concerned) this.#wake(id);
  }

  #closed(host: WatchedHost | undefined): void {
    if (host === undefined || host.members.size > 0) return;
    this.#machines.get(machineOf(host.watcher.view) ?? "")?.delete(host);
    this.fences.forget(host);
  }

  #volumeEvent(event: StoreEvent<AoeVolume>): void {
    const { object } = event;
    const id = volumeId(object);
    if (event.type === "updated" && !asksAnew(event)) {
      if (saysOtherwise(event)) this.#wake(id);
      return;
    }
    if (event.type === "added" && event.initial) {
      this.#begin(id, object);
      return;
    }
    this.#firstRound.leave(id);
    this.#wake(id);
    if (event.type === "deleted") this.#forget(id);
    const parsed = volumeSpec(object);
    const { namespace = "" } = object.metadata;
    const server = serverNameOf(object);
    if (!parsed.ok) {
      // It keeps its server all the same.
      if (server !== undefined) this.#wake(idOf("AoeServer", namespace, server));
      return;
    }
    if (event.type !== "deleted") this.fences.raise(id, this.hostsOf(object, parsed.spec));
    // Their nodes have not been asked for this device yet.
    for (const cluster of concernedByVolume(this.stores, object)) this.fences.raise(cluster, this.machinesOf(cluster));
    this.#wake(idOf("AoeServer", namespace, parsed.spec.serverRef.name));
    for (const client of parsed.spec.clientRefs ?? []) this.#wake(idOf("XenHost", namespace, client.name));
    if (event.type !== "deleted") {
      this.#wakeAddress(object);
      return;
    }
    // What a status says is written a moment after it was judged, perhaps by an earlier process.
    const waiting = this.stores.volumes.byIndex("conflicted", "yes").map(volumeId);
    for (const other of new Set([...waiting, ...this.outdone])) this.#wake(other);
  }

  /** What the first list brings; no machine has been asked yet, so that every answer is fresh for it. */
  #begin(id: string, object: KubeObject): void {
    this.#firstRound.begin(id, object);
    if (!this.#firstRound.waits(id)) this.#options.enqueue(id, { initial: true });
  }

  #forget(id: string): void {
    for (const host of this.feed.all()) host.watcher.lanes.forget(id);
    this.wanted.delete(id);
    this.outdone.delete(id);
    this.attempts.forget(id);
  }

  #wakeAddress(volume: AoeVolume): void {
    const parsed = volumeSpec(volume);
    if (!parsed.ok) return;
    for (const other of this.stores.volumes.byIndex("address", addressText(parsed.spec)))
      if (other !== volume) this.#wake(volumeId(other));
  }

  /** The machines a volume has to do with. */
  hostsOf(volume: AoeVolume, spec: Extract<ReturnType<typeof volumeSpec>, { ok: true }>["spec"]): WatchedHost[] {
    const { namespace = "" } = volume.metadata;
    const names = new Set([...(spec.clientRefs ?? []), ...(volume.status?.clients ?? [])].map(({ name }) => name));
    return [
      this.feed.of(idOf("AoeServer", namespace, spec.serverRef.name)),
      ...[...names].map((name) => this.feed.of(idOf("XenHost", namespace, name))),
    ].flatMap((host) => host ?? []);
  }

  #holdAnew(event: StoreEvent<Secret>): void {
    const { metadata } = event.object;
    const id = idOf("Secret", metadata.namespace ?? "", metadata.name);
    if (event.type === "added") {
      const { namespace = "", name } = metadata;
      const named = secretUsers(this.stores, { namespace, name }).length > 0;
      if (named || hasFinalizer(event.object, secretFinalizer)) this.#options.enqueue(id);
    } else if (event.type === "updated" && holdText(event.old) !== holdText(event.object)) this.#options.enqueue(id);
  }

  /** Whether a Secret is in use changes with the hosts that name it. */
  #wakeSecrets(object: HostObject): void {
    for (const key of secretNames(object)) this.#options.enqueue(`Secret ${key}`);
  }

  #secretEvent(event: StoreEvent<Secret>): void {
    this.#holdAnew(event);
    if (event.type === "added" && event.initial) return;
    const { namespace = "", name } = event.object.metadata;
    this.feed.secretChanged(namespace, name);
    for (const host of this.stores.hosts.byIndex("password", keyString({ namespace, name })))
      this.#wake(idOf("XenHost", namespace, host.metadata.name));
  }
}

const holdText = ({ metadata: { uid, deletionTimestamp, finalizers = [] } }: Secret) =>
  JSON.stringify([uid, deletionTimestamp, finalizers]);

const volumeId = ({ metadata: { namespace = "", name } }: AoeVolume) => idOf("AoeVolume", namespace, name);

/** The object that a fence or a job is for: some have several. */
const objectOf = (owner: string) => owner.replace(/^(confirm|sample) | #.*$/g, "");

/** A new spec, a deletion, or annotations that say something else: reason to look at the machines again. */
/** What a host object keeps of its machine. */
function remembered({ metadata, status }: HostObject): Remembered {
  const [, takes] = /^Claim:(.*)$/.exec(directivesOf(metadata).approved ?? "") ?? [];
  const { creationTimestamp: since } = metadata;
  return { hostKey: status?.hostKey, machineId: status?.machineID, takes, since };
}

function asksAnew(event: { object: KubeObject; old: KubeObject }): boolean {
  const [now, before] = [event.object.metadata, event.old.metadata];
  return (
    now.generation !== before.generation ||
    now.deletionTimestamp !== before.deletionTimestamp ||
    JSON.stringify(directivesOf(now)) !== JSON.stringify(directivesOf(before))
  );
}

/**
 * Its status is another one: a write of ours, perhaps one whose answer was lost, while the object was judged anew from
 * what stood there before. Only another look tells whether what stands there now is true.
 */
function saysOtherwise(event: { object: KubeObject; old: KubeObject }): boolean {
  return statusText(event.object) !== statusText(event.old);
}

const statusText = (object: KubeObject): string => ("status" in object ? JSON.stringify(object.status) : "");
