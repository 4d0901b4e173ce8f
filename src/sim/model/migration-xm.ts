import { endDomain, makeDomain, renameDomain, unpause } from "./domain.ts";
import { missingBridge, missingDisk } from "./domain-build.ts";
import { destroyIncoming, endReceiver, endSender, targetCannotBuild } from "./migration-ends.ts";
import { flows, hostAt } from "./migration-state.ts";
import { type Entry, type Result, suspend } from "./migration-steps.ts";
import type { Migration, World } from "./state.ts";
import { refusalOfXend } from "./xend.ts";

/**
 * `xm migrate --live`: the source renames, streams, and destroys its copy without hearing whether the target could
 * restore it (XM/tools/python/xen/xend/XendCheckpoint.py). The times are xl's, as those of xm were never measured.
 */
export const xmTimetable: readonly Entry[] = [
  { at: 1000, by: "Link", act: connect },
  { at: 2000, by: "Link", phase: "Precopy", act: makeIncoming },
  { at: 13_500, after: true, by: "Link", phase: "StopCopy", act: suspend },
  { at: 15_000, after: true, by: "Source", phase: "Arrived", act: letGo },
  { at: 19_000, after: true, by: "Target", phase: "Started", act: start },
];

function connect(world: World, migration: Migration): Result {
  const target = hostAt(world, migration.source, migration.address);
  const refusal = refusalOfXend(world, migration.source, migration.address);
  if (refusal !== undefined || target === undefined) {
    migration.log(refusal ?? "Error: can't connect: (113, 'No route to host')");
    endSender(migration, 1);
    return "Failed";
  }
  migration.target = target;
  migration.targetRunning = target.running;
  migration.receiver = "Working";
  migration.receiverPid = target.running.nextPid;
  target.running.nextPid += 2;
  target.running.xen.processes.set(migration.receiverPid, { verb: "xc_restore", name: "" });
  renameDomain(migration.source, migration.domain, `migrating-${migration.name}`);
  return "Done";
}

function makeIncoming(world: World, migration: Migration): Result {
  const { target, domain, name } = migration;
  if (target === undefined) return "Again";
  const incoming = makeDomain(target, domain.configuration);
  migration.incoming = incoming;
  if (renameDomain(target, incoming, name) === undefined) return "Done";
  targetCannotBuild(world, migration, []);
  return "Failed";
}

function letGo(world: World, migration: Migration): Result {
  const arrived = flows(world, migration);
  endDomain(world, migration.source, migration.domain, "sent");
  endSender(migration, 0);
  if (arrived) return "Done";
  endReceiver(migration);
  destroyIncoming(world, migration, "the stream ended");
  return "Failed";
}

function start(world: World, migration: Migration): Result {
  const { target, incoming, domain, startFailure } = migration;
  if (target === undefined || incoming === undefined) return "Again";
  const { configuration } = domain;
  const failure = startFailure ?? missingDisk(target, configuration) ?? missingBridge(target, configuration);
  if (failure !== undefined) {
    endReceiver(migration);
    destroyIncoming(world, migration, "could not be started, and its source is gone");
    return "Failed";
  }
  incoming.memory = configuration.memory;
  incoming.vcpus = configuration.vcpus;
  unpause(world, target, incoming);
  return "Done";
}
