import { endDomain, renameDomain, unpause } from "../model/domain.ts";
import { beginMigration, killTransport } from "../model/migration.ts";
import { resumeDomain } from "../model/migration-ends.ts";
import { readText, writeText } from "../model/storage.ts";
import { later } from "../model/world.ts";
import { type Domain, domainNamed, domainOf } from "../model/xen-state.ts";
import type { Responder, ScriptRun } from "../process.ts";
import { acting, fail, finish, refuse, replaceFile, takeLock } from "./answer.ts";
import { append, exitPath, isRunning, logPath, permissionGiven, recordPath, uptime } from "./migration-records.ts";
import { requireDom0 } from "./toolstack.ts";
import { atWork, domainText, notMoving } from "./xen-processes.ts";

/** start-migration.sh: OPERATION UUID ADDRESS SECONDS */
export const startMigration: Responder = acting(function* startMigration(run) {
  const { world, host, args } = run;
  const [operation = "", uuid = "", address = "", seconds = "0"] = args;
  yield world.timings.process;
  requireDom0(run);
  yield* takeLock(run, `domain-${uuid}`, 30);
  if (readText(host, recordPath(operation)) !== undefined) return finish(run, "unchanged");
  const domain = domainOf(host, uuid);
  if (domain === undefined) return refuse(run, "DomainMissing", `no domain of this host has the UUID ${uuid}`);
  if (/^\d+$/.test(domain.name)) {
    refuse(run, "DomainNameUnsafe", `the domain is called ${domain.name}, which xl takes for a domain id`);
  }
  notMoving(run, domain, ["migrate", "save", "suspend", "create", "restore"]);
  if (domain.since === undefined) refuse(run, "DomainNotRunning", domainText(domain));
  replaceFile(run, logPath(operation), "");
  yield world.timings.process;
  const record = [uuid, host.running.bootId, uptime(world, host), domain.id, address];
  replaceFile(run, recordPath(operation), `${record.join(" ")}\n`);
  yield world.timings.process;
  const { running } = host;
  const migration = beginMigration(world, host, domain, address, {
    log: (line) => append(host, logPath(operation), line),
    exited(code) {
      writeText(world, host, exitPath(operation), `${code}\n`);
    },
  });
  running.xen.runs.set(operation, migration);
  later(world, host, Number(seconds) * 1000, () => {
    if (!isRunning(host, operation)) return;
    append(host, logPath(operation), `xensan: not finished after ${seconds} s: the connection is cut`);
    if (!permissionGiven(host, operation)) killTransport(world, migration);
    else append(host, logPath(operation), "xensan: too late, the target has permission to start");
  });
  yield world.timings.process * 20;
  return finish(run, "started");
});

/** await-migration.sh: OPERATION SECONDS */
export const awaitMigration: Responder = acting(function* awaitMigration(run) {
  const [operation = "", seconds = "0"] = run.args;
  yield run.world.timings.process;
  for (let waited = 0; isRunning(run.host, operation); waited += 250) {
    if (waited >= Number(seconds) * 1000) return finish(run, "running");
    yield 250;
  }
  return finish(run, "ended");
});

/** abort-migration.sh: OPERATION */
export const abortMigration: Responder = acting(function* abortMigration(run) {
  const { world, host, args } = run;
  const [operation = ""] = args;
  yield world.timings.process;
  yield* takeLock(run, `migration-${operation}`, 30);
  const migration = host.running.xen.runs.get(operation);
  if (migration === undefined || !isRunning(host, operation)) return finish(run, "ended");
  if (permissionGiven(host, operation)) {
    refuse(run, "PastPointOfNoReturn", "the target has been given permission to start the domain");
  }
  killTransport(world, migration);
  for (let waited = 0; isRunning(host, operation); waited += 100) {
    if (waited >= 75_000) fail(run, "the connection is cut, and xl does not end");
    yield 100;
  }
  yield 100;
  return finish(run, "aborted");
});

const movers = ["migrate-receive", "restore", "save-helper", "rename", "unpause"];

/** settle-migration.sh: UUID NAME ACTION */
export const settleMigration: Responder = acting(function* settleMigration(run) {
  const { world, host, args } = run;
  const [uuid = "", name = "", action = ""] = args;
  yield world.timings.process;
  requireDom0(run);
  yield* takeLock(run, `domain-${uuid}`, 30);
  const domain = domainOf(host, uuid);
  if (domain === undefined) {
    if (action.startsWith("Destroy")) return finish(run, "unchanged");
    return refuse(run, "DomainMissing", `no domain of this host has the UUID ${uuid}`);
  }
  const settled = settle(run, domain, name, action);
  yield world.timings.process * 20;
  if (settled === "started" || settled === "resumed") {
    for (let waited = 0; domain.since === undefined; waited += 1000) {
      if (waited >= 20_000) {
        const wish = settled === "started" ? "run" : "be resumed";
        refuse(run, "DomainStateDiffers", `it was to ${wish}, and ${domainText(domain)}: `);
      }
      yield 1000;
    }
  }
  return finish(run, settled);
});

/** The receiver's command line names no domain: any of them may be about this one. */
function nothingAtWork(run: ScriptRun, domain: Domain, name: string): void {
  const names = [String(domain.id), name, `${name}--incoming`, `${name}--migratedaway`];
  const worker = atWork(run, movers) ?? atWork(run, ["migrate", "save", "suspend", "destroy", "create"], names);
  if (worker !== undefined) refuse(run, "DomainMigrating", `${worker} is at work`);
}

function settle(run: ScriptRun, domain: Domain, name: string, action: string): string {
  const { world, host } = run;
  const require = (holds: boolean) => {
    if (!holds) refuse(run, "DomainStateDiffers", `${action}: ${domainText(domain)}`);
  };
  const neverRan = domain.paused && domain.executed === 0 && domain.shutdown === undefined;
  const suspended = domain.shutdown === "suspend" && !domain.paused;
  const called = (suffix: string) => domain.name === `${name}${suffix}`;
  const running = called("") && domain.since !== undefined;
  if (action === "DestroyIncoming" || action === "DestroyMigratedAway") {
    const incoming = (called("--incoming") || domain.name === "") && neverRan;
    require(action === "DestroyIncoming" ? incoming : called("--migratedaway") && domain.shutdown === "suspend");
    nothingAtWork(run, domain, name);
    endDomain(world, host, domain, action);
    return "destroyed";
  }
  nothingAtWork(run, domain, name);
  if (running) return "unchanged";
  const starts = action === "StartIncoming";
  require(
    starts ? (called("--incoming") || called("")) && neverRan : (called("--migratedaway") || called("")) && suspended,
  );
  const { major, minor } = host.hypervisor.version;
  if (!starts && (major < 4 || (major === 4 && minor < 20))) {
    refuse(run, "ResumeUnsupported", "xl of this host has no command resume");
  }
  const other = domainNamed(host, name);
  if (other !== undefined && other !== domain) {
    refuse(run, "DomainNameTaken", `another domain of this host, id ${other.id}, is called ${name}`);
  }
  renameDomain(host, domain, name);
  if (starts) unpause(world, host, domain);
  else resumeDomain(world, host, domain);
  return starts ? "started" : "resumed";
}
