import { endDomain, renameDomain, unpause } from "../model/domain.ts";
import { beginMigration, killTransport } from "../model/migration.ts";
import { resumeDomain } from "../model/migration-ends.ts";
import { readText, writeText } from "../model/storage.ts";
import { later } from "../model/world.ts";
import { type Domain, domainOf } from "../model/xen-state.ts";
import type { Responder, ScriptRun } from "../process.ts";
import { acting, finish, refuse, replaceFile, takeLock } from "./answer.ts";
import { migrates } from "./domain.ts";
import { append, exitPath, logPath, permissionGiven, recordPath, uptime, worksOn } from "./migration-records.ts";
import { requireDom0 } from "./toolstack.ts";

/** start-migration.sh: OPERATION UUID ADDRESS SECONDS */
export const startMigration: Responder = acting(function* startMigration(run) {
  const { world, host, args } = run;
  const [operation = "", uuid = "", address = "", seconds = "0"] = args;
  yield world.timings.process;
  requireDom0(run);
  yield* takeLock(run, "domains", 30);
  if (readText(host, recordPath(operation)) !== undefined) return finish(run, "unchanged");
  const domain = domainOf(host, uuid);
  if (domain === undefined) return refuse(run, "DomainMissing", `no domain has the UUID ${uuid}`);
  if (migrates(run, domain)) refuse(run, "DomainMigrating", `domain ${domain.id} is ${domain.name || "(null)"}`);
  if (domain.since === undefined) refuse(run, "DomainNotRunning", `domain ${domain.id} ${domain.name} is not running`);
  if (/^\d+$/.test(domain.name)) refuse(run, "DomainNameUnsafe", `xl takes ${domain.name} for a domain id`);
  replaceFile(run, logPath(operation), "");
  yield world.timings.process;
  replaceFile(run, recordPath(operation), `${uuid} ${host.running.bootId} ${uptime(world, host)}\n`);
  yield world.timings.process;
  const { running } = host;
  const migration = beginMigration(world, host, domain, address, {
    log: (line) => append(host, logPath(operation), line),
    exited(code) {
      running.xen.runs.delete(operation);
      writeText(world, host, exitPath(operation), `${code}\n`);
    },
  });
  if (migration.sender === "Working") running.xen.runs.set(operation, migration);
  later(world, host, Number(seconds) * 1000, () => {
    if (!permissionGiven(host, operation)) killTransport(world, migration);
  });
  yield world.timings.process * 20;
  return finish(run, "started");
});

/** abort-migration.sh: OPERATION */
export const abortMigration: Responder = acting(function* abortMigration(run) {
  const { world, host, args } = run;
  const [operation = ""] = args;
  yield world.timings.process;
  requireDom0(run);
  yield* takeLock(run, "domains", 30);
  const migration = host.running.xen.runs.get(operation);
  if (migration === undefined) return finish(run, "ended");
  if (permissionGiven(host, operation)) {
    refuse(run, "PastPointOfNoReturn", "the target has permission to start the domain");
  }
  killTransport(world, migration);
  yield 1000;
  return finish(run, "aborted");
});

/** settle-migration.sh: UUID NAME ACTION */
export const settleMigration: Responder = acting(function* settleMigration(run) {
  const { world, host, args } = run;
  const [uuid = "", name = "", action = ""] = args;
  yield world.timings.process;
  requireDom0(run);
  yield* takeLock(run, "domains", 30);
  if (worksOn(world, host, uuid)) refuse(run, "DomainMigrating", `xl is at work on ${name}`);
  const domain = domainOf(host, uuid);
  const settled = domain === undefined ? absent(run, action, uuid) : settle(run, domain, name, action);
  yield world.timings.process * 20;
  if (domain !== undefined && action === "ResumeSource" && domain.since === undefined) {
    refuse(run, "DomainStateDiffers", `domain ${domain.id} ${domain.name} stays suspended`);
  }
  return finish(run, settled);
});

function absent(run: ScriptRun, action: string, uuid: string): string {
  if (action.startsWith("Destroy")) return "unchanged";
  return refuse(run, "DomainStateDiffers", `no domain has the UUID ${uuid}`);
}

function settle(run: ScriptRun, domain: Domain, name: string, action: string): string {
  const { world, host } = run;
  const differs = (): never => {
    const state = `${domain.paused ? "paused" : ""} ${domain.shutdown ?? ""}`.trim() || "running";
    return refuse(run, "DomainStateDiffers", `domain ${domain.id} is ${domain.name || "(null)"}, ${state}`);
  };
  const neverRan = domain.paused && domain.executed === 0 && domain.shutdown === undefined;
  const incoming = domain.name === `${name}--incoming` && neverRan;
  const away = domain.name === `${name}--migratedaway` && domain.shutdown === "suspend";
  switch (action) {
    case "DestroyIncoming":
      if (!incoming) differs();
      endDomain(world, host, domain, "destroyed");
      return "destroyed";
    case "DestroyMigratedAway":
      if (!away && !(domain.name === name && domain.shutdown === "suspend")) differs();
      endDomain(world, host, domain, "destroyed");
      return "destroyed";
    case "StartIncoming": {
      if (domain.name === name && domain.since !== undefined) return "unchanged";
      if (!incoming && !(domain.name === name && neverRan)) differs();
      const taken = renameDomain(host, domain, name);
      if (taken !== undefined) refuse(run, "DomainNameTaken", taken);
      unpause(world, host, domain);
      return "started";
    }
    default: {
      if (domain.name === name && domain.since !== undefined) return "unchanged";
      if (!away && !(domain.name === name && domain.shutdown === "suspend")) differs();
      const { major, minor } = host.hypervisor.version;
      if (major < 4 || (major === 4 && minor < 20)) refuse(run, "ResumeUnsupported", "xl resume exists since Xen 4.20");
      renameDomain(host, domain, name);
      resumeDomain(world, host, domain);
      return "resumed";
    }
  }
}
