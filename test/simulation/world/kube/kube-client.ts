import type { Clock } from "../../../../src/clock.ts";
import {
  type ApplyObject,
  type ApplyOptions,
  type DeleteOptions,
  type Kind,
  type KubeApi,
  KubeError,
  type KubeList,
  type KubeObject,
  keyOf,
  keyString,
  type WatchEvent,
  type WatchOptions,
} from "../../../../src/runtime/kube-api.ts";
import { Life } from "../life.ts";
import { type Random, seeded } from "../random.ts";
import { SideEffects } from "../side-effects.ts";
import { calm, type Weather } from "../weather.ts";
import type { ApiServer } from "./api-server.ts";
import { clone, type JsonObject, objectAt, toJson, toJsonObject } from "./json.ts";

const bookmarkEveryMs = 60_000;
const defaultWatchSeconds = 300;
const requestTimeoutMs = 30_000;
/** The reason of a wait that ended early: created once, as an AbortSignal's own is expensive. */
const woken = new Error("woken");
const doNothing = () => undefined;

export interface Connection {
  readonly server: ApiServer;
  readonly clock: Clock;
  /** The process that holds the connection. */
  readonly life?: Life;
  readonly effects?: SideEffects;
  readonly weather?: () => Weather;
  readonly random?: Random;
}

/** The in-memory API server as one process reaches it: with latency, faults and late events. */
export function connectKubeApi(connection: Connection): KubeApi {
  const { server, clock } = connection;
  const life = connection.life ?? new Life("process");
  const effects = connection.effects ?? new SideEffects({ now: () => clock.now() });
  const weather = connection.weather ?? (() => fairWeather);
  const random = connection.random ?? seeded("api");
  const door = { server, clock, life, effects, weather, random };

  const read = <T>(signal: AbortSignal | undefined, answer: () => T): Promise<T> =>
    life.sees(withSignal(request(door, answer), signal));
  const write = <T>(what: string, signal: AbortSignal | undefined, optimistic: boolean, act: () => T): Promise<T> =>
    life.sees(withSignal(writeRequest(door, what, optimistic, act), signal));

  return {
    list: (kind, options = {}) => read(options.signal, () => asList(server.list(kind, options))),
    get: (kind, key, signal) => read(signal, () => asObject(server.get(kind, key))),
    create: (kind, object, signal) =>
      write(`create ${kind.plural} ${keyString(keyOf(object))}`, signal, false, () =>
        asObject(server.create(kind, toJsonObject(object))),
      ),
    update: (kind, object, signal) =>
      write(`update ${kind.plural} ${keyString(keyOf(object))}`, signal, true, () =>
        asObject(server.update(kind, toJsonObject(object))),
      ),
    mergePatch: (kind, key, patch, signal) =>
      write(`patch ${kind.plural} ${keyString(key)}`, signal, carriesVersion(patch), () =>
        asObject(server.mergePatch(kind, key, toJson(patch))),
      ),
    apply: (kind, object, options) =>
      write(applyName(kind, object, options), options.signal, carriesVersion(object), () =>
        asObject(server.apply(kind, toJsonObject(object), applyRequest(options))),
      ),
    delete: (kind, key, options: DeleteOptions = {}) =>
      write(`delete ${kind.plural} ${keyString(key)}`, options.signal, options.preconditions !== undefined, () =>
        server.delete(kind, key, { ...options.preconditions }),
      ),
    watch: (kind, options) => watch(door, kind, options),
  };
}

const fairWeather: Weather = { ...calm(), apiLatency: 0, watchLag: 0 };
type Door = Required<Connection>;

async function request<T>(door: Door, answer: () => T): Promise<T> {
  await travel(door);
  const refused = refusal(door);
  if (refused !== undefined) throw refused;
  const result = attempt(answer);
  await travel(door);
  return unwrap(result);
}

async function writeRequest<T>(door: Door, what: string, optimistic: boolean, act: () => T): Promise<T> {
  const effect = door.effects.begin(door.life, "api", what);
  if (effect === undefined) return new Promise(() => undefined);
  await travel(door);
  const refused =
    refusal(door) ?? (optimistic && door.random.chance(door.weather().apiConflict) ? conflict() : undefined);
  if (refused !== undefined) throw refused;
  const result = attempt(act);
  door.effects.end(door.life, effect);
  const lost = door.random.chance(door.weather().apiLostAnswer);
  await travel(door);
  if (lost) throw new KubeError(0, "ConnectionReset", "socket hang up");
  return unwrap(result);
}

async function travel(door: Door): Promise<void> {
  const { apiDown, apiLatency } = door.weather();
  if (apiDown) {
    await door.clock.sleep(door.random.between(1, requestTimeoutMs));
    throw new KubeError(0, "ConnectionRefused", "connect ECONNREFUSED");
  }
  if (apiLatency > 0) await door.clock.sleep(apiLatency * (0.5 + door.random.next()));
}

function refusal(door: Door): KubeError | undefined {
  if (!door.random.chance(door.weather().apiError)) return undefined;
  return door.random.pick([
    () => new KubeError(500, "InternalError", "etcdserver: request timed out"),
    () => new KubeError(503, "ServiceUnavailable", "apiserver is shutting down"),
    () => new KubeError(429, "TooManyRequests", "too many requests, please try again later"),
  ])();
}

function conflict(): KubeError {
  return new KubeError(
    409,
    "Conflict",
    "the object has been modified; please apply your changes to the latest version",
  );
}

async function* watch<T extends KubeObject>(
  door: Door,
  kind: Kind<T>,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const { server, clock, life, random } = door;
  let version = Number(options.resourceVersion);
  const ends = clock.now() + (options.timeoutSeconds ?? defaultWatchSeconds) * 1000;
  const resource = server.resourceOf(kind);
  await life.sees(withSignal(travel(door), options.signal)).catch(unlessAborted(options.signal));
  let wake: () => void = doNothing;
  const stop = server.onChange(() => wake());
  life.onEnd(stop);
  try {
    while (!options.signal.aborted) {
      for (const change of server.changesSince(version)) {
        if (
          change.resource === resource &&
          (options.namespace === undefined || options.namespace === change.key.namespace) &&
          (options.fieldSelector === undefined || server.selects(resource, change.object, options.fieldSelector))
        ) {
          const { watchLag, watchDrop, apiDown } = door.weather();
          if (watchLag > 0) await life.sees(clock.sleep(random.next() * watchLag));
          if (options.signal.aborted) return;
          if (apiDown || random.chance(watchDrop)) throw new KubeError(0, "ConnectionReset", "aborted");
          yield { type: change.type, object: asObject<T>(clone(change.object)) };
          if (options.signal.aborted) return;
        }
        version = change.resourceVersion;
      }
      // More may have happened while the reader handled the last event.
      if (version < server.resourceVersion) continue;
      if (clock.now() >= ends) return;
      const idle = new AbortController();
      const end = () => idle.abort(woken);
      wake = end;
      options.signal.addEventListener("abort", end, { once: true });
      const patience = Math.min(ends - clock.now(), bookmarkEveryMs);
      const timedOut = await life.sees(
        clock.sleep(patience, idle.signal).then(
          () => true,
          () => false,
        ),
      );
      options.signal.removeEventListener("abort", end);
      wake = doNothing;
      if (timedOut && clock.now() < ends && !options.signal.aborted) {
        if (door.weather().apiDown) throw new KubeError(0, "ConnectionReset", "aborted");
        version = server.resourceVersion;
        yield { type: "BOOKMARK", resourceVersion: String(version) };
      }
    }
  } finally {
    stop();
  }
}

function unlessAborted(signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) throw error;
  };
}

/** Rejects with the signal's reason as soon as it is aborted; a request that was sent goes on. */
function withSignal<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

type Attempt<T> = { readonly value: T } | { readonly error: unknown };

function attempt<T>(act: () => T): Attempt<T> {
  try {
    return { value: act() };
  } catch (error) {
    return { error };
  }
}

function unwrap<T>(result: Attempt<T>): T {
  if ("error" in result) throw result.error;
  return result.value;
}

/** Not checked: the server stores what was written, and readers parse it. */
function asObject<T extends KubeObject>(object: JsonObject): T;
function asObject(object: JsonObject): unknown {
  return object;
}

function asList<T extends KubeObject>(page: {
  items: JsonObject[];
  resourceVersion: string;
  continue?: string;
}): KubeList<T> {
  return { ...page, items: page.items.map((item) => asObject<T>(item)) };
}

function applyName(kind: Kind, object: ApplyObject, options: ApplyOptions): string {
  return `apply ${kind.plural} ${keyString(object.metadata)}${options.subresource === undefined ? "" : " status"}`;
}

function applyRequest(options: ApplyOptions): { manager: string; force: boolean; status: boolean } {
  return { manager: options.fieldManager, force: options.force === true, status: options.subresource === "status" };
}

function carriesVersion(patch: unknown): boolean {
  return objectAt(toJsonObject(patch), "metadata").resourceVersion !== undefined;
}
