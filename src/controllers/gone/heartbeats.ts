import type { SharedDevice } from "../../host/ocfs2-facts.ts";
import { ownText } from "../../runtime/own-text.ts";
import type { HostView } from "../hosts/view.ts";

/** A machine whose looks are compared. */
export interface Watched {
  readonly agent: { readonly view: HostView };
  /** The shared devices that the last look asked for: nothing is remembered about others that the host names. */
  readonly askedDevices: ReadonlySet<string>;
}

/** The heartbeats on one device as one host saw them at one moment. */
interface Sample {
  /** When the look began, monotonic milliseconds. */
  readonly at: number;
  readonly uuid: string;
  readonly beats: ReadonlyMap<number, string>;
}

/** A sequence number, and when the first look that showed it ended, monotonic milliseconds. */
interface Standing {
  readonly sequence: string | undefined;
  readonly since: number;
}

interface Seen {
  /** By node number. */
  readonly standing: Map<number, Standing>;
  /**
   * By node number: the end of the look that first showed the node alive, if every look since then has shown it alive.
   */
  readonly alive: Map<number, number>;
  /** When this process's first look at this file system ended. */
  readonly from: number;
  older: Sample | undefined;
  newer: Sample;
  /** The last look at which the host itself wrote to the file system: mounted, or with a global heartbeat on it. */
  writtenAt: number | undefined;
  /** The last look at which the host itself had the file system mounted. */
  mountedAt: number | undefined;
  /**
   * The look that found it mounted after one that did not; `-Infinity`: the first look did. Undefined: it is not
   * mounted.
   */
  mountedSince: number | undefined;
}

/** The first and the last look at which a host had a device mounted, monotonic milliseconds. */
export interface Mounting {
  readonly since: number;
  readonly seen: number;
}

/** A node writes every two seconds; two looks closer than this may both fall between two writes. */
export const apartMs = 4_000;

/** The largest node number of O2CB (O2NM_MAX_NODES is 255). */
const lastNode = 254;
/** Longer than a sequence number or a UUID of any host. */
const longestText = 64;

/** What two looks at one device show about the nodes that are alive on it. */
export interface Beating {
  /** Numbers of the nodes whose heartbeat went on between the two looks. */
  readonly alive: readonly number[];
  /** When the first and the second look began, monotonic milliseconds. */
  readonly from: number;
  readonly until: number;
}

/**
 * Remembers the last two looks at the heartbeats of every shared device that is asked for: a single sequence number
 * proves nothing. What a host that no longer answers showed is kept.
 */
export class Heartbeats {
  readonly #seen = new WeakMap<Watched, Map<string, Seen>>();

  /**
   * To be called after each look at a host; `now`: when it ended, monotonic milliseconds. True if the alive nodes
   * changed.
   */
  look(host: Watched, now: number): boolean {
    const { view } = host.agent;
    if (view.state !== "Reachable" || view.snapshot.facts.sharedDevices.state !== "known") return false;
    const { o2cb } = view.snapshot.facts;
    const regions = o2cb.state === "known" ? (o2cb.value.active?.regions ?? []) : [];
    const written = new Set(regions.map(({ uuid }) => uuid));
    const devices = this.#seen.get(host) ?? new Map<string, Seen>();
    this.#seen.set(host, devices);
    // A device that is asked for and missing in this answer keeps its entry: when the host last wrote there still counts.
    for (const path of devices.keys()) if (!host.askedDevices.has(path)) devices.delete(path);
    let changed = false;
    for (const device of view.snapshot.facts.sharedDevices.value) {
      if (!host.askedDevices.has(device.path)) continue;
      const before = this.beating(host, device.path);
      this.#note(devices, device, { at: view.snapshot.startedAt, now }, written);
      this.#stand(devices.get(device.path), now);
      const alive = this.beating(host, device.path)?.alive ?? [];
      keepAlive(devices.get(device.path), alive, now);
      changed ||= before?.alive.join() !== alive.join();
    }
    return changed;
  }

  beating(host: Watched, device: string): Beating | undefined {
    const { older, newer } = this.#seen.get(host)?.get(device) ?? {};
    if (older === undefined || newer === undefined) return undefined;
    const alive = [...newer.beats].flatMap(([node, sequence]) => (older.beats.get(node) === sequence ? [] : [node]));
    return { alive: alive.sort((one, other) => one - other), from: older.at, until: newer.at };
  }

  /**
   * When the look that first showed the node alive ended, monotonic milliseconds: a look at the node itself that began
   * earlier may have missed the mount with which the node began to write. Undefined: it is not alive.
   */
  aliveSince(host: Watched, device: string, node: number): number | undefined {
    return this.#seen.get(host)?.get(device)?.alive.get(node);
  }

  /**
   * For how many milliseconds at least the node has written no heartbeat to the device, as this host saw it: from the
   * end of the first look that showed the node's last heartbeat to the beginning of the last look.
   */
  silentMs(host: Watched, device: string, node: number): number | undefined {
    const seen = this.#seen.get(host)?.get(device);
    return seen && seen.newer.at - (seen.standing.get(node)?.since ?? seen.from);
  }

  /** When a look last showed that the host writes its own heartbeat to the device, monotonic milliseconds. */
  writtenAt(host: Watched, device: string): number | undefined {
    return this.#seen.get(host)?.get(device)?.writtenAt;
  }

  /** Undefined: the last look did not find the device mounted on the host. */
  mounting(host: Watched, device: string): Mounting | undefined {
    const { mountedSince: since, mountedAt: seen } = this.#seen.get(host)?.get(device) ?? {};
    return since === undefined || seen === undefined ? undefined : { since, seen };
  }

  #stand(seen: Seen | undefined, now: number): void {
    if (seen === undefined) return;
    for (const node of new Set([...seen.standing.keys(), ...seen.newer.beats.keys()])) {
      const sequence = seen.newer.beats.get(node);
      const before = seen.standing.get(node);
      if (before === undefined || before.sequence !== sequence) seen.standing.set(node, { sequence, since: now });
    }
  }

  #note(
    devices: Map<string, Seen>,
    device: SharedDevice,
    { at, now }: { readonly at: number; readonly now: number },
    written: ReadonlySet<string>,
  ): void {
    const uuid = ownText(device.superblock?.uuid ?? "", longestText);
    const heartbeats = device.heartbeats.filter(({ node }) => node <= lastNode);
    const beats = new Map(heartbeats.map(({ node, sequence }) => [node, ownText(sequence, longestText)]));
    const newer: Sample = { at, uuid, beats };
    const known = devices.get(device.path);
    const path = known === undefined ? ownText(device.path, device.path.length) : device.path;
    const mounted = device.mounts.length > 0;
    const mountedAt = mounted ? at : known?.mountedAt;
    const began = known === undefined ? Number.NEGATIVE_INFINITY : at;
    const mountedSince = mounted ? (known?.mountedSince ?? began) : undefined;
    const writtenAt = mounted || written.has(regionName(uuid)) ? at : known?.writtenAt;
    const same = known?.newer.uuid === uuid ? known : undefined;
    const { standing = new Map<number, Standing>(), alive = new Map<number, number>(), from = now } = same ?? {};
    const mounts = { standing, alive, from, writtenAt, mountedAt, mountedSince };
    if (known === undefined || same === undefined) devices.set(path, { older: undefined, newer, ...mounts });
    else if (at - known.newer.at >= apartMs) devices.set(path, { older: known.newer, newer, ...mounts });
    else if (known.older !== undefined) devices.set(path, { older: known.older, newer, ...mounts });
    else Object.assign(known, mounts);
  }
}

function keepAlive(seen: Seen | undefined, alive: readonly number[], now: number): void {
  if (seen === undefined) return;
  for (const node of seen.alive.keys()) if (!alive.includes(node)) seen.alive.delete(node);
  for (const node of alive) if (!seen.alive.has(node)) seen.alive.set(node, now);
}

/** True if the host sees the device now; a host that does not see it hears no heartbeat on it. */
export function reads({ agent: { view } }: Watched, path: string): boolean {
  if (view.state !== "Reachable" || view.snapshot.facts.sharedDevices.state !== "known") return false;
  const seen = view.snapshot.facts.sharedDevices.value.find((one) => one.path === path);
  return seen !== undefined && seen.content !== "Missing" && seen.content !== "Unreadable";
}

/** 32 hexadecimal digits, upper case, as O2CB writes a UUID. */
export const regionName = (uuid: string) => uuid.replaceAll("-", "").toUpperCase();
