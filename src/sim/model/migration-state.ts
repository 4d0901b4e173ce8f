import { reaches } from "./network.ts";
import type { Host, Migration, Phase, World } from "./state.ts";
import { phases } from "./state.ts";

/** Whether the migration has not yet reached the phase. */
export const isBefore = (migration: Migration, phase: Phase) => phases.indexOf(migration.phase) < phases.indexOf(phase);

/** The key of a pair of hosts, in either order. */
export const pairOf = (a: string, b: string) => (a < b ? `${a} ${b}` : `${b} ${a}`);

/** The host that has this address; it may not answer. */
export function hostAt(world: World, from: Host, address: string): Host | undefined {
  for (const host of world.hosts.values()) {
    if (host === from) continue;
    for (const nic of host.interfaces.values()) if (nic.address.startsWith(`${address}/`)) return host;
  }
  return undefined;
}

/** Whether packets get from one dom0 to the address of another and back. */
export function getsThrough(world: World, from: Host, to: Host, address: string): boolean {
  if (world.xen.cuts.has(pairOf(from.name, to.name))) return false;
  const into = [...to.interfaces.values()].find((nic) => nic.address.startsWith(`${address}/`));
  if (into === undefined) return false;
  return [...from.interfaces.values()].some((out) => reaches(world, from, out, to, into));
}

/** Whether the source is still in the boot in which the migration began. */
export const sourceLives = (migration: Migration) =>
  migration.source.running === migration.sourceRunning && migration.source.power === "On";

/** Whether the target is still in the boot in which it began to receive. */
export const targetLives = (migration: Migration) =>
  migration.target !== undefined &&
  migration.target.running === migration.targetRunning &&
  migration.target.power === "On";

/** Whether the domain that is being migrated is still on the source. */
export const stillThere = (migration: Migration) =>
  sourceLives(migration) && migration.sourceRunning.xen.domains.get(migration.domain.id) === migration.domain;

/** Whether packets would get through now, even if no program receives them. */
export const reachable = (world: World, migration: Migration) =>
  migration.target !== undefined &&
  migration.target.power === "On" &&
  getsThrough(world, migration.source, migration.target, migration.address);

/** Whether the receiver can be reached; true while no target has been found yet. */
export const flows = (world: World, migration: Migration) =>
  migration.target === undefined || (migration.receiver !== "Gone" && reachable(world, migration));

/** MiB to copy. */
export const memoryOf = (migration: Migration) => migration.domain.configuration.memory;
