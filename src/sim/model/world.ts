import type { Agenda } from "./agenda.ts";
import type { Happening, RackEvent } from "./events.ts";
import type { Host, Timings, World } from "./state.ts";

/** Milliseconds, as measured on the lab's hosts. */
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
  blankGibibyte: 1000,
  format: 2000,
  journalMebibyte: 480,
  mount: 7000,
  mountUnconnected: 70_000,
  unmount: 4000,
  clusterOnline: 2000,
};

/** Appends an event and counts it as a change by the script that runs now. */
export function record(world: World, host: Host, happening: Happening): void {
  const command = world.command;
  if (command !== undefined) command.changed = true;
  note(world, host, happening);
}

/** As {@link record}, for an event that does not change the host. */
export function note(world: World, host: Host, happening: Happening): void {
  const event: RackEvent = { at: world.agenda.time, host: host.name, command: world.command?.id, ...happening };
  world.events.push(event);
  for (const listener of world.listeners) listener(event);
}

/** Runs `act` as something that happens by itself, not as part of the running script. */
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
