import { changed, endDomain, renameDomain } from "./domain.ts";
import { guestOf } from "./guest.ts";
import { isBefore, sourceLives, stillThere, targetLives } from "./migration-state.ts";
import type { Domain, Host, Migration, World } from "./state.ts";
import { later } from "./world.ts";

/** How the sender and the receiver of `xl migrate` end (X/tools/xl/xl_migrate.c). */

/** xl resume: xl ignores its result, so a guest may stay suspended. */
export function resumeDomain(world: World, host: Host, domain: Domain): void {
  if (domain.shutdown !== "suspend" || guestOf(world, domain.configuration.uuid).resume === "Lies") return;
  domain.shutdown = undefined;
  domain.paused = false;
  changed(world, host, domain);
}

/** Starts or ends libxl-save-helper on both sides, for the copying of memory. */
export function helper(migration: Migration, change: "Starts" | "Ends"): void {
  const sides = [
    [migration.sourceRunning, migration.senderPid + 2],
    [migration.targetRunning, (migration.receiverPid ?? 0) + 1],
  ] as const;
  for (const [running, pid] of sides) {
    if (change === "Ends") running?.xen.processes.delete(pid);
    else running?.xen.processes.set(pid, { verb: "save-helper", name: "" });
  }
}

/** Ends the sending xl; an undefined exit code means that it was killed. */
export function endSender(migration: Migration, exitCode: number | undefined): void {
  if (migration.sender === "Gone") return;
  migration.sender = "Gone";
  migration.transport = "Closed";
  migration.sourceRunning.xen.processes.delete(migration.senderPid);
  migration.sourceRunning.xen.processes.delete(migration.senderPid + 2);
  if (exitCode !== undefined && sourceLives(migration)) migration.exited(exitCode);
}

/** Ends the receiving xl and removes its process. */
export function endReceiver(migration: Migration): void {
  migration.receiver = "Gone";
  if (migration.receiverPid === undefined) return;
  migration.targetRunning?.xen.processes.delete(migration.receiverPid);
  migration.targetRunning?.xen.processes.delete(migration.receiverPid + 1);
}

/** Destroys the half-received domain on the target, if the target is still up. */
export function destroyIncoming(world: World, migration: Migration, why: string): void {
  const { target, incoming } = migration;
  if (target === undefined || incoming === undefined || !targetLives(migration)) return;
  endDomain(world, target, incoming, why);
}

const transportEnded = (migration: Migration, code: number) =>
  `libxl: info: libxl_exec.c:117:libxl_report_child_exitstatus: migration transport process [${migration.senderPid + 1}] exited with error status ${code}`;

/** The sender reads the end of the stream, or can no longer write. `code` is the exit code of ssh. */
export function senderSeesEnd(world: World, migration: Migration, code = 255): void {
  if (migration.sender === "Gone" || !sourceLives(migration)) return;
  const { domain, source, log } = migration;
  if (migration.toolstack === "Xm") {
    log(`Error: /usr/lib/xen/bin/xc_save 22 ${domain.id} 0 0 1 failed`);
    if (stillThere(migration)) {
      renameDomain(source, domain, migration.name);
      resumeDomain(world, source, domain);
    }
  } else if (migration.receiver === "Absent") {
    log(
      "libxl: error: libxl_utils.c:505:libxl_read_exactly: file/stream truncated reading banner from migration receiver stream",
    );
    log(transportEnded(migration, code));
  } else if (isBefore(migration, "Renamed")) {
    if (isBefore(migration, "Ready")) {
      log(
        `libxl: error: libxl_utils.c:505:libxl_read_exactly: file/stream truncated reading ipc msg header from domain ${domain.id} save/restore helper stdout pipe`,
      );
      log(
        `libxl: error: libxl_exec.c:127:libxl_report_child_exitstatus: domain ${domain.id} save/restore helper [${migration.senderPid + 2}] died due to fatal signal Broken pipe`,
      );
      log("migration sender: libxl_domain_suspend failed (rc=-3)");
    }
    log(transportEnded(migration, code));
    log("Migration failed, resuming at sender.");
    if (stillThere(migration) && domain.shutdown === "suspend") resumeDomain(world, source, domain);
    else {
      log(`xc: error: Dom ${domain.id} not suspended: (shutdown 0, reason 255): Internal error`);
      log(
        `libxl: error: libxl_dom_suspend.c:666:domain_resume_done: Domain ${domain.id}:xc_domain_resume failed: Invalid argument`,
      );
    }
  } else {
    log("** Migration failed during final handshake **");
    log("Domain state is now undefined !");
    log("Please CHECK AT BOTH ENDS for running instances, before renaming and");
    log(" resuming at most one instance of the domain.");
    log(transportEnded(migration, code));
  }
  endSender(migration, 1);
}

/** The guest did not suspend, or cannot be copied: it never stopped on the source. */
export function senderCannotSuspend(world: World, migration: Migration, lines: readonly string[]): void {
  for (const line of lines) migration.log(line);
  migration.log(transportEnded(migration, 1));
  migration.log("Migration failed, failed to suspend at sender.");
  endSender(migration, 1);
  receiverSeesEnd(world, migration, "Writable");
}

/**
 * The receiver reads the end of the stream. Writable: it can still write its last messages, so it goes on until it has
 * destroyed its copy; Broken: it exits at the first message.
 */
export function receiverSeesEnd(world: World, migration: Migration, way: "Writable" | "Broken"): void {
  const { target } = migration;
  if (migration.receiver !== "Working" || target === undefined || !targetLives(migration)) return;
  if (!isBefore(migration, "Arrived")) return;
  if (isBefore(migration, "StopCopy")) {
    endReceiver(migration);
    destroyIncoming(world, migration, "the stream ended");
    return;
  }
  // The stream has been read completely: the remaining work is done before the receiver waits for permission.
  const wait = isBefore(migration, "Ready") ? 4000 : 0;
  migration.receiver = "Gone";
  later(world, target, wait, () => {
    endReceiver(migration);
    if (migration.incoming !== undefined) migration.incoming.vcpus = migration.incoming.configuration.vcpus;
    if (way === "Writable") destroyIncoming(world, migration, "no permission to start");
  });
}

/** The target cannot build the domain: it destroys its part and ends; the sender reads the end of the stream. */
export function targetCannotBuild(world: World, migration: Migration, lines: readonly string[]): void {
  // xend writes these to its own log.
  if (migration.toolstack === "Xl") {
    for (const line of [...lines, "migration target: Domain creation failed (code -3)."]) migration.log(line);
  }
  endReceiver(migration);
  destroyIncoming(world, migration, "could not be built");
  senderSeesEnd(world, migration, 1);
}

/** Permission was given, but the target cannot start the domain: it gives the permission back. */
export function targetCannotStart(world: World, migration: Migration, line: string): void {
  const { source, domain, log } = migration;
  log(line);
  log("migration target: Failure, destroying our copy.");
  log("migration sender: Target reports startup failure (status code 6).");
  endReceiver(migration);
  destroyIncoming(world, migration, "could not be started");
  log("migration target: Cleanup OK, granting sender permission to resume.");
  log("migration sender: Trying to resume at our end.");
  if (stillThere(migration)) {
    renameDomain(source, domain, migration.name);
    resumeDomain(world, source, domain);
  }
  log("migration sender: Resumed OK.");
  log("Migration failed due to problems at target.");
  endSender(migration, 1);
}
