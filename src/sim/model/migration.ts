import { changed, endDomain, makeDomain, renameDomain, unpause } from "./domain.ts";
import { missingBridge, missingDisk } from "./domain-build.ts";
import { guestOf } from "./guest.ts";
import type { Host } from "./host.ts";
import {
  endReceiver,
  endSender,
  helper,
  receiverSeesEnd,
  senderCannotSuspend,
  senderSeesEnd,
  targetCannotBuild,
  targetCannotStart,
} from "./migration-ends.ts";
import {
  getsThrough,
  hostAt,
  type Migration,
  type Phase,
  sourceLives,
  stillThere,
  targetLives,
} from "./migration-state.ts";
import { refusalOfPeer } from "./relocation.ts";
import { byItself, record, type World } from "./world.ts";
import { type Domain, freeMemory } from "./xen-state.ts";

/** How often it is looked at. */
const tickMs = 250;
/** ServerAliveInterval=5, ServerAliveCountMax=6 of the sender's ssh. */
const serverAliveMs = 30_000;
/** Milliseconds of all steps but the copying, of one MiB, as seen on the lab. */
const seenFixedMs = 22_300;
/** How long a guest may take to suspend. */
const suspendMs = 60_000;

const transferComplete = "migration target: Transfer complete, requesting permission to start domain.";
const gotPermission = "migration target: Got permission, starting domain.";

/** What is done when, by whom; Link entries wait until something gets through. */
interface Entry {
  readonly at: number;
  /** Comes after the copying. */
  readonly after?: true;
  readonly by: "Source" | "Target" | "Link";
  readonly phase?: Phase;
  readonly act: (world: World, migration: Migration) => Result;
}

/** Again: not done yet. Failed: how it ends has been seen to. */
type Result = "Done" | "Again" | "Failed";

/** Times of a guest of 128 MiB on the lab, without its copying (18 s). */
const timetable: readonly Entry[] = [
  { at: 2000, by: "Link", act: connect },
  { at: 4900, by: "Link", act: makeIncoming },
  { at: 5300, by: "Target", phase: "Precopy", act: nameIncoming },
  { at: 5400, by: "Source", act: enableLogdirty },
  { at: 8900, by: "Link", act: beginRestore },
  { at: 13_500, after: true, by: "Link", phase: "StopCopy", act: suspend },
  { at: 14_500, after: true, by: "Target", act: restored },
  { at: 18_100, after: true, by: "Target", act: attach },
  { at: 18_500, after: true, by: "Target", phase: "Ready", act: say(transferComplete) },
  { at: 18_800, after: true, by: "Link", act: say("migration sender: Target has acknowledged transfer.") },
  { at: 19_100, after: true, by: "Source", phase: "Renamed", act: renameAway },
  {
    at: 19_350,
    after: true,
    by: "Source",
    phase: "Go",
    act: say("migration sender: Giving target permission to start."),
  },
  { at: 19_600, after: true, by: "Link", phase: "Arrived", act: say(gotPermission) },
  { at: 20_200, after: true, by: "Target", phase: "Started", act: start },
  { at: 20_800, after: true, by: "Link", phase: "Reported", act: report },
  { at: seenFixedMs, after: true, by: "Source", phase: "Finished", act: finish },
];

/** `xl migrate` begins on the source; what it prints and how it ends goes to `log` and `exited`. */
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

/** Whether the sender knows that it goes no further. */
function isCutOff(world: World, migration: Migration): boolean {
  if (migration.transport === "Closed" || migration.silent >= serverAliveMs || !stillThere(migration)) return true;
  // A host that has rebooted answers that it knows of no such connection.
  return migration.receiver === "Gone" && reachable(world, migration);
}

/** Nobody tells it anything any more: it finishes what it has permission for, or waits until TCP gives up. */
function advanceReceiverAlone(world: World, migration: Migration, through: boolean): void {
  const { phase, receiver, silent } = migration;
  if (receiver !== "Working") return;
  if (phase === "Arrived") play(world, migration, false);
  else if (phase === "Started" || phase === "Reported" || phase === "Finished") endReceiver(migration);
  else if (through || silent >= world.timings.halfOpen) receiverSeesEnd(world, migration, "Broken");
}

const reachable = (world: World, migration: Migration) =>
  migration.target !== undefined &&
  migration.target.power === "On" &&
  getsThrough(world, migration.source, migration.target, migration.address);

const flows = (world: World, migration: Migration) =>
  migration.target === undefined || (migration.receiver !== "Gone" && reachable(world, migration));

const memoryOf = (migration: Migration) => migration.domain.configuration.memory;

function dueAt(world: World, migration: Migration, entry: Entry): number {
  const fixed = (entry.at * world.timings.migration) / seenFixedMs;
  return entry.after ? fixed + memoryOf(migration) * world.timings.migrateMebibyte : fixed;
}

function play(world: World, migration: Migration, through: boolean): void {
  const entry = timetable[migration.next];
  if (entry === undefined) return;
  if (entry.by === "Link" && !through) return;
  migration.elapsed += tickMs;
  for (let due = timetable[migration.next]; due !== undefined; due = timetable[migration.next]) {
    if (dueAt(world, migration, due) > migration.elapsed) return;
    if (due.by === "Link" && !flows(world, migration)) return;
    if (due.by !== "Target" && migration.sender === "Gone") return;
    if (due.by !== "Source" && migration.receiver === "Gone") return;
    if (due.act(world, migration) !== "Done") return;
    migration.next += 1;
    if (due.phase !== undefined) enter(world, migration, due.phase);
  }
}

/** Precopy fills the incoming domain; false when that failed. */
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

function say(line: string): Entry["act"] {
  return (_world, { log }) => {
    log(line);
    return "Done";
  };
}

function connect(world: World, migration: Migration): Result {
  const { source, address, log } = migration;
  const refusal = refusalOfPeer(world, source, address);
  if (refusal !== undefined) {
    if (migration.elapsed < refusal.afterMs) return "Again";
    log(refusal.message);
    senderSeesEnd(world, migration);
    return "Failed";
  }
  const target = hostAt(world, source, address);
  if (target === undefined) return "Again";
  migration.target = target;
  migration.targetRunning = target.running;
  migration.receiver = "Working";
  migration.receiverPid = target.running.nextPid;
  // xl and its helper.
  target.running.nextPid += 2;
  target.running.xen.processes.set(migration.receiverPid, { verb: "migrate-receive", name: "" });
  log("migration target: Ready to receive domain.");
  log("Saving to migration stream new xl format (info 0x3/0x0/1052)");
  log("Loading new save file <incoming migration stream> (new xl fmt info 0x3/0x0/1052)");
  log(" Savefile contains xl domain config in JSON format");
  log("Parsing config from <saved>");
  return "Done";
}

function cannotBuild(world: World, migration: Migration, line: string): Result {
  targetCannotBuild(world, migration, [line]);
  return "Failed";
}

function makeIncoming(world: World, migration: Migration): Result {
  const { target, domain } = migration;
  if (target === undefined) return "Again";
  const missing = missingDisk(target, domain.configuration);
  if (missing !== undefined) return cannotBuild(world, migration, missing);
  migration.incoming = makeDomain(target, domain.configuration);
  helper(migration, "Starts");
  return "Done";
}

function nameIncoming(world: World, migration: Migration): Result {
  const { target, incoming } = migration;
  if (target === undefined || incoming === undefined) return "Again";
  const taken = renameDomain(target, incoming, `${migration.name}--incoming`);
  return taken === undefined ? "Done" : cannotBuild(world, migration, taken);
}

function enableLogdirty(world: World, migration: Migration): Result {
  const { domain, source, log } = migration;
  const kind = domain.configuration.type === "pv" ? "PV" : "HVM";
  log(`xc: info: Saving domain ${domain.id}, type x86 ${kind}`);
  if (kind !== "PV" || source.hypervisor.virtualisation.includes("shadow")) return "Done";
  senderCannotSuspend(world, migration, [
    "xc: error: Failed to enable logdirty: 95,22,0 (22 = Invalid argument): Internal error",
    "xc: error: Save failed (22 = Invalid argument): Internal error",
    `libxl: error: libxl_stream_write.c:347:libxl__xc_domain_save_done: Domain ${domain.id}:saving domain: domain did not respond to suspend request: Invalid argument`,
    "migration sender: libxl_domain_suspend failed (rc=-8)",
  ]);
  return "Failed";
}

function beginRestore(_world: World, migration: Migration): Result {
  const kind = migration.domain.configuration.type === "pv" ? "PV" : "HVM";
  migration.log(`xc: info: Found x86 ${kind} domain from Xen 4.17`);
  migration.log("xc: info: Restoring domain");
  return "Done";
}

function suspend(world: World, migration: Migration): Result {
  const { domain, source } = migration;
  if (guestOf(world, migration.uuid).suspend === "Obeys") {
    domain.shutdown = "suspend";
    changed(world, source, domain);
    return "Done";
  }
  migration.suspendAsked ??= world.agenda.time;
  if (world.agenda.time - migration.suspendAsked < suspendMs) return "Again";
  senderCannotSuspend(world, migration, [
    `libxl: error: libxl_dom_suspend.c:377:suspend_common_wait_guest_timeout: Domain ${domain.id}:guest did not suspend, timed out`,
    "migration sender: libxl_domain_suspend failed (rc=-8)",
  ]);
  return "Failed";
}

function restored(_world: World, migration: Migration): Result {
  const { incoming, log } = migration;
  if (incoming === undefined) return "Again";
  incoming.memory = memoryOf(migration);
  incoming.vcpus = incoming.configuration.vcpus;
  helper(migration, "Ends");
  log("xc: info: Restore successful");
  log("xc: info: XenStore: mfn 0xfeffc, dom 0, evt 1");
  log("xc: info: Console: mfn 0xfefff, dom 0, evt 2");
  return "Done";
}

/** Disks and network cards come after the stream, when the guest is already suspended. */
function attach(world: World, migration: Migration): Result {
  const { target, domain } = migration;
  if (target === undefined) return "Again";
  const missing = missingDisk(target, domain.configuration) ?? missingBridge(target, domain.configuration);
  return missing === undefined ? "Done" : cannotBuild(world, migration, missing);
}

function renameAway(_world: World, migration: Migration): Result {
  renameDomain(migration.source, migration.domain, `${migration.name}--migratedaway`);
  return "Done";
}

function start(world: World, migration: Migration): Result {
  const { target, incoming, startFailure } = migration;
  if (target === undefined || incoming === undefined) return "Again";
  const failure = startFailure ?? renameDomain(target, incoming, migration.name);
  if (failure === undefined) {
    unpause(world, target, incoming);
    return "Done";
  }
  if (migration.sender === "Working" && flows(world, migration)) targetCannotStart(world, migration, failure);
  // Nobody to give the permission back to: its report breaks off, before it would destroy its copy.
  else endReceiver(migration);
  return "Failed";
}

function report(_world: World, migration: Migration): Result {
  migration.log("migration target: Domain started successsfully.");
  migration.log("migration sender: Target reports successful startup.");
  migration.domain.paused = true;
  return "Done";
}

function finish(world: World, migration: Migration): Result {
  endDomain(world, migration.source, migration.domain, "migrated");
  migration.log("Migration successful.");
  endSender(migration, 0);
  endReceiver(migration);
  return "Done";
}

/** Ends the ssh between the two, as `pkill ssh` does: each reads the end of the stream at once. */
export function killTransport(world: World, migration: Migration): void {
  if (migration.transport === "Closed") return;
  migration.transport = "Closed";
  senderSeesEnd(world, migration);
  receiverSeesEnd(world, migration, "Broken");
}

/** Sender: xl alone is killed. Unit: with it its ssh and whatever waits for it. */
export function killSender(world: World, migration: Migration, what: "Sender" | "Unit"): void {
  if (migration.sender === "Gone") return;
  // What xl has written, its ssh still carries over.
  if (what === "Sender" && migration.phase === "Go" && flows(world, migration)) {
    migration.next = timetable.findIndex((entry) => entry.phase === "Arrived") + 1;
    enter(world, migration, "Arrived");
  }
  endSender(migration, what === "Sender" ? 137 : undefined);
  receiverSeesEnd(world, migration, what === "Sender" ? "Writable" : "Broken");
}
