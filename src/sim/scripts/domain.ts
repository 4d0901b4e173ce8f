import { endDomain } from "../model/domain.ts";
import { type BuildResult, buildDomain } from "../model/domain-build.ts";
import { type DomainConfiguration, parseConfiguration } from "../model/domain-configuration.ts";
import { askToShutDown } from "../model/guest.ts";
import { readText, remove } from "../model/storage.ts";
import { type Domain, domainNamed, domainOf, freeMemory } from "../model/xen-state.ts";
import type { Responder, ScriptRun } from "../process.ts";
import { acting, fail, finish, refuse, replaceFile, takeLock } from "./answer.ts";
import { inBounds } from "./bounds.ts";
import { configurationPath, digestOf } from "./domain-configuration.ts";
import { lockHolder, lockPath, lockText, requireMounted } from "./shared-place.ts";
import { requireDom0 } from "./toolstack.ts";

/** On its way to or from another host, by its name or by an xl that works on it. */
export function migrates(run: ScriptRun, domain: Domain): boolean {
  if (/--(incoming|migratedaway)$/.test(domain.name) || domain.name.startsWith("migrating-")) return true;
  const { running } = run.host;
  return [...running.xen.processes.values()].some(({ verb, name }) => verb === "migrate" && name === domain.name);
}

/** start-domain.sh: OWNER UUID NAME DIGEST LOCKDIR MOUNTPOINT FSUUID HOST|- BOOT|- bootfile=GLOB… bridge=GLOB… */
export const startDomain: Responder = acting(function* startDomain(run) {
  const { world, host, args } = run;
  const [owner = "", uuid = "", name = "", digest = "", directory = "", mountPoint = "", filesystem = ""] = args;
  const [superseded = "-", supersededBoot = "-", ...bounds] = args.slice(7);
  yield world.timings.process;
  requireDom0(run);
  yield* takeLock(run, "domains", 60);
  requireMounted(run, mountPoint, filesystem);
  const there = domainOf(host, uuid);
  if (there !== undefined) {
    if (migrates(run, there)) refuse(run, "DomainMigrating", `domain ${there.id} is ${there.name || "(null)"}`);
    return finish(run, `running id ${there.id}`);
  }
  const other = domainNamed(host, name);
  if (other !== undefined) {
    refuse(run, "DomainNameTaken", `domain ${other.id} has the name ${name} and the UUID ${other.configuration.uuid}`);
  }
  const configuration = requireConfiguration(run, uuid, digest, bounds);
  yield world.timings.process;
  const path = lockPath(directory, uuid);
  const holder = lockHolder(host, path);
  const stale =
    holder === undefined ||
    holder.host === host.running.hostname ||
    (holder.host === superseded && holder.bootId === supersededBoot);
  if (!stale) refuse(run, "DomainLocked", `${path} is held by ${holder.host} of boot ${holder.bootId}`);
  replaceFile(run, path, lockText(host, owner));
  yield world.timings.process;
  let result: BuildResult | undefined;
  buildDomain(world, host, configuration, (end) => {
    result = end;
  });
  while (result === undefined) yield 100;
  if ("id" in result) return finish(run, `started id ${result.id}`);
  if (domainOf(host, uuid) === undefined) remove(world, host, path);
  return refuse(run, "StartFailed", result.stderr.trim());
});

function requireConfiguration(
  run: ScriptRun,
  uuid: string,
  digest: string,
  bounds: readonly string[],
): DomainConfiguration {
  const { host } = run;
  const text = readText(host, configurationPath(uuid));
  if (text === undefined || digestOf(text) !== digest) {
    const found = text === undefined ? "is not there" : "is another one";
    return refuse(run, "ConfigurationDiffers", `${configurationPath(uuid)} ${found}`);
  }
  const configuration = parseConfiguration(text);
  if (configuration === undefined) return fail(run, `${configurationPath(uuid)}: cannot be parsed`);
  const globs = (key: string) =>
    bounds.filter((bound) => bound.startsWith(key)).map((bound) => bound.slice(key.length));
  for (const file of configuration.bootFiles) {
    if (!inBounds(file, globs("bootfile=")))
      refuse(run, "BootFileOutsideBounds", `${file} is not in allowed.bootFiles`);
  }
  for (const bridge of configuration.bridges) {
    if (!inBounds(bridge, globs("bridge="))) refuse(run, "BridgeOutsideBounds", `${bridge} is not in allowed.bridges`);
    if (!host.hypervisor.bridges.includes(bridge)) refuse(run, "BridgeMissing", `there is no bridge ${bridge}`);
  }
  const free = freeMemory(host);
  if (free < configuration.memory) {
    refuse(run, "NoMemory", `${configuration.memory} MiB wanted and ${free} MiB free`);
  }
  return configuration;
}

/** The lock file of a domain that is not here any more, if this host holds it. */
function unlock(run: ScriptRun, directory: string, uuid: string): void {
  const { world, host } = run;
  if (directory === "-") return;
  const path = lockPath(directory, uuid);
  if (lockHolder(host, path)?.host === host.running.hostname) remove(world, host, path);
}

/** stop-domain.sh: UUID shutdown|destroy SECONDS LOCKDIR|- */
export const stopDomain: Responder = acting(function* stopDomain(run) {
  const { world, host, args } = run;
  const [uuid = "", how = "", seconds = "0", directory = "-"] = args;
  yield world.timings.process;
  requireDom0(run);
  yield* takeLock(run, "domains", 60);
  const domain = domainOf(host, uuid);
  if (domain === undefined) {
    unlock(run, directory, uuid);
    return finish(run, "absent");
  }
  if (migrates(run, domain)) refuse(run, "DomainMigrating", `domain ${domain.id} is ${domain.name || "(null)"}`);
  if (how === "destroy") {
    endDomain(world, host, domain, "destroyed");
    yield world.timings.process * 100;
  } else {
    askToShutDown(world, host, domain);
    for (let waited = 0; domainOf(host, uuid) !== undefined; waited += 200) {
      if (waited >= Number(seconds) * 1000) return finish(run, "waiting");
      yield 200;
    }
  }
  unlock(run, directory, uuid);
  return finish(run, "stopped");
});

/** take-domain-lock.sh: OWNER UUID LOCKDIR MOUNTPOINT FSUUID */
export const takeDomainLock: Responder = acting(function* takeDomainLock(run) {
  const { world, host, args } = run;
  const [owner = "", uuid = "", directory = "", mountPoint = "", filesystem = ""] = args;
  yield world.timings.process;
  requireDom0(run);
  yield* takeLock(run, "domains", 60);
  requireMounted(run, mountPoint, filesystem);
  const domain = domainOf(host, uuid);
  if (domain === undefined) return refuse(run, "DomainMissing", `no domain has the UUID ${uuid}`);
  if (/--(incoming|migratedaway)$/.test(domain.name)) {
    refuse(run, "DomainMigrating", `domain ${domain.id} is ${domain.name}`);
  }
  const path = lockPath(directory, uuid);
  const wanted = lockText(host, owner);
  if (readText(host, path) === wanted) return finish(run, "unchanged");
  replaceFile(run, path, wanted);
  yield world.timings.process;
  return finish(run, "moved");
});
