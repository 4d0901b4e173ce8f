import type { Logger } from "pino";
import type { Clock } from "../../clock.ts";
import { type ProbeRequest, probe } from "../../host/actions.ts";
import type { Claim } from "../../host/addressee.ts";
import type { Secret } from "../../runtime/kinds.ts";
import type { HostDialer } from "../../ssh/host-session.ts";
import { addressOf, type Endpoint } from "./endpoint.ts";
import { claimsOf, heldClaims } from "./machine-claims.ts";
import type { HostMetrics } from "./metrics.ts";
import { routeTo } from "./route.ts";
import { type HostView, machineOf } from "./view.ts";
import { HostWatcher } from "./watcher.ts";

export interface HostFeedOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly dialer: HostDialer;
  readonly metrics: HostMetrics;
  readonly probeIntervalSeconds: number;
  /** Jobs of different objects that may change one host at once. */
  readonly parallel: number;
  /** Id of the management cluster, under which machines are claimed; undefined: none is claimed. */
  readonly clusterId?: string | undefined;
  readonly secret: (namespace: string, name: string) => Secret | undefined;
  /** What to ask the host that these objects stand for. */
  readonly request: (members: readonly string[]) => ProbeRequest;
  /** After every probe of a host: what was known before and is known now, and whose work is proven by it. */
  readonly onView: (watched: WatchedHost, before: HostView, settled: readonly string[]) => void;
}

/** What the object of a member keeps of its machine. */
export interface Remembered {
  /** `status.hostKey` */
  readonly hostKey?: string | undefined;
  /** `status.machineID` */
  readonly machineId?: string | undefined;
  /** Whose claim a person gave to it, `CLUSTER NAMESPACE/NAME`. */
  readonly takes?: string | undefined;
  /** `metadata.creationTimestamp`: of two objects for one machine the older one has it. */
  readonly since?: string | undefined;
}

/** A machine under watch and the objects (`Kind namespace/name`) that stand for it. */
export class WatchedHost {
  readonly endpoint: Endpoint;
  readonly watcher: HostWatcher;
  readonly members = new Map<string, Remembered>();
  /** The key seen under TrustOnFirstUse; it holds from then on. */
  seenKey: string | undefined;
  stop: () => void = () => undefined;

  /** Id of the management cluster; undefined: machines are not claimed. */
  readonly #clusterId: string | undefined;

  constructor(endpoint: Endpoint, watcher: (host: WatchedHost) => HostWatcher, clusterId?: string) {
    this.endpoint = endpoint;
    this.#clusterId = clusterId;
    this.watcher = watcher(this);
  }

  /** Who speaks to the machine: of each kind the member that the machine names, else the oldest. */
  get claims(): readonly Claim[] {
    if (this.#clusterId === undefined) return [];
    return claimsOf(this.members, this.#clusterId, heldClaims(this.watcher.view));
  }

  /** The key that a member's status keeps, else the one just seen. */
  get trustedKey(): string | undefined {
    return this.#remembered("hostKey") ?? this.seenKey;
  }

  /** A key or a machine-id that nobody has written down yet justifies looking, not changing anything. */
  get trusted(): boolean {
    const keyRecorded = this.seenKey === undefined || this.#remembered("hostKey") !== undefined;
    return keyRecorded && (this.machineId !== undefined || machineOf(this.watcher.view) === undefined);
  }

  /** The machine-id that a member's status keeps. */
  get machineId(): string | undefined {
    return this.#remembered("machineId");
  }

  get takes(): string | undefined {
    return this.#remembered("takes");
  }

  #remembered(what: keyof Remembered): string | undefined {
    for (const member of this.members.values()) if (member[what] !== undefined) return member[what];
    return undefined;
  }
}

/** One watcher per machine feeds every controller: cost follows hosts, not objects. */
export class HostFeed {
  readonly #options: HostFeedOptions;
  readonly #hosts = new Map<string, WatchedHost>();
  readonly #endpoints = new Map<string, string>();
  readonly #running = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;

  constructor(options: HostFeedOptions) {
    this.#options = options;
    options.metrics.ages = () => this.#ages();
  }

  /** The machine that a member stands for. */
  of(member: string): WatchedHost | undefined {
    return this.#hosts.get(this.#endpoints.get(member) ?? "");
  }

  all(): Iterable<WatchedHost> {
    return this.#hosts.values();
  }

  /** Says where a member is, or, with undefined, that it is gone. */
  declare(member: string, endpoint: Endpoint | undefined, remembered: Remembered = {}): void {
    const id = this.#endpoints.get(member);
    if (id !== undefined && id !== endpoint?.id) this.#leave(member, id);
    if (endpoint === undefined) return;
    const known = this.#hosts.get(endpoint.id);
    const host = known ?? this.#open(endpoint);
    this.#endpoints.set(member, endpoint.id);
    const before = host.machineId;
    host.members.set(member, remembered);
    if (before !== undefined && before !== host.machineId) host.watcher.ask();
    // It is asked for what its members need, so these come first.
    if (known === undefined && this.#signal !== undefined) this.#start(host, this.#signal);
  }

  /** Everything whose credentials are in this Secret is looked at again. */
  secretChanged(namespace: string, name: string): void {
    for (const { endpoint, watcher } of this.#hosts.values())
      if (endpoint.namespace === namespace && endpoint.ssh.privateKeySecretRef.name === name) watcher.ask();
  }

  /** Watches until the signal is aborted and everything has stopped. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const host of this.#hosts.values()) this.#start(host, signal);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.all(this.#running);
  }

  #open(endpoint: Endpoint): WatchedHost {
    const { clock, log, dialer, probeIntervalSeconds, parallel, secret, request, onView, clusterId } = this.#options;
    const address = addressOf(endpoint.ssh);
    const host = new WatchedHost(
      endpoint,
      (self) =>
        new HostWatcher({
          clock,
          log: log.child({ host: address }),
          intervalSeconds: probeIntervalSeconds,
          parallel,
          session: (target) => dialer.session(target),
          route: () =>
            routeTo(endpoint, secret(endpoint.namespace, endpoint.ssh.privateKeySecretRef.name), self.trustedKey),
          probe(extent) {
            const wanted = request([...self.members.keys()]);
            return probe(extent === "All" ? wanted : { ...wanted, segments: [] });
          },
          addressee: () => ({
            machineId: self.machineId,
            takes: self.takes,
            claims: self.claims,
          }),
          onView: (before, settled) => onView(self, before, settled),
          onHostKey: (key) => {
            self.seenKey ??= key;
          },
          onCommand: (script, error) =>
            this.#options.metrics.commands.inc({ host: address, script, result: error?.code ?? "completed" }),
        }),
      clusterId,
    );
    this.#hosts.set(endpoint.id, host);
    return host;
  }

  #start(host: WatchedHost, parent: AbortSignal): void {
    const own = new AbortController();
    const follow = () => own.abort(parent.reason);
    if (parent.aborted) follow();
    else parent.addEventListener("abort", follow, { once: true });
    host.stop = () => own.abort(new Error("nobody stands for this host any more"));
    const running = host.watcher.run(own.signal).finally(() => {
      parent.removeEventListener("abort", follow);
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  #leave(member: string, id: string): void {
    this.#endpoints.delete(member);
    const host = this.#hosts.get(id);
    host?.members.delete(member);
    if (host === undefined || host.members.size > 0) return;
    host.stop();
    this.#hosts.delete(id);
    const { host: name, port, user } = host.endpoint.ssh;
    const others = [...this.#hosts.values()].some(
      ({ endpoint: { ssh } }) => ssh.host === name && ssh.port === port && ssh.user === user,
    );
    if (!others) this.#options.dialer.forget({ host: name, port, user });
  }

  *#ages(): Iterable<readonly [string, number]> {
    for (const { endpoint, watcher } of this.#hosts.values()) {
      const age = watcher.ageSeconds();
      if (age !== undefined) yield [addressOf(endpoint.ssh), age];
    }
  }
}
