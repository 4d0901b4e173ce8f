import type { Logger } from "pino";
import type { Clock } from "../../clock.ts";
import { type ProbeRequest, probe, probeRunning } from "../../host/actions.ts";
import { path as hostPath, interfaceName, nameOfTarget, unlessInvalid } from "../../host/values.ts";
import { linkedSignal, untilAborted } from "../../runtime/cancellation.ts";
import type { Secret } from "../../runtime/kinds.ts";
import { keyOf } from "../../runtime/kube-api.ts";
import type { ReadonlyStore } from "../../runtime/store.ts";
import type { HostDialer } from "../../ssh/host-session.ts";
import { type ObjectRef, RefMap, type WorkRef } from "../identity.ts";
import { HostAgent } from "./agent.ts";
import { addressOf, type Endpoint, routeTo } from "./endpoint.ts";
import { Machine, type Remembered } from "./machine.ts";
import type { HostMetrics } from "./metrics.ts";
import { SeenBoots } from "./seen-boots.ts";
import { type HostView, machineOf } from "./view.ts";

/** Options of {@link Machines}. */
export interface MachinesOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly dialer: HostDialer;
  readonly metrics: HostMetrics;
  readonly probeIntervalSeconds: number;
  /** How many jobs of different objects may change one host at once. */
  readonly parallel: number;
  /** Id of the management cluster, under which machines are claimed; undefined: none is claimed. */
  readonly clusterId?: string | undefined;
  readonly secret: (namespace: string, name: string) => Secret | undefined;
  /** What the objects on the machine of this member need to know of it. */
  readonly questions: (member: ObjectRef) => readonly Partial<ProbeRequest>[];
  /** Called after every probe of a host. `shown`: the work whose effect the probe shows. */
  readonly onView: (machine: Machine, before: HostView, shown: readonly WorkRef[]) => void;
  /** The same for a probe only of what runs. */
  readonly onRunning: (machine: Machine, shown: readonly WorkRef[]) => void;
  /** Called after every job on a host, with its owners. No probe has shown its effect yet. */
  readonly onEnded: (owners: Iterable<WorkRef>) => void;
}

/**
 * Which objects represent which machine. One agent per machine probes for all controllers: cost follows hosts, not
 * objects.
 */
export class Machines {
  readonly #options: MachinesOptions;
  readonly #hosts = new Map<string, Machine>();
  readonly #endpoints = new RefMap<string>();
  readonly #running = new Set<Promise<void>>();
  /** By the machine-id that they report. */
  readonly #byMachineId = new Map<string, Set<Machine>>();
  readonly #boots = new SeenBoots();
  #signal: AbortSignal | undefined;

  constructor(options: MachinesOptions) {
    this.#options = options;
  }

  /** The machine that a member represents. */
  of(member: ObjectRef): Machine | undefined {
    return this.#hosts.get(this.#endpoints.get(member) ?? "");
  }

  all(): Iterable<Machine> {
    return this.#hosts.values();
  }

  /**
   * The watched machines that are this one at other addresses, and itself: they report its machine-id and its boot id.
   * Cloned images, and boards with one product_uuid, have equal machine-ids; nobody has the boot id of another by
   * chance. A host that reads the boot id of another can report it, in whatever namespace.
   */
  sameAs(machine: Machine): Machine[] {
    return this.#like(machine).filter((other) => this.#boots.compare(machine, other) === "Same");
  }

  /**
   * The machines of its namespace that are or may be this one, including itself: for decisions that would do harm if
   * one machine were taken for two, and that take something from another object. Those with another boot id count
   * until the looks show two machines, because one of the two may have been looked at before a reboot of their
   * machine. Objects of another namespace never count: what a host there reports takes nothing from this one. Two
   * objects of different namespaces for one machine are told apart by the claim on the machine itself.
   */
  mayBe(machine: Machine): Machine[] {
    return this.#like(machine).filter(
      (other) =>
        other.endpoint.namespace === machine.endpoint.namespace && this.#boots.compare(machine, other) !== "Distinct",
    );
  }

  /** Those that report its machine-id, including itself. */
  #like(machine: Machine): Machine[] {
    return [...(this.#byMachineId.get(machineOf(machine.agent.view) ?? "") ?? [machine])];
  }

  /**
   * To be called after each look. Returns all that report its machine-id, if they are several and which of them are one
   * machine has changed: judge them together now.
   */
  learn(machine: Machine, before: HostView): Iterable<Machine> {
    const [old, now] = [machineOf(before), machineOf(machine.agent.view)];
    const known = (now === undefined ? undefined : this.#byMachineId.get(now)) ?? new Set();
    const others = [...known].filter((other) => other !== machine);
    const verdicts = () => others.map((other) => this.#boots.compare(machine, other)).join();
    const former = verdicts();
    this.#boots.look(machine, this.#options.clock.monotonic());
    if (old !== now) {
      if (old !== undefined) this.#byMachineId.get(old)?.delete(machine);
      if (now !== undefined) this.#byMachineId.set(now, known.add(machine));
    } else if (former === verdicts()) return [];
    return others.length > 0 ? known : [];
  }

  /** Sets where a member is; undefined: it is gone. */
  declare(member: ObjectRef, endpoint: Endpoint | undefined, remembered: Remembered = {}): void {
    const id = this.#endpoints.get(member);
    if (id !== undefined && id !== endpoint?.id) this.#leave(member, id);
    if (endpoint === undefined) return;
    const known = this.#hosts.get(endpoint.id);
    const host = known ?? this.#open(endpoint);
    this.#endpoints.set(member, endpoint.id);
    const before = host.machineId;
    host.members.set(member, remembered);
    if (before !== undefined && before !== host.machineId) host.agent.ask();
    // A probe asks what the members need, so add the member before starting.
    if (known === undefined && this.#signal !== undefined) this.#start(host, this.#signal);
  }

  /** Requests a look at every machine whose credentials are in this Secret. */
  secretChanged(namespace: string, name: string): void {
    for (const { endpoint, agent } of this.#hosts.values())
      if (endpoint.namespace === namespace && endpoint.ssh.privateKeySecretRef.name === name) agent.ask();
  }

  /**
   * Cancels what is running on the machines of a namespace, and watches them anew as if for the first time. Resolves
   * when the last step has ended.
   */
  async renew(namespace: string): Promise<void> {
    const old = [...this.#hosts.values()].filter(({ endpoint }) => endpoint.namespace === namespace);
    for (const machine of old) {
      machine.stop();
      this.#byMachineId.get(machineOf(machine.agent.view) ?? "")?.delete(machine);
      const next = this.#open(machine.endpoint);
      for (const [member, remembered] of machine.members) next.members.set(member, remembered);
      if (this.#signal !== undefined) this.#start(next, this.#signal);
    }
    await Promise.all(old.map(({ ended }) => ended));
  }

  /** Watches until the signal is aborted and everything has stopped. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const host of this.#hosts.values()) this.#start(host, signal);
    await untilAborted(signal);
    await Promise.all(this.#running);
  }

  #open(endpoint: Endpoint): Machine {
    const { clock, log, dialer, probeIntervalSeconds, parallel, secret, questions, clusterId } = this.#options;
    const { onView, onRunning, onEnded } = this.#options;
    const address = addressOf(endpoint.ssh);
    const host = new Machine(
      endpoint,
      (self) =>
        new HostAgent({
          clock,
          log: log.child({ host: address }),
          intervalSeconds: probeIntervalSeconds,
          parallel,
          session: (target) => dialer.session(target),
          route: () =>
            routeTo(endpoint, secret(endpoint.namespace, endpoint.ssh.privateKeySecretRef.name), self.trustedKey),
          probe(extent) {
            if (extent === "Running") return probeRunning();
            const asked = [...self.members.keys()].flatMap(questions);
            const { wanted, leftOut } = joined(asked);
            self.leftOut = leftOut;
            self.askedDevices = new Set(wanted.sharedDevices);
            return probe(extent === "All" ? wanted : { ...wanted, segments: [] });
          },
          addressee: () => ({
            machineId: self.machineId,
            takes: self.takes,
            claims: self.claims,
          }),
          observer: () => self.observer,
          onView: (before, shown) => onView(self, before, shown),
          onRunning: (shown) => onRunning(self, shown),
          onEnded,
          onHostKey: (key) => {
            self.seenKey ??= key;
          },
          onCommand: (script, error) =>
            this.#options.metrics.commands.inc({ host: address, script, result: error?.code ?? "completed" }),
        }),
      clusterId,
    );
    host.siblings = () => this.mayBe(host);
    this.#hosts.set(endpoint.id, host);
    return host;
  }

  #start(host: Machine, parent: AbortSignal): void {
    const own = linkedSignal(parent);
    host.stop = () => own.abort(new Error("no object represents this host any more"));
    const running = host.agent.run(own.signal).finally(() => {
      own[Symbol.dispose]();
      this.#running.delete(running);
    });
    host.ended = running;
    this.#running.add(running);
  }

  #leave(member: ObjectRef, id: string): void {
    this.#endpoints.delete(member);
    const host = this.#hosts.get(id);
    host?.members.delete(member);
    if (host === undefined || host.members.size > 0) return;
    host.stop();
    this.#hosts.delete(id);
    this.#byMachineId.get(machineOf(host.agent.view) ?? "")?.delete(host);
    const { host: name, port, user } = host.endpoint.ssh;
    const others = [...this.#hosts.values()].some(
      ({ endpoint: { ssh } }) => ssh.host === name && ssh.port === port && ssh.user === user,
    );
    if (!others) this.#options.dialer.forget({ host: name, port, user });
    void this.#forgetSeries(host);
  }

  /** Removes the series of the machine's address once its last command has ended, unless another machine has it. */
  async #forgetSeries({ endpoint, ended }: Machine): Promise<void> {
    await ended;
    const address = addressOf(endpoint.ssh);
    if ([...this.#hosts.values()].every((other) => addressOf(other.endpoint.ssh) !== address))
      await this.#options.metrics.forget(address);
  }
}

/** Requests a look at machines whose credentials change. Returns a function that stops this. */
export const followSecrets = (machines: Machines, secrets: ReadonlyStore<Secret>): (() => void) =>
  secrets.subscribe((event) => {
    if (event.type === "added" && event.initial) return;
    const { namespace, name } = keyOf(event.object);
    machines.secretChanged(namespace, name);
  });

/**
 * A host is asked about so many paths of each kind at most: the rows about more of them would be too many for a section.
 */
export const mostPaths = 2048;

/** What all objects on a machine need to know of it, in one request, and the paths that are too many for it. */
function joined(questions: readonly Partial<ProbeRequest>[]): {
  readonly wanted: ProbeRequest;
  readonly leftOut: ReadonlySet<string>;
} {
  const union = <T extends string>(of: (one: Partial<ProbeRequest>) => readonly T[] | undefined): T[] => [
    ...new Set(questions.flatMap((one) => of(one) ?? [])),
  ];
  const leftOut = new Set<string>();
  const paths = (of: (one: Partial<ProbeRequest>) => readonly string[] | undefined) => {
    const all = union(of).filter((one) => accepts(hostPath, one));
    for (const path of all.slice(mostPaths)) leftOut.add(path);
    return all.slice(0, mostPaths).sort();
  };
  const wanted = {
    roles: union(({ roles }) => roles).sort(),
    segments: union(({ segments }) => segments)
      .filter((name) => accepts(interfaceName, name))
      .sort(),
    backings: paths(({ backings }) => backings),
    targets: union(({ targets }) => targets)
      .filter((name) => accepts(nameOfTarget, name))
      .slice(0, mostPaths)
      .sort(),
    sharedDevices: paths(({ sharedDevices }) => sharedDevices),
    mountPoints: paths(({ mountPoints }) => mountPoints),
    images: paths(({ images }) => images),
    lockDirectories: paths(({ lockDirectories }) => lockDirectories),
  };
  return { wanted, leftOut };
}

/** Drops a malformed value of one object, which would spoil the probe for all. */
const accepts = (form: (value: string) => string, value: string): boolean =>
  unlessInvalid(
    () => form(value) === value,
    () => false,
  );
