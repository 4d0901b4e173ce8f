import { endReceiver, endSender, receiverSeesEnd, senderSeesEnd, targetCannotBuild } from "./migration-ends.ts";
import { flows, memoryOf, reachable, sourceLives, stillThere, targetLives } from "./migration-state.ts";
import { type Entry, seenFixedMs, timetable } from "./migration-steps.ts";
import { xmTimetable } from "./migration-xm.ts";
import type { Domain, Host, Migration, Phase, World } from "./state.ts";
import { byItself, record } from "./world.ts";
import { balloonDom0, freeMemory, toolstackOf } from "./xen-state.ts";

/** How often the progress of a migration is computed. */
const tickMs = 250;
/** ServerAliveInterval=5, ServerAliveCountMax=6 of the sender's ssh. */
const serverAliveMs = 30_000;

/** Begins `xl migrate` on the source; its output goes to `log` and its exit code to `exited`. */
export function beginMigration(
  world: World,
  source: Host,
  domain: Domain,
  address: string,
  listener: Pick<Migration, "log" | "exited">,
): Migration {
  const { running } = source;
  const migration: Migration = {
    uuid: domain.configuration.uuid,
    name: domain.name,
    address,
    toolstack: toolstackOf(source) === "xm" ? "Xm" : "Xl",
    source,
    sourceRunning: running,
    domain,
    senderPid: running.nextPid,
    target: undefined,
    targetRunning: undefined,
    receiverPid: undefined,
    incoming: undefined,
    phase: "Connect",
    elapsed: 0,
    next: 0,
    silent: 0,
    suspendAsked: undefined,
    sender: "Working",
    receiver: "Absent",
    transport: "Open",
    startFailure: undefined,
    ...listener,
  };
  // xl, its ssh, its helper.
  running.nextPid += 3;
  running.xen.processes.set(migration.senderPid, { verb: "migrate", name: String(domain.id) });
  world.xen.migrations.add(migration);
  enter(world, migration, "Connect");
  world.agenda.after(tickMs, () => tick(world, migration));
  return migration;
}

function enter(world: World, migration: Migration, phase: Phase): void {
  migration.phase = phase;
  record(world, migration.source, { kind: "MigrationPhase", uuid: migration.uuid, phase });
  for (const hook of [...world.xen.hooks]) {
    if (hook.phase !== phase || (hook.uuid !== undefined && hook.uuid !== migration.uuid)) continue;
    world.xen.hooks.splice(world.xen.hooks.indexOf(hook), 1);
    hook.act(migration);
  }
}

function tick(world: World, migration: Migration): void {
  byItself(world, () => advance(world, migration));
  const over = migration.sender === "Gone" && migration.receiver !== "Working";
  if (over) world.xen.migrations.delete(migration);
  else world.agenda.after(tickMs, () => tick(world, migration));
}

function advance(world: World, migration: Migration): void {
  if (!sourceLives(migration)) endSender(migration, undefined);
  if (migration.receiver === "Working" && !targetLives(migration)) migration.receiver = "Gone";
  const through = flows(world, migration);
  migration.silent = through ? 0 : migration.silent + tickMs;
  if (migration.sender === "Gone") advanceReceiverAlone(world, migration, through);
  else if (isCutOff(world, migration)) senderSeesEnd(world, migration);
  else if (migration.phase !== "Precopy" || !through || copy(world, migration)) play(world, migration, through);
}

/** Whether the sender knows that the migration cannot continue. */
function isCutOff(world: World, migration: Migration): boolean {
  if (migration.transport === "Closed" || migration.silent >= serverAliveMs || !stillThere(migration)) return true;
  // A host that has rebooted resets the connection.
  return migration.receiver === "Gone" && reachable(world, migration);
}

/** The receiver without a sender: it finishes what it has permission for, or waits until TCP gives up. */
function advanceReceiverAlone(world: World, migration: Migration, through: boolean): void {
  const { phase, receiver, silent } = migration;
  if (receiver !== "Working") return;
  if (phase === "Arrived") play(world, migration, false);
  else if (phase === "Started" || phase === "Reported" || phase === "Finished") endReceiver(migration);
  else if (through || silent >= world.timings.halfOpen) receiverSeesEnd(world, migration, "Broken");
}

function dueAt(world: World, migration: Migration, entry: Entry): number {
  const fixed = (entry.at * world.timings.migration) / seenFixedMs;
  return entry.after ? fixed + memoryOf(migration) * world.timings.migrateMebibyte : fixed;
}

const tableOf = (migration: Migration) => (migration.toolstack === "Xm" ? xmTimetable : timetable);

function play(world: World, migration: Migration, through: boolean): void {
  const table = tableOf(migration);
  const entry = table[migration.next];
  if (entry === undefined) return;
  if (entry.by === "Link" && !through) return;
  migration.elapsed += tickMs;
  for (let due = table[migration.next]; due !== undefined; due = table[migration.next]) {
    if (dueAt(world, migration, due) > migration.elapsed) return;
    if (due.by === "Link" && !flows(world, migration)) return;
    if (due.by !== "Target" && migration.sender === "Gone") return;
    if (due.by !== "Source" && migration.receiver === "Gone") return;
    if (due.act(world, migration) !== "Done") return;
    migration.next += 1;
    if (due.phase !== undefined) enter(world, migration, due.phase);
  }
}

/** Precopy fills the incoming domain; returns false when that failed. */
function copy(world: World, migration: Migration): boolean {
  const { incoming, target, domain } = migration;
  if (incoming === undefined || target === undefined) return true;
  if (domain.shutdown !== undefined) {
    senderSeesEnd(world, migration, 1);
    receiverSeesEnd(world, migration, "Broken");
    return false;
  }
  if (!target.running.xen.domains.has(incoming.id)) {
    targetCannotBuild(world, migration, ["xc: error: Restore failed (3 = No such process): Internal error"]);
    return false;
  }
  const begun = (8900 * world.timings.migration) / seenFixedMs;
  const share = Math.max(0, migration.elapsed - begun) / (memoryOf(migration) * world.timings.migrateMebibyte);
  const wanted = Math.min(memoryOf(migration), Math.floor(memoryOf(migration) * share));
  balloonDom0(target, memoryOf(migration) - incoming.memory);
  const more = wanted - incoming.memory;
  if (more > freeMemory(target)) {
    incoming.memory += freeMemory(target);
    targetCannotBuild(world, migration, [
      "xc: error: Failed to populate physmap (16 = Device or resource busy): Internal error",
      "xc: error: Failed to populate pfns for batch of 1024 pages: Internal error",
      "xc: error: Restore failed (16 = Device or resource busy): Internal error",
      "libxl: error: libxl_stream_read.c:850:libxl__xc_domain_restore_done: restoring domain: Device or resource busy",
      `libxl: error: libxl_create.c:1640:domcreate_rebuild_done: Domain ${incoming.id}:cannot (re-)build domain: -3`,
    ]);
    return false;
  }
  incoming.memory = wanted;
  return true;
}

/** Ends the ssh between the two, as `pkill ssh` does: both read the end of the stream at once. */
export function killTransport(world: World, migration: Migration): void {
  if (migration.transport === "Closed") return;
  migration.transport = "Closed";
  senderSeesEnd(world, migration);
  receiverSeesEnd(world, migration, "Broken");
}

/** Kills the sender. Sender: only xl. Unit: also its ssh and the script that waits for it. */
export function killSender(world: World, migration: Migration, what: "Sender" | "Unit"): void {
  if (migration.sender === "Gone") return;
  // The ssh still delivers what xl has written.
  if (what === "Sender" && migration.phase === "Go" && flows(world, migration)) {
    migration.next = timetable.findIndex((entry) => entry.phase === "Arrived") + 1;
    enter(world, migration, "Arrived");
  }
  endSender(migration, what === "Sender" ? 137 : undefined);
  receiverSeesEnd(world, migration, what === "Sender" ? "Writable" : "Broken");
}
