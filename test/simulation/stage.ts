import type { Clock } from "../../src/clock.ts";
import type { KubeApi, KubeObject, ObjectKey } from "../../src/runtime/kube-api.ts";
import { KubeError } from "../../src/runtime/kube-api.ts";
import { directDialer, endpoint } from "../../src/sim/dialer.ts";
import { openDevice } from "../../src/sim/model/aoe-driver.ts";
import { createRack, type Rack } from "../../src/sim/rack.ts";
import type { RackFile } from "../../src/sim/rack-file.ts";
import type { HostDialer } from "../../src/ssh/host-session.ts";
import { customResourceDefinitions } from "./definitions.ts";
import type { Watcher } from "./invariants/invariant.ts";
import { invariants } from "./invariants.ts";
import { describeEvent } from "./rack-words.ts";
import { clockTime, type Trace } from "./trace.ts";
import { connectHosts } from "./world/host-client.ts";
import { ApiServer, type Change } from "./world/kube/api-server.ts";
import { isObject, type JsonObject, objectAt, toJson, toJsonObject } from "./world/kube/json.ts";
import { connectKubeApi } from "./world/kube/kube-client.ts";
import { Life } from "./world/life.ts";
import { type Random, seeded } from "./world/random.ts";
import { type CrashPoint, type SideEffect, SideEffects } from "./world/side-effects.ts";
import { VirtualClock } from "./world/virtual-clock.ts";
import { calm, type Weather } from "./world/weather.ts";

/** A rack, what users ask for, and what must be true in the end. */
export interface Scenario {
  readonly name: string;
  readonly says: string;
  /** Its share of all seeds, 0 to 1. */
  readonly share: number;
  readonly rack: () => RackFile;
  /** Objects that are in the API at the beginning, or come in the first seconds, in any order. */
  readonly manifests: () => readonly KubeObject[];
  /** What users do during the storm: each at most once, at a random time, in this order. */
  readonly edits?: readonly Edit[];
  /** What others do to the machines before xensan comes. */
  readonly prepare?: (stage: Stage) => void;
  /** What is still missing; empty when nothing is. `done` names the edits that were made. */
  readonly missing: (stage: Stage, done: ReadonlySet<string>) => string[];
}

export interface Edit {
  readonly name: string;
  readonly act: (stage: Stage, random: Random) => void;
}

/** Everything outside of one operator process: its three doors. */
export interface Doors {
  readonly kube: KubeApi;
  readonly dialer: HostDialer;
  readonly clock: Clock;
  readonly life: Life;
}

/** Starts an operator process behind these doors; it runs until the signal, or until its life ends. */
export type StartOperator = (
  doors: Doors,
  signal: AbortSignal,
  /** Receives the log, line by line; absent when it is not wanted. */
  print?: (line: string) => void,
) => Promise<void>;

export interface StageOptions {
  readonly seed: string;
  readonly scenario: Scenario;
  readonly operator: StartOperator;
  readonly trace: Trace;
  readonly crash?: CrashPoint | undefined;
  /** Receives the operator's log. */
  readonly log?: ((line: string) => void) | undefined;
}

/** The world of one run: the API server, the rack, the clock, and the operator processes. */
export class Stage {
  readonly random: Random;
  readonly clock: VirtualClock;
  readonly server: ApiServer;
  readonly rack: Rack;
  readonly effects: SideEffects;
  readonly trace: Trace;
  readonly violations: string[] = [];
  weather: Weather = calm();
  life = new Life("none");
  /** Operator processes so far. */
  lives = 0;
  /** When the operator last wrote to the API, not counting Leases and Events. */
  lastWrite = 0;
  /** When the operator last changed a host. */
  lastCommand = 0;
  /** Called right before every side effect. */
  onEffect: (effect: SideEffect) => void = () => undefined;
  readonly #operator: StartOperator;
  readonly #log: ((line: string) => void) | undefined;
  readonly #dialer: HostDialer;
  readonly #watchers: readonly Watcher[];
  readonly #hostNames: ReadonlyMap<string, string>;

  constructor(options: StageOptions) {
    const { scenario, trace } = options;
    this.trace = trace;
    this.random = seeded(options.seed);
    this.clock = new VirtualClock(this.random.branch("clock"));
    this.#operator = options.operator;
    this.#log = options.log;
    const now = () => this.clock.now();
    this.server = new ApiServer({
      now,
      random: this.random.branch("uid"),
      customResourceDefinitions: customResourceDefinitions(),
    });
    this.rack = createRack(scenario.rack(), { clock: this.clock });
    this.#hostNames = new Map(
      [...this.rack.hosts.keys()].map((name) => {
        const { host, port } = endpoint(this.rack, name);
        return [`${host}:${port}`, name];
      }),
    );
    this.#dialer = directDialer(this.rack);
    this.effects = new SideEffects({
      now,
      crash: options.crash,
      onEffect: (effect) => {
        this.onEffect(effect);
        if (effect.door === "host") this.lastCommand = effect.at;
        else if (!/ (leases|events) /.test(effect.what)) this.lastWrite = effect.at;
        trace.note(effect.at, "operator", () => `#${effect.number} ${effect.what}`);
      },
    });
    scenario.prepare?.(this);
    this.#watchers = invariants.map((invariant) =>
      invariant.watch({
        rack: this.rack,
        server: this.server,
        now,
        violated: (message) => {
          this.violations.push(`${clockTime(now())} ${invariant.name}: ${message}`);
          trace.note(now(), "VIOLATION", () => `${invariant.name}: ${message}`);
        },
      }),
    );
    this.rack.subscribe((event) => {
      trace.note(event.at, event.host, () => describeEvent(event));
      for (const watcher of this.#watchers) watcher.onRack?.(event);
    });
    let seen = this.server.resourceVersion;
    this.server.onChange(() => {
      for (const change of this.server.changesSince(seen)) {
        seen = change.resourceVersion;
        this.#apiChanged(change);
      }
    });
  }

  /** Lets time pass; the rack's own time passes with it. */
  advance(ms: number, stop: () => boolean = () => false): Promise<boolean> {
    return this.clock.advance(ms, () => {
      this.rack.settle();
      return stop();
    });
  }

  startOperator(): void {
    const life = new Life(`operator ${++this.lives}`);
    this.life = life;
    this.trace.note(this.clock.now(), "operator", () => `process ${this.lives} starts`);
    const kube = connectKubeApi({
      server: this.server,
      clock: this.clock,
      life,
      effects: this.effects,
      weather: () => this.weather,
      random: this.random.branch(`api ${this.lives}`),
    });
    const dialer = connectHosts({
      dialer: this.#dialer,
      life,
      effects: this.effects,
      nameOf: (target) => {
        const name = this.#hostNames.get(`${target.host}:${target.port}`);
        return name === undefined ? target.host : this.rack.answering(name).host;
      },
      onBegin: (sent) => {
        for (const watcher of this.#watchers) watcher.onSent?.(sent);
      },
      onEnd: (sent, answer) => {
        for (const watcher of this.#watchers) watcher.onAnswered?.(sent, answer);
      },
    });
    const clock = processClock(this.clock, life);
    life.onEnd(() => this.trace.note(this.clock.now(), "operator", () => `${life.name} dies`));
    this.#operator({ kube, dialer, clock, life }, new AbortController().signal, this.#log).then(
      () => this.#ended(life, "it returned"),
      (error: unknown) => this.#ended(life, error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
  }

  /** Applies an object as a user does with kubectl; the trace names the object. */
  apply(object: KubeObject): void {
    const json = toJsonObject(object);
    this.trace.note(this.clock.now(), "user", () => `applies ${object.kind} ${object.metadata.name}`);
    this.server.apply(this.#kindOf(object), json, { manager: "kubectl", force: true, status: false });
  }

  patch(kind: string, key: ObjectKey, patch: unknown): void {
    this.trace.note(this.clock.now(), "user", () => `patches ${kind} ${key.name} ${JSON.stringify(patch)}`);
    ignoringAbsence(() => this.server.mergePatch(this.server.kindNamed(kind), key, toJson(patch), "kubectl"));
  }

  delete(kind: string, key: ObjectKey): void {
    this.trace.note(this.clock.now(), "user", () => `deletes ${kind} ${key.name}`);
    ignoringAbsence(() => this.server.delete(this.server.kindNamed(kind), key));
  }

  find(kind: string, key: ObjectKey): JsonObject | undefined {
    return ignoringAbsence(() => this.server.get(this.server.kindNamed(kind), key));
  }

  /**
   * Opens a device on a dom0, as a mount does; returns a function that closes it, or undefined when it is not there.
   */
  hold(host: string, target: string, by: string): (() => void) | undefined {
    this.rack.settle();
    const machine = this.rack.host(host);
    const device = machine.running.aoe.devices.get(target);
    if (device === undefined || machine.power !== "On") return undefined;
    const close = openDevice(this.rack.world, machine, device, by);
    return typeof close === "function" ? close : undefined;
  }

  #ended(life: Life, why: string): void {
    if (life.alive) this.violations.push(`${clockTime(this.clock.now())} the operator ended by itself: ${why}`);
  }

  #apiChanged(change: Change): void {
    this.trace.note(this.clock.now(), "api", () => describeChange(change));
    for (const watcher of this.#watchers) watcher.onApi?.(change);
  }

  #kindOf(object: KubeObject) {
    return this.server.kindNamed(object.kind ?? "");
  }
}

/** A condition of an object, or why it has none. */
export function conditionOf(
  object: JsonObject | undefined,
  type: string,
): { status: string; reason: string; message: string } {
  const conditions = objectAt(object ?? {}, "status").conditions;
  const list = Array.isArray(conditions) ? conditions : [];
  const found = list.find((condition) => isObject(condition) && condition.type === type);
  if (!isObject(found)) return { status: "absent", reason: "", message: "" };
  return { status: String(found.status), reason: String(found.reason), message: String(found.message) };
}

function describeChange(change: Change): string {
  const conditions = objectAt(change.object, "status").conditions;
  const words = (Array.isArray(conditions) ? conditions : [])
    .filter(isObject)
    .map((one) => `${one.type}=${one.status}/${one.reason}`);
  const deleting = objectAt(change.object, "metadata").deletionTimestamp === undefined ? "" : " (deleting)";
  return `${change.type} ${change.resource.kind} ${change.key.name}${deleting} ${words.join(" ")}`;
}

/** The clock of a process: after its death no sleep ends. */
export function processClock(clock: Clock, life: Life): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    random: () => clock.random(),
    sleep: (ms, signal) => life.sees(clock.sleep(ms, signal)),
  };
}

function ignoringAbsence<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  }
}
