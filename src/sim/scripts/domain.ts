import { endDomain } from "../model/domain.ts";
import { type BuildResult, buildDomain } from "../model/domain-build.ts";
import { type DomainConfiguration, parseConfiguration } from "../model/domain-configuration.ts";
import { askToShutDown } from "../model/guest.ts";
import { readText, resolve } from "../model/storage.ts";
import { domainNamed, domainOf } from "../model/xen-state.ts";
import type { Responder, ScriptRun } from "../process.ts";
import { acting, finish, refuse, replaceFile, takeLock } from "./answer.ts";
import { inBounds } from "./bounds.ts";
import { configurationPath, digestOf } from "./domain-configuration.ts";
import { claimDomain, lockPath, lockText, releaseDomain, requireMounted } from "./shared-place.ts";
import { requireDom0 } from "./toolstack.ts";
import { atWork, domainText, notMoving } from "./xen-processes.ts";

/** start-domain.sh: OWNER UUID NAME DIGEST LOCKDIR MOUNTPOINT FSUUID HOST|- BOOT|- bootfile=GLOB… bridge=GLOB… */
export const startDomain: Responder = acting(function* startDomain(run) {
  const { world, host, args } = run;
  const [owner = "", uuid = "", name = "", digest = "", directory = "", mountPoint = "", filesystem = ""] = args;
  const [superseded = "-", supersededBoot = "-", ...bounds] = args.slice(7);
  const supersedes = { host: superseded, bootId: supersededBoot };
  const path = lockPath(directory, uuid);
  yield world.timings.process;
  requireDom0(run);
  yield* takeLock(run, `domain-${uuid}`, 30);
  const builder = atWork(run, ["create", "restore"], [configurationPath(uuid), `/run/xensan/${uuid}.cfg`]);
  if (builder !== undefined) refuse(run, "DomainMigrating", `${builder} builds the domain`);
  const there = domainOf(host, uuid);
  if (there !== undefined) {
    notMoving(run, there, ["migrate", "save", "suspend"]);
    if (there.name !== name) refuse(run, "DomainMigrating", domainText(there));
    if (there.since === undefined) refuse(run, "DomainStateDiffers", domainText(there));
    requireMounted(run, mountPoint, filesystem);
    claimDomain(run, path, owner, supersedes);
    return finish(run, `running id ${there.id}`);
  }
  for (const taken of [name, `${name}--incoming`, `${name}--migratedaway`]) {
    const other = domainNamed(host, taken);
    if (other === undefined) continue;
    refuse(run, "DomainNameTaken", `another domain of this host, id ${other.id}, is called ${taken}`);
  }
  const configuration = requireConfiguration(run, { uuid, name, digest }, bounds);
  yield world.timings.process;
  requireMounted(run, mountPoint, filesystem);
  claimDomain(run, path, owner, supersedes);
  yield world.timings.process;
  let result: BuildResult | undefined;
  buildDomain(world, host, configuration, "Command", (end) => {
    result = end;
  });
  while (result === undefined) yield 100;
  if ("id" in result) return finish(run, `started id ${result.id}`);
  releaseDomain(run, path);
  const said = result.stderr.replace(/^Parsing config.*\n/, "").replaceAll("\n", " ");
  if (/Cannot allocate memory|Out of memory/.test(said)) {
    refuse(run, "NoMemory", `${configuration.memory} MiB for ${name}: ${said}`);
  }
  return refuse(run, "StartFailed", said);
});

function requireConfiguration(
  run: ScriptRun,
  wanted: { readonly uuid: string; readonly name: string; readonly digest: string },
  bounds: readonly string[],
): DomainConfiguration {
  const { host } = run;
  const file = configurationPath(wanted.uuid);
  const text = readText(host, file);
  if (text === undefined) return refuse(run, "ConfigurationDiffers", `there is no ${file}`);
  if (digestOf(text) !== wanted.digest) {
    refuse(run, "ConfigurationDiffers", `${file} is not the configuration that is meant`);
  }
  const configuration = parseConfiguration(text);
  if (configuration === undefined) return refuse(run, "InvalidArgument", `${file}: not understood`);
  const globs = (key: string) =>
    bounds.filter((bound) => bound.startsWith(key)).map((bound) => bound.slice(key.length));
  for (const path of configuration.bootFiles) {
    if (!inBounds(path, globs("bootfile=")))
      refuse(run, "BootFileOutsideBounds", `${path} is not in allowed.bootFiles`);
    const { node, path: real } = resolve(host, path);
    if (node?.kind !== "File") refuse(run, "BootFileMissing", `there is no file ${path}`);
    if (inBounds(real, globs("bootfile="))) continue;
    refuse(run, "BootFileOutsideBounds", `${path} leads to ${real}, which is not in allowed.bootFiles`);
  }
  for (const bridge of configuration.bridges) {
    if (!inBounds(bridge, globs("bridge="))) refuse(run, "BridgeOutsideBounds", `${bridge} is not in allowed.bridges`);
    if (!host.hypervisor.bridges.includes(bridge)) refuse(run, "BridgeMissing", `there is no bridge ${bridge}`);
  }
  if (configuration.name !== wanted.name || configuration.uuid !== wanted.uuid) {
    const found = `${configuration.name} ${configuration.uuid}`;
    refuse(run, "ConfigurationDiffers", `${file} is for the domain ${found}, not ${wanted.name} ${wanted.uuid}`);
  }
  return configuration;
}

/** Not there, and not about to come back as one that reboots: looked at twice, three seconds apart. */
function* gone(run: ScriptRun, uuid: string): Generator<number, boolean> {
  while (domainOf(run.host, uuid) === undefined) {
    yield 3000;
    if (domainOf(run.host, uuid) !== undefined) return false;
    if (atWork(run, ["create", "restore", "migrate-receive"]) === undefined) return true;
  }
  return false;
}

/** stop-domain.sh: UUID shutdown|destroy SECONDS LOCKDIR|- */
export const stopDomain: Responder = acting(function* stopDomain(run) {
  const { world, host, args } = run;
  const [uuid = "", how = "", seconds = "0", directory = "-"] = args;
  const release = () => {
    if (directory !== "-") releaseDomain(run, lockPath(directory, uuid));
  };
  yield world.timings.process;
  requireDom0(run);
  yield* takeLock(run, `domain-${uuid}`, 30);
  const began = world.agenda.time;
  const limit = Number(seconds) * 1000 + (how === "destroy" ? 45_000 : 0);
  if (yield* gone(run, uuid)) {
    release();
    return finish(run, "absent");
  }
  let asked: number | undefined;
  let shutDownSince: number | undefined;
  for (;;) {
    const domain = domainOf(host, uuid);
    if (domain === undefined) {
      if (yield* gone(run, uuid)) {
        release();
        return finish(run, "stopped");
      }
      continue;
    }
    // One that came back is another one to xl.
    if (asked !== domain.id) {
      notMoving(run, domain, ["migrate", "save", "suspend", "restore"]);
      if (how === "destroy") endDomain(world, host, domain, "destroyed");
      else askToShutDown(world, host, domain);
      asked = domain.id;
    }
    yield 1000;
    const now = world.agenda.time;
    const kept = domain.shutdown !== undefined && domain.shutdown !== "suspend";
    shutDownSince = kept ? (shutDownSince ?? now) : undefined;
    if (shutDownSince !== undefined && now - shutDownSince >= 10_000) endDomain(world, host, domain, "destroyed");
    if (domainOf(host, uuid) !== undefined && now - began >= limit) return finish(run, "waiting");
  }
});

/** take-domain-lock.sh: OWNER UUID LOCKDIR MOUNTPOINT FSUUID */
export const takeDomainLock: Responder = acting(function* takeDomainLock(run) {
  const { world, host, args } = run;
  const [owner = "", uuid = "", directory = "", mountPoint = "", filesystem = ""] = args;
  yield world.timings.process;
  requireDom0(run);
  yield* takeLock(run, `domain-${uuid}`, 30);
  const domain = domainOf(host, uuid);
  if (domain === undefined) {
    return refuse(run, "DomainMissing", `0 domains of this host have the UUID ${uuid}`);
  }
  notMoving(run, domain, []);
  requireMounted(run, mountPoint, filesystem);
  const path = lockPath(directory, uuid);
  const wanted = lockText(host, owner);
  if (readText(host, path) === wanted) return finish(run, "unchanged");
  replaceFile(run, path, wanted);
  yield world.timings.process;
  return finish(run, "moved");
});
