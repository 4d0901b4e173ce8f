import { endDomain, renameDomain, unpause } from "../model/domain.ts";
import { endHolder } from "../model/lease.ts";
import { beginMigration, killTransport } from "../model/migration.ts";
import { endReceiver, resumeDomain } from "../model/migration-ends.ts";
import type { Domain } from "../model/state.ts";
import { readText, resolve, writeText } from "../model/storage.ts";
import { later } from "../model/world.ts";
import { toolstackOf } from "../model/xen-state.ts";
import type { Responder, ScriptRun } from "../script.ts";
import { acting, fail, finish, refuse, replaceFile, takeLock } from "./answer.ts";
import { inBounds } from "./bounds.ts";
import { configurationOwner, configurationPath, requireDeclarer } from "./domain-configuration.ts";
import {
  domainRow,
  domainRuns,
  domainText,
  findDomain,
  otherNamed,
  requireToolstack,
  shownName,
} from "./domain-rows.ts";
import { append, exitPath, isRunning, logPath, permissionGiven, recordPath, uptime } from "./migration-records.ts";
import { atWork, movesByName } from "./xen-processes.ts";

/** start-migration.sh: OWNER|- OPERATION UUID ADDRESS SECONDS TIME bridge=GLOB… bootfile=GLOB… share=MOUNTPOINT… hidden=MOUNTPOINT… device=PATH… */
export const startMigration: Responder = acting(function* startMigration(run) {
  const { world, host, args } = run;
  const [owner = "", operation = "", uuid = "", address = "", seconds = "0", time = "", ...bounds] = args;
  yield world.timings.process;
  requireToolstack(run);
  yield* takeLock(run, `domain-${uuid}`, 30);
  if (readText(host, recordPath(operation)) !== undefined) return finish(run, "unchanged");
  const { count, domain } = findDomain(run, uuid);
  if (domain === undefined) return refuse(run, "DomainMissing", `no domain of this host has the UUID ${uuid}`);
  if (count > 1) refuse(run, "DomainStateDiffers", `${count} domains of this host have the UUID ${uuid}`);
  requireDeclarer(run, owner, uuid);
  const name = shownName(domain);
  if (name !== "(null)" && movesByName(domain)) refuse(run, "DomainMigrating", domainText(run, domain));
  if (!/^[A-Za-z0-9_.][A-Za-z0-9_.-]*$/.test(name)) {
    const needed = "a name of letters, digits, _, . and - that does not begin with -";
    refuse(run, "DomainNameUnsafe", `the domain is called ${name}; a migration needs ${needed}`);
  }
  if (/^\d+$/.test(name)) {
    refuse(run, "DomainNameUnsafe", `the domain is called ${name}, which xl takes for a domain id`);
  }
  const about = [String(domain.id), name, configurationPath(uuid), `/run/xensan/${uuid}.cfg`];
  const mover = atWork(run, ["migrate", "save", "suspend", "remus", "create", "restore"], about);
  if (mover !== undefined) refuse(run, "DomainMigrating", `${mover} is moving or building the domain`);
  if (!domainRuns(domain)) refuse(run, "DomainNotRunning", domainText(run, domain));
  const globs = (key: string) =>
    bounds.filter((bound) => bound.startsWith(key)).map((bound) => bound.slice(key.length));
  for (const bridge of domain.configuration.bridges) {
    if (inBounds(bridge, globs("bridge="))) continue;
    const why = `is connected to ${bridge}, which is not in allowed.bridges of the target; add ${bridge} to it to allow this`;
    refuse(run, "BridgeOutsideBounds", `${name} ${why}`);
  }
  for (const path of domain.configuration.bootFiles) {
    if (inBounds(path, globs("bootfile="))) continue;
    const why = `boots from ${path}, which is not in allowed.bootFiles of the target`;
    refuse(run, "BootFileOutsideBounds", `${name} ${why}`);
  }
  for (const disk of domain.configuration.disks) requireOnTarget(run, name, disk, bounds);
  replaceFile(run, logPath(operation), "");
  yield world.timings.process;
  const record = [uuid, host.running.bootId, uptime(world, host), domain.id, address, time];
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

/** on_target: the target has the same content under the path of this disk. */
function requireOnTarget(
  run: ScriptRun,
  name: string,
  { path, format }: { readonly path: string; readonly format: string },
  bounds: readonly string[],
): void {
  const words = (key: string) => bounds.filter((word) => word.startsWith(key)).map((word) => word.slice(key.length));
  const [shares, hidden, devices] = [words("share="), words("hidden="), words("device=")];
  const shown = format === "raw" ? path : `${path} (format ${format})`;
  const [top] = [...shares, ...hidden]
    .filter((mountPoint) => shown.startsWith(`${mountPoint}/`))
    .sort((a, b) => b.length - a.length);
  const { path: real, node, mount } = resolve(run.host, path);
  const inShare = top !== undefined && shares.includes(top) && mount.mountPoint === top && node !== undefined;
  if (devices.includes(shown) || (inShare && real === shown)) return;
  const listed = (texts: readonly string[]) => `(now ${texts.join(" ") || "none"})`;
  const files = `raw images on an OCFS2 that both hosts have mounted at the same directory ${listed(shares)}`;
  const blocks = `AoE devices that both hosts find at the same server with the same size ${listed(devices)}`;
  const why = "and nothing proves that it is the same on the target";
  refuse(run, "DiskNotShared", `${name} has the disk ${shown}, ${why}; accepted are ${files}, and ${blocks}`);
}

/** record-migration.sh: OPERATION UUID TIME */
export const recordMigration: Responder = acting(function* recordMigration(run) {
  const { world, host, args } = run;
  const [operation = "", uuid = "", time = ""] = args;
  yield world.timings.process;
  yield* takeLock(run, `domain-${uuid}`, 30);
  if (readText(host, recordPath(operation)) !== undefined) return finish(run, "unchanged");
  const record = [uuid, host.running.bootId, uptime(world, host), "-", "-", time];
  replaceFile(run, recordPath(operation), `${record.join(" ")}\n`);
  return finish(run, "recorded");
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
    if (waited >= 75_000) fail(run, "the connection was cut, but xl is still running");
    yield 100;
  }
  yield 100;
  return finish(run, "aborted");
});

/** settle-migration.sh: OWNER|- UUID NAME ACTION */
export const settleMigration: Responder = acting(function* settleMigration(run) {
  const { world, args } = run;
  const [owner = "", uuid = "", name = "", action = ""] = args;
  yield world.timings.process;
  requireToolstack(run);
  yield* takeLock(run, `domain-${uuid}`, 30);
  const { count, domain } = findDomain(run, uuid);
  if (count > 1) refuse(run, "DomainStateDiffers", `${count} domains of this host have the UUID ${uuid}`);
  if (configurationOwner(run.host, uuid) !== "") requireDeclarer(run, owner, uuid);
  const step = settlements.get(action);
  if (step === undefined) return refuse(run, "InvalidArgument", `${action} is not an action`);
  if (domain === undefined) {
    if (/^(Destroy|Abandon)/.test(action)) return finish(run, "unchanged");
    return refuse(run, "DomainMissing", `no domain of this host has the UUID ${uuid}`);
  }
  const word = step(run, domain, name);
  yield world.timings.process * 20;
  const wished = word === "started" ? "run" : `have been ${word}`;
  const holds = () => (word === "destroyed" ? findDomain(run, uuid).count === 0 : runsAs(domain, name));
  for (let waited = 0; word !== "unchanged" && !holds(); waited += 1000) {
    if (waited >= 20_000) refuse(run, "DomainStateDiffers", `it should ${wished}, but ${domainText(run, domain)}: `);
    yield 1000;
  }
  if (word === "destroyed") endHolder(run.world, run.host, uuid);
  return finish(run, word);
});

const runsAs = (domain: Domain, name: string) => domain.name === name && domainRuns(domain);

/** Carries out an action and returns the word for it. */
type Settlement = (run: ScriptRun, domain: Domain, name: string) => "destroyed" | "started" | "resumed" | "unchanged";

const settlements: ReadonlyMap<string, Settlement> = new Map<string, Settlement>([
  [
    "DestroyIncoming",
    (run, domain, name) => {
      const arrived = [`${name}--incoming`, "(null)"].includes(shownName(domain));
      if (!arrived || !pausedAndNew(run, domain)) differs(run, domain, "DestroyIncoming");
      nothingAtWork(run, domain, name);
      endDomain(run.world, run.host, domain, "DestroyIncoming");
      return "destroyed";
    },
  ],
  [
    "AbandonIncoming",
    (run, domain, name) => {
      const arrived = [`${name}--incoming`, "(null)"].includes(shownName(domain));
      if (!arrived || !pausedAndNew(run, domain)) differs(run, domain, "AbandonIncoming");
      endOneReceiver(run, domain);
      nothingAtWork(run, domain, name);
      endDomain(run.world, run.host, domain, "AbandonIncoming");
      return "destroyed";
    },
  ],
  [
    "DestroyMigratedAway",
    (run, domain, name) => {
      // Also paused where xl was cut off while it destroyed the domain.
      const sent = domain.name === `${name}--migratedaway` && suspended(run, domain);
      if (!sent) differs(run, domain, "DestroyMigratedAway");
      nothingAtWork(run, domain, name);
      endDomain(run.world, run.host, domain, "DestroyMigratedAway");
      return "destroyed";
    },
  ],
  [
    "StartIncoming",
    (run, domain, name) => {
      nothingAtWork(run, domain, name);
      if (runsAs(domain, name)) return "unchanged";
      const arrived = [`${name}--incoming`, name].includes(domain.name);
      if (!arrived || !pausedAndNew(run, domain)) differs(run, domain, "StartIncoming");
      renameBack(run, domain, name);
      unpause(run.world, run.host, domain);
      return "started";
    },
  ],
  [
    "ResumeSource",
    (run, domain, name) => {
      nothingAtWork(run, domain, name);
      if (runsAs(domain, name)) return "unchanged";
      const sent = [`${name}--migratedaway`, name].includes(domain.name);
      if (!sent || !suspended(run, domain) || domain.paused) differs(run, domain, "ResumeSource");
      const { major, minor } = run.host.hypervisor.version;
      if (toolstackOf(run.host) === "xm" || major < 4 || (major === 4 && minor < 20)) {
        refuse(run, "ResumeUnsupported", `${toolstackOf(run.host)} on this host has no command resume`);
      }
      renameBack(run, domain, name);
      resumeDomain(run.world, run.host, domain);
      return "resumed";
    },
  ],
]);

/** end_receiver of settle-migration.sh. */
function endOneReceiver(run: ScriptRun, own: Domain): void {
  const { processes } = run.host.running.xen;
  const [pid, ...more] = [...processes].filter(([, { verb }]) => verb === "migrate-receive").map(([one]) => one);
  if (more.length > 0) {
    const which = "it is unknown which one waits for the source";
    refuse(run, "DomainMigrating", `several processes receive domains, and ${which}`);
  }
  if (pid === undefined) return;
  for (const other of run.host.running.xen.domains.values()) {
    const name = shownName(other);
    if (other === own || !/--incoming$|^\(null\)$/.test(name)) continue;
    const which = `it is unknown which domain process ${pid} receives`;
    refuse(run, "DomainMigrating", `${name}, id ${other.id}, arrives too, and ${which}`);
  }
  processes.delete(pid);
  for (const migration of run.world.xen.migrations)
    if (migration.receiverPid === pid && migration.targetRunning === run.host.running) endReceiver(migration);
}

function differs(run: ScriptRun, domain: Domain, action: string): never {
  return refuse(run, "DomainStateDiffers", `${action}: ${domainText(run, domain)}`);
}

const pausedAndNew = (run: ScriptRun, domain: Domain) => {
  const { state, seconds } = domainRow(run.world, run.host, domain);
  return state === "p" && seconds === "0.0";
};

/** Whether the domain is suspended for a migration and for no other purpose. Only xl shows this. */
const suspended = (run: ScriptRun, domain: Domain) =>
  domain.shutdown === "suspend" && domainRow(run.world, run.host, domain).reason === "s";

/** The receiver's command line names no domain: any receiver may be about this one. */
function nothingAtWork(run: ScriptRun, domain: Domain, name: string): void {
  const receiver = atWork(run, [
    "migrate-receive",
    "restore",
    "save-helper",
    "xc_restore",
    "xc_save",
    "rename",
    "unpause",
  ]);
  if (receiver !== undefined) refuse(run, "DomainMigrating", `${receiver} is running`);
  const names = [String(domain.id), name, `${name}--incoming`, `${name}--migratedaway`];
  const worker = atWork(run, ["migrate", "save", "suspend", "destroy", "resume", "create"], names);
  if (worker !== undefined) refuse(run, "DomainMigrating", `${worker} is working on the domain`);
}

function renameBack(run: ScriptRun, domain: Domain, name: string): void {
  if (domain.name === name) return;
  const other = otherNamed(run, name, domain.configuration.uuid);
  if (other !== undefined) {
    refuse(run, "DomainNameTaken", `another domain of this host, id ${other.id}, is called ${name}`);
  }
  renameDomain(run.host, domain, name);
}
