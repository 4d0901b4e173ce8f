import type { Host, Running } from "./host.ts";
import { reaches } from "./network.ts";
import type { World } from "./world.ts";
import type { Domain } from "./xen-state.ts";

/**
 * How far an `xl migrate` has come: Connect (only the source has the domain), Precopy (`NAME--incoming` grows), StopCopy
 * (suspended on the source), Ready (complete on the target), Renamed (`NAME--migratedaway`), Go (permission written),
 * Arrived (permission read), Started (runs on the target), Reported (the source knows), Finished.
 */
export const phases = [
  "Connect",
  "Precopy",
  "StopCopy",
  "Ready",
  "Renamed",
  "Go",
  "Arrived",
  "Started",
  "Reported",
  "Finished",
] as const;
export type Phase = (typeof phases)[number];

export interface Migration {
  readonly uuid: string;
  readonly name: string;
  readonly address: string;
  readonly toolstack: "Xl" | "Xm";
  readonly source: Host;
  /** The boot in which it was begun. */
  readonly sourceRunning: Running;
  readonly domain: Domain;
  readonly senderPid: number;
  target: Host | undefined;
  targetRunning: Running | undefined;
  receiverPid: number | undefined;
  incoming: Domain | undefined;
  phase: Phase;
  /** Milliseconds of work done; stands still while nothing gets through. */
  elapsed: number;
  /** Next entry of the timetable. */
  next: number;
  /** Milliseconds since the last time something got through. */
  silent: number;
  /** Since when the guest is asked to suspend. */
  suspendAsked: number | undefined;
  sender: "Working" | "Gone";
  receiver: "Absent" | "Working" | "Gone";
  /** The ssh between them, as its programs see it. */
  transport: "Open" | "Closed";
  /** What the target is to say when it fails to start the domain although it may. */
  startFailure: string | undefined;
  /** A line of xl's stderr. */
  readonly log: (line: string) => void;
  /** xl has ended; never called when it was killed together with what waits for it. */
  readonly exited: (exitCode: number) => void;
}

/** Something that is to happen when a migration comes to a phase. */
export interface PhaseHook {
  readonly phase: Phase;
  readonly uuid: string | undefined;
  readonly act: (migration: Migration) => void;
}

export const isBefore = (migration: Migration, phase: Phase) => phases.indexOf(migration.phase) < phases.indexOf(phase);

export const pairOf = (a: string, b: string) => (a < b ? `${a} ${b}` : `${b} ${a}`);

/** The host that has this address on a network that the other is plugged into; it may not answer. */
export function hostAt(world: World, from: Host, address: string): Host | undefined {
  for (const host of world.hosts.values()) {
    if (host === from) continue;
    for (const nic of host.interfaces.values()) if (nic.address.startsWith(`${address}/`)) return host;
  }
  return undefined;
}

/** Whether packets of a dom0 come to the address of another and back. */
export function getsThrough(world: World, from: Host, to: Host, address: string): boolean {
  if (world.xen.cuts.has(pairOf(from.name, to.name))) return false;
  const into = [...to.interfaces.values()].find((nic) => nic.address.startsWith(`${address}/`));
  if (into === undefined) return false;
  return [...from.interfaces.values()].some((out) => reaches(world, from, out, to, into));
}

export const sourceLives = (migration: Migration) =>
  migration.source.running === migration.sourceRunning && migration.source.power === "On";

export const targetLives = (migration: Migration) =>
  migration.target !== undefined &&
  migration.target.running === migration.targetRunning &&
  migration.target.power === "On";

/** What the source's xl has of the domain. */
export const stillThere = (migration: Migration) =>
  sourceLives(migration) && migration.sourceRunning.xen.domains.get(migration.domain.id) === migration.domain;

/** Whether packets would get through now, whoever still listens. */
export const reachable = (world: World, migration: Migration) =>
  migration.target !== undefined &&
  migration.target.power === "On" &&
  getsThrough(world, migration.source, migration.target, migration.address);

/** Whether something gets through to somebody; true while nobody has been found yet. */
export const flows = (world: World, migration: Migration) =>
  migration.target === undefined || (migration.receiver !== "Gone" && reachable(world, migration));

/** MiB that are copied. */
export const memoryOf = (migration: Migration) => migration.domain.configuration.memory;
