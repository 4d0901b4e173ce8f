import type { Agenda } from "./agenda.ts";
import type { Happening, RackEvent } from "./events.ts";
import type { Host, Interface } from "./host.ts";
import type { XenWorld } from "./xen-state.ts";

/** The whole model: hosts, what connects them, what is about to happen and what has. */
export interface World {
  readonly hosts: Map<string, Host>;
  /** The interfaces plugged into each layer-2 network. */
  readonly segments: Map<string, { readonly host: Host; readonly nic: Interface }[]>;
  /** Pairs of hosts that do not hear each other on a segment. */
  readonly splits: Set<string>;
  readonly agenda: Agenda;
  readonly timings: Timings;
  readonly events: RackEvent[];
  readonly listeners: Set<(event: RackEvent) => void>;
  /** Pairs of hosts whose cluster connection is down, and since when. */
  readonly brokenLinks: Map<string, number>;
  /** Resets a host that gave itself up. */
  fence: (host: Host, why: string) => void;
  readonly xen: XenWorld;
  /** The script run on whose behalf the model changes at this moment. */
  command: { readonly id: number; changed: boolean } | undefined;
  /** Scripts started so far; also the id of the last one. */
  commands: number;
  /** Makes boot ids differ between runs that must not be confused; empty in a simulation. */
  readonly salt: string;
}

/** How long things take, in milliseconds. Defaults as measured on the lab's hosts, rounded. */
export interface Timings {
  readonly boot: number;
  /** From a config query to a block device with a name. */
  readonly discovery: number;
  /** An apt transaction of one package. */
  readonly install: number;
  /** One ordinary process on a host. */
  readonly process: number;
  /** xl create. */
  readonly createDomain: number;
  /** xl migrate without the copying, and each MiB of the guest's memory. */
  readonly migration: number;
  readonly migrateMebibyte: number;
  /** How long a receiver waits on a connection whose other end is gone without a word. */
  readonly halfOpen: number;
  /** Copying one MiB of an image. */
  readonly copyMebibyte: number;
  /** mkfs.ocfs2 without its journals, and each MiB of journal. */
  readonly format: number;
  readonly journalMebibyte: number;
  /** mount -t ocfs2: the heartbeat settles, the domain is joined. */
  readonly mount: number;
  /** The same, when the nodes cannot connect to each other. */
  readonly mountUnconnected: number;
  readonly unmount: number;
  /** /etc/init.d/o2cb online. */
  readonly clusterOnline: number;
}

export const defaultTimings: Timings = {
  boot: 30_000,
  discovery: 250,
  install: 6_000,
  process: 5,
  createDomain: 10_000,
  migration: 22_300,
  migrateMebibyte: 141,
  halfOpen: 900_000,
  copyMebibyte: 20,
  format: 2000,
  journalMebibyte: 480,
  mount: 7000,
  mountUnconnected: 70_000,
  unmount: 4000,
  clusterOnline: 2000,
};

export function record(world: World, host: Host, happening: Happening): void {
  const command = world.command;
  if (command !== undefined) command.changed = true;
  note(world, host, happening);
}

/** As {@link record}, for what is not a change of the host. */
export function note(world: World, host: Host, happening: Happening): void {
  const event: RackEvent = { at: world.agenda.time, host: host.name, command: world.command?.id, ...happening };
  world.events.push(event);
  for (const listener of world.listeners) listener(event);
}

/** Runs `act` as something that happens by itself, whoever caused it. */
export function byItself(world: World, act: () => void): void {
  const command = world.command;
  world.command = undefined;
  try {
    act();
  } finally {
    world.command = command;
  }
}

/** As {@link Agenda.after}, but only if the host has not gone down or rebooted meanwhile. */
export function later(world: World, host: Host, ms: number, run: () => void): () => void {
  const running = host.running;
  return world.agenda.after(ms, () => {
    if (host.running === running && host.power !== "Off") byItself(world, run);
  });
}
