import type { Fact, HostFacts } from "../host/facts.ts";
import { sameFacts } from "../host/same-facts.ts";
import { finalName } from "../host/staged-volume.ts";
import type { KubeObject } from "../runtime/kube-api.ts";
import type { Freshness } from "./hosts/freshness.ts";
import type { Machine } from "./hosts/machine.ts";
import type { StepResult } from "./hosts/step.ts";
import { addressText, type HostView, sameTrouble } from "./hosts/view.ts";
import { type ObjectRef, objectOf, type RefMap, RefSet, type WorkRef } from "./identity.ts";
import { type Controlled, isSettled, type Look, type ObjectChange, requestChanged, statusChanged } from "./watch.ts";
import type { World } from "./world.ts";

/** Options of {@link Dispatch}. */
export interface DispatchOptions {
  readonly world: World;
  readonly kinds: readonly Controlled[];
  /** Puts an object into its controller's queue; `initial`: it came with the first list. */
  readonly enqueue: (object: ObjectRef, options?: { readonly initial: boolean }) => void;
  /** Called once for each step that was done for an object, after the look that shows its effect. */
  readonly onDone?: (object: ObjectRef, result: StepResult) => void;
}

/**
 * Turns changes in the stores and on the machines into reconciles. It knows no kind: each kind says what wakes its
 * objects ({@link Controlled}).
 */
export class Dispatch {
  readonly #options: DispatchOptions;
  readonly #kinds: ReadonlyMap<string, Controlled>;
  /**
   * Objects that an earlier process has judged as they are now. There is nothing new to say about them before each of
   * their machines has been probed once, so each costs one reconcile after a restart, and no write. A machine that is
   * unreachable counts as probed.
   */
  readonly #firstRound: RefMap<true>;
  /** The owners for which {@link DispatchOptions.onDone} was called, by result. */
  readonly #reported = new WeakMap<StepResult, RefSet<WorkRef>>();

  constructor(options: DispatchOptions) {
    this.#options = options;
    this.#kinds = new Map(options.kinds.map((one) => [one.kind, one]));
    this.#firstRound = options.world.ledger.page();
  }

  /** Follows the stores, which must be synced, until the returned function is called. */
  start(): () => void {
    const { kinds } = this.#options;
    const stops = [
      // Declare machines first: the other kinds look them up.
      ...kinds.filter(({ standsFor }) => standsFor !== undefined).map((one) => this.#declare(one)),
      ...kinds.map((one) => one.objects?.subscribe((object, change) => this.#changed(one, object, change))),
      ...kinds.flatMap(({ watches }) =>
        watches.map((watch) => watch.subscribe((objects, looksAgain) => this.#concern(objects, looksAgain))),
      ),
    ];
    return () => {
      for (const stop of stops) stop?.();
    };
  }

  /** To be called after each look at a machine. `shown`: the work whose effect the look shows. */
  looked(machine: Machine, before: HostView, shown: readonly WorkRef[]): void {
    const { machines, heartbeats, kernelReports, clock } = this.#options.world;
    for (const other of machines.learn(machine, before)) this.#tell(everythingOn(other, before));
    const met = this.#wakeAwaiting(machine, shown);
    // The tenants of the machine waited for that look as well.
    const awaited = met.some(({ object, need }) => need === "Change" && machine.members.has(object));
    const beats = heartbeats.look(machine, clock.monotonic());
    const reports = kernelReports.look(machine, before);
    const look = lookOf(machine, before);
    this.#tell({
      ...look,
      all: look.all || awaited,
      first: look.first && !awaited,
      tenants: look.tenants || beats || reports,
    });
  }

  /** To be called after each look only at what a machine runs: it concerns only those who asked for it. */
  lookedAtRunning(machine: Machine, shown: readonly WorkRef[]): void {
    this.#wakeAwaiting(machine, shown);
  }

  /** To be called after each job on a machine. */
  ended(owners: Iterable<WorkRef>): void {
    for (const owner of owners) {
      const object = objectOf(owner);
      if (this.#kinds.get(object.kind)?.goesOnElsewhere === true) this.#wake(object);
    }
  }

  /** Wakes those whose work the look shows, and those who asked for it; returns whose needs it has met. */
  #wakeAwaiting(machine: Machine, shown: readonly WorkRef[]): ReturnType<Freshness["takeMet"]> {
    for (const owner of shown) this.#tellDone(machine, owner);
    const met = this.#options.world.freshness.takeMet(machine);
    for (const object of new RefSet([...shown.map(objectOf), ...met.map(({ object }) => object)])) this.#wake(object);
    return met;
  }

  #declare({ objects, standsFor }: Controlled): (() => void) | undefined {
    return objects?.subscribe((object) => {
      const { endpoint, remembered } = standsFor?.(object) ?? {};
      this.#options.world.machines.declare(object, endpoint, remembered);
    });
  }

  /** Wakes the object when its spec, deletion or annotations ask for something else, and when its status changes. */
  #changed({ extent }: Controlled, object: ObjectRef, change: ObjectChange<KubeObject>): void {
    const { ledger, machines, freshness } = this.#options.world;
    if (change.initial) {
      // No machine has been probed yet, so every answer is fresh for it.
      if (isSettled(change.object)) this.#firstRound.set(object, true);
      if (!this.#waits(object)) this.#options.enqueue(object, { initial: true });
      return;
    }
    if (!requestChanged(change)) {
      if (statusChanged(change)) this.#wake(object);
      return;
    }
    this.#firstRound.delete(object);
    if (change.deleted) {
      for (const machine of machines.all()) machine.agent.lanes.forget(object);
      ledger.forget(object);
    } else for (const one of this.#machinesOf(object)) freshness.demand(object, [one], "Change", extent?.(one));
    this.#wake(object);
  }

  #concern(objects: readonly ObjectRef[], looksAgain: boolean): void {
    for (const object of new RefSet(objects)) {
      if (looksAgain) this.#options.world.freshness.demand(object, this.#machinesOf(object));
      this.#wake(object);
    }
  }

  #tell(look: Look): void {
    for (const { onLook } of this.#options.kinds) for (const object of onLook?.(look) ?? []) this.#wake(object);
  }

  #tellDone(machine: Machine, owner: WorkRef): void {
    for (const result of machine.agent.results(owner)) {
      const told = this.#reported.get(result) ?? new RefSet<WorkRef>();
      this.#reported.set(result, told);
      if (told.has(owner)) continue;
      told.add(owner);
      this.#options.onDone?.(objectOf(owner), result);
    }
  }

  #wake(object: ObjectRef): void {
    if (!this.#waits(object)) this.#options.enqueue(object);
  }

  /** Whether the object is still part of the first round; once it has left, it does not come back. */
  #waits(object: ObjectRef): boolean {
    if (!this.#firstRound.has(object)) return false;
    if (this.#machinesOf(object).some(({ agent }) => agent.view.state === "Pending")) return true;
    this.#firstRound.delete(object);
    return false;
  }

  #machinesOf(object: ObjectRef): readonly Machine[] {
    return this.#kinds.get(object.kind)?.machines?.(object) ?? [];
  }
}

const nothing: ReadonlySet<string> = new Set();

const everythingOn = (machine: Machine, before: HostView): Look => ({
  ...{ machine, before, all: true, first: false, tenants: true },
  ...{ addresses: nothing, backings: nothing },
});

/** How the facts of two looks differ. */
function lookOf(machine: Machine, before: HostView): Look {
  const after = machine.agent.view;
  const everything = everythingOn(machine, before);
  const same = { ...everything, all: false, tenants: false };
  if (before.state !== "Reachable" || after.state !== "Reachable") {
    if (sameTrouble(before, after)) return same;
    return { ...everything, first: before.state === "Pending" };
  }
  const [old, now] = [before.snapshot.facts, after.snapshot.facts];
  if (old === now) return same;
  const change = changeBetween(old, now);
  return change === undefined ? everything : { ...same, ...change, tenants: concernsTenants(old, now) };
}

/** The volumes that a change on a host can affect: those with these addresses and backings. Undefined: all of them. */
function changeBetween(before: HostFacts, after: HostFacts): Pick<Look, "addresses" | "backings"> | undefined {
  const shared = ["identity", "system", "packages", "tools", "interfaces", "blockDevices", "aoe"] as const;
  if (shared.some((section) => !sameFacts(before[section], after[section]))) return undefined;
  const addresses = [
    changedKeys(before.exports, after.exports, addressText),
    changedKeys(before.aoeDevices, after.aoeDevices, addressText),
    changedKeys(before.responders, after.responders, addressText),
  ];
  const backings = [
    changedKeys(before.backings, after.backings, ({ path }) => path),
    changedKeys(
      before.logicalVolumes,
      after.logicalVolumes,
      ({ volumeGroup, name }) => `/dev/${volumeGroup}/${finalName(name)}`,
    ),
  ];
  if ([...addresses, ...backings].includes(undefined)) return undefined;
  return { addresses: union(addresses), backings: union(backings) };
}

/** Whether the change concerns clusters, domains or migrations on the host. */
function concernsTenants(before: HostFacts, after: HostFacts): boolean {
  return (
    tenantSections.some((section) => !sameFacts(before[section], after[section], restless)) ||
    availableMemory(before) !== availableMemory(after)
  );
}

const tenantSections = [
  "identity",
  "packages",
  "tools",
  "mounts",
  "aoeDevices",
  "o2cb",
  "sharedDevices",
  "mountPoints",
  "formats",
  "kernelTroubles",
  "toolstack",
  "domains",
  "relocation",
  "migrations",
  "images",
  "domainLocks",
  "domainConfigurations",
] as const;

/** Keys of the entries that differ; undefined when a list became known or unknown. */
function changedKeys<T>(
  before: Fact<readonly T[]>,
  after: Fact<readonly T[]>,
  key: (item: T) => string,
): Set<string> | undefined {
  if (before.state !== after.state) return undefined;
  if (before.state !== "known" || after.state !== "known") return new Set();
  const [old, now] = [Map.groupBy(before.value, key), Map.groupBy(after.value, key)];
  return new Set([...old.keys(), ...now.keys()].filter((name) => !sameFacts(old.get(name), now.get(name))));
}

function union(sets: readonly (ReadonlySet<string> | undefined)[]): Set<string> {
  return new Set(sets.flatMap((set) => [...(set ?? [])]));
}

/**
 * Fields that change all the time: the sequence numbers of heartbeats (Heartbeats judges who is alive), CPU seconds,
 * uptimes, and the memory that dom0 could give up, which {@link availableMemory} compares.
 */
const restless: ReadonlySet<string> = new Set(["sequence", "seconds", "now", "available"]);

/** The memory that dom0 could give up, in steps of 64 MiB: a domain that finds no host with room may wait for it. */
const availableMemory = ({ toolstack }: HostFacts) =>
  toolstack.state === "known" && toolstack.value.dom0Memory !== undefined
    ? Math.floor(toolstack.value.dom0Memory.available / 64)
    : undefined;
