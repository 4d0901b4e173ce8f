import { changed, endDomain, makeDomain, openDisks, renameDomain, unpause } from "./domain.ts";
import { missingBridge, missingDisk } from "./domain-build.ts";
import { guestOf } from "./guest.ts";
import {
  endReceiver,
  endSender,
  helper,
  senderCannotSuspend,
  senderSeesEnd,
  targetCannotBuild,
  targetCannotStart,
} from "./migration-ends.ts";
import { flows, hostAt, memoryOf } from "./migration-state.ts";
import { refusalOfPeer } from "./relocation.ts";
import type { Migration, Phase, World } from "./state.ts";

/** Milliseconds of all steps of a migration without the copying, as seen on the lab. */
export const seenFixedMs = 22_300;
/** How long a guest may take to suspend. */
const suspendMs = 60_000;

const transferComplete = "migration target: Transfer complete, requesting permission to start domain.";
const gotPermission = "migration target: Got permission, starting domain.";

/** A step of the timetable: when it happens and on which side; Link entries wait until the receiver can be reached. */
export interface Entry {
  readonly at: number;
  /** The step comes after the copying. */
  readonly after?: true;
  readonly by: "Source" | "Target" | "Link";
  readonly phase?: Phase;
  readonly act: (world: World, migration: Migration) => Result;
}

/** Again: not done yet. Failed: the end of the migration has been handled. */
export type Result = "Done" | "Again" | "Failed";

/** `xl migrate`: times of a guest of 128 MiB on the lab, without its copying (18 s). */
export const timetable: readonly Entry[] = [
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

/** Asks the guest to suspend; xl gives up after 60 s. */
export function suspend(world: World, migration: Migration): Result {
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
  const { target, domain, incoming } = migration;
  if (target === undefined) return "Again";
  const missing = missingDisk(target, domain.configuration) ?? missingBridge(target, domain.configuration);
  if (missing !== undefined) return cannotBuild(world, migration, missing);
  if (incoming !== undefined) incoming.disks = openDisks(target, domain.configuration);
  return "Done";
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
  // The permission cannot be given back: the report fails before the target would destroy its copy.
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
