import { endDomain } from "../model/domain.ts";
import { type BuildResult, buildDomain } from "../model/domain-build.ts";
import { type DomainConfiguration, parseConfiguration } from "../model/domain-configuration.ts";
import { askToShutDown } from "../model/guest.ts";
import { endHolder } from "../model/lease.ts";
import { readText, resolve } from "../model/storage.ts";
import type { Responder, ScriptRun } from "../script.ts";
import { acting, finish, refuse, replaceFile, takeLock } from "./answer.ts";
import { inBounds, plainPath } from "./bounds.ts";
import { configurationRows } from "./configuration-rows.ts";
import { configurationPath, digestOf, requireDeclarer } from "./domain-configuration.ts";
import { domainRuns, domainText, findDomain, otherNamed, requireToolstack } from "./domain-rows.ts";
import { readImageRecord, requireImage } from "./image.ts";
import { endingLeaseOnRefusal, takeLease } from "./lease.ts";
import { claimDomain, imagePlace, lockPath, lockText, releaseDomain, requireMounted } from "./shared-place.ts";
import { atWork, notMoving } from "./xen-processes.ts";

/** start-domain.sh: OWNER UUID NAME DIGEST LOCKDIR MOUNTPOINT FSUUID HOST|- BOOT|- bootfile=GLOB… bridge=GLOB… cdrom=GLOB… setting=KEY[=VALUE]… share=FSUUID:MOUNTPOINT… */
export const startDomain: Responder = acting(function* startDomain(run) {
  const { world, host, args } = run;
  const [owner = "", uuid = "", name = "", digest = "", directory = "", mountPoint = "", filesystem = ""] = args;
  const [superseded = "-", supersededBoot = "-", ...bounds] = args.slice(7);
  const supersedes = { host: superseded, bootId: supersededBoot };
  const path = lockPath(directory, uuid);
  yield world.timings.process;
  requireToolstack(run);
  yield* takeLock(run, `domain-${uuid}`, 30);
  const { count, domain: there } = findDomain(run, uuid);
  if (count > 1) refuse(run, "DomainStateDiffers", `${count} domains of this host have the UUID ${uuid}`);
  const files = [configurationPath(uuid), `/run/xensan/${uuid}.cfg`];
  const builder = atWork(run, ["create", "restore", "start", "rename"], files);
  if (builder !== undefined) refuse(run, "DomainMigrating", `${builder} is building the domain`);
  if (there !== undefined) {
    if (there.name !== name) refuse(run, "DomainMigrating", domainText(run, there));
    const mover = atWork(run, ["migrate", "save", "suspend"], [String(there.id), name]);
    if (mover !== undefined) refuse(run, "DomainMigrating", `${mover} is moving the domain`);
    if (!domainRuns(there)) refuse(run, "DomainStateDiffers", domainText(run, there));
    requireMounted(run, mountPoint, filesystem);
    claimDomain(run, path, owner, supersedes);
    return finish(run, `running id ${there.id}`);
  }
  for (const taken of [name, `${name}--incoming`, `${name}--migratedaway`]) {
    const other = otherNamed(run, taken, uuid);
    if (other === undefined) continue;
    refuse(run, "DomainNameTaken", `another domain of this host, id ${other.id}, is called ${taken}`);
  }
  if (host.running.goingDown) refuse(run, "HostGoingDown", "this host is shutting down or rebooting");
  const configuration = requireConfiguration(run, { uuid, name, digest }, bounds);
  yield world.timings.process;
  requireDeclarer(run, owner, uuid);
  requireMounted(run, mountPoint, filesystem);
  const images = configuration.disks.filter((disk) => !disk.cdrom);
  for (const disk of images) requireImage(run, owner, uuid, disk.path);
  if (!directory.startsWith(`${mountPoint}/`))
    refuse(run, "InvalidArgument", `${directory} is not below ${mountPoint}`);
  // The lease also ends by itself when the domain does not appear.
  yield* takeLease(run, { uuid, how: "Alone", seconds: 120, lock: path, images });
  endingLeaseOnRefusal(run, uuid, () => claimDomain(run, path, owner, supersedes));
  yield world.timings.process;
  let result: BuildResult | undefined;
  buildDomain(world, host, configuration, "Command", (end) => {
    result = end;
  });
  while (result === undefined) yield 100;
  if ("id" in result) return finish(run, `started id ${result.id}`);
  const said = whatItSaid(result.stderr);
  const { count: left, domain: remains } = findDomain(run, uuid);
  if (remains !== undefined) {
    yield 10_000;
    // The domain is not proved absent, so the lock stays.
    if (left > 0) refuse(run, "DomainStateDiffers", `the start failed, but ${domainText(run, remains)}: ${said}`);
  }
  releaseDomain(run, path);
  endHolder(world, host, uuid);
  if (noMemory.test(said)) {
    refuse(run, "NoMemory", `not enough memory for ${name}, which needs ${configuration.memory} MiB: ${said}`);
  }
  return refuse(run, "StartFailed", said || "the toolstack printed nothing (exit 3), and the domain does not exist");
});

const noMemory = /Cannot allocate memory|Out of memory|failed to free memory|[nN]ot enough.*memory/;

/** xl create's output, without its greeting and its messages about cleaning up. */
const whatItSaid = (stderr: string) =>
  stderr
    .split("\n")
    .filter(
      (line) =>
        line !== "" &&
        !/^Parsing config|Non-existant domain|Unable to destroy guest|Destruction of domain failed/.test(line),
    )
    .map((line) => `${line} `)
    .join("")
    .slice(0, 600);

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
    refuse(run, "ConfigurationDiffers", `${file} is not the expected configuration`);
  }
  const globs = (key: string) =>
    bounds.filter((bound) => bound.startsWith(key)).map((bound) => bound.slice(key.length));
  for (const { kind, value } of configurationRows(text)) {
    if (kind === "file") requireBootFile(run, value, globs("bootfile="));
    if (kind === "bridge" || kind === "ovs-bridge") {
      if (!inBounds(value, globs("bridge="))) {
        const remedy = `add ${value} to it to allow this`;
        refuse(run, "BridgeOutsideBounds", `${value} is not in allowed.bridges of the XenHost; ${remedy}`);
      }
      const [named = ""] = value.split(".");
      const { bridges, ovsBridges } = host.hypervisor;
      if (kind === "ovs-bridge" && !ovsBridges.includes(named))
        refuse(run, "BridgeMissing", `Open vSwitch has no bridge ${named}`);
      if (kind === "ovs-bridge" || bridges.includes(value)) continue;
      const other = "is an interface but not a Linux bridge; an Open vSwitch bridge needs switch: OpenVSwitch";
      if (host.interfaces.has(value)) refuse(run, "BridgeMissing", `${value} ${other}`);
      refuse(run, "BridgeMissing", `there is no bridge ${value}`);
    }
    if (kind === "image" || kind === "read") contained(run, value, globs("share="));
    if (kind === "setting" && !globs("setting=").some((one) => one === value || one === value.split("=")[0])) {
      const remedy = `add ${value} to it to allow this`;
      refuse(run, "SettingOutsideBounds", `${value} is not in allowed.settings of the XenHost; ${remedy}`);
    }
    if (kind === "cdrom") {
      contained(run, value, globs("share="));
      requireListed(run, value, globs("cdrom="));
    }
    if (kind === "odd") refuse(run, "InvalidArgument", `${file}: not supported: ${value}`);
  }
  const configuration = parseConfiguration(text);
  const found = `${configuration?.name ?? ""} ${configuration?.uuid ?? ""}`;
  if (configuration === undefined || found !== `${wanted.name} ${wanted.uuid}`) {
    return refuse(run, "ConfigurationDiffers", `${file} is for the domain ${found}, not ${wanted.name} ${wanted.uuid}`);
  }
  return configuration;
}

function requireBootFile(run: ScriptRun, path: string, globs: readonly string[]): void {
  plainPath(run, path);
  if (!inBounds(path, globs)) refuse(run, "BootFileOutsideBounds", `${path} is not in allowed.bootFiles`);
  const { node, path: real } = resolve(run.host, path);
  if (node?.kind !== "File") refuse(run, "BootFileMissing", `there is no file ${path}`);
  if (inBounds(real, globs)) return;
  refuse(run, "BootFileOutsideBounds", `${path} resolves to ${real}, which is not in allowed.bootFiles`);
}

/** A CD-ROM drive may hold only what the owner of the file system lists, and no domain's image. */
function requireListed(run: ScriptRun, path: string, globs: readonly string[]): void {
  if (!inBounds(path, globs))
    refuse(run, "SourceNotTemplate", `${path} matches none of the templates of its file system`);
  if (readImageRecord(run.host, path) !== undefined) refuse(run, "SourceInUse", `${path} was made for a domain`);
  if (resolve(run.host, path).node?.kind !== "File") refuse(run, "SourceMissing", `there is no regular file ${path}`);
}

/** The image must be on one of the shares now, not behind a symbolic link or another mount. */
function contained(run: ScriptRun, image: string, shares: readonly string[]): void {
  for (const share of shares) {
    const [uuid = "", mountPoint = ""] = share.split(":");
    if (!image.startsWith(`${mountPoint}/`)) continue;
    requireMounted(run, mountPoint, uuid);
    imagePlace(run, image, mountPoint);
    const { node } = resolve(run.host, image, "Keep");
    if (node?.kind === "Symlink") refuse(run, "ImageForeign", `${image} is a symbolic link`);
    if (node !== undefined && node.kind !== "File") refuse(run, "ImageForeign", `${image} is not a regular file`);
    return;
  }
  refuse(run, "ImageOutsideBounds", `${image} is not on a shared file system of the domain`);
}

/**
 * Milliseconds left for programs that build a domain after the wait for dying ones: 60 s and 10 s of stop-domain.sh.
 */
const patienceAfterRemains = 50_000;

/**
 * Whether the domain is absent and will not come back from a reboot: checked twice, three seconds apart, until no
 * program builds a domain.
 */
function* gone(run: ScriptRun, uuid: string, until: number): Generator<number, boolean> {
  while (findDomain(run, uuid).count === 0) {
    // A dying domain may hold its images a moment longer; one that stays dying does not block the stop.
    while (findDomain(run, uuid).remains !== undefined && run.world.agenda.time < until - patienceAfterRemains)
      yield 1000;
    if (findDomain(run, uuid).count > 0) return false;
    yield 3000;
    if (findDomain(run, uuid).count > 0) return false;
    const worker = atWork(run, ["create", "restore", "migrate-receive"]);
    if (worker === undefined) return true;
    if (run.world.agenda.time > until) refuse(run, "DomainMigrating", `${worker} is building a domain`);
  }
  return false;
}

/** stop-domain.sh: OWNER UUID shutdown|destroy SECONDS LOCKDIR|- */
export const stopDomain: Responder = acting(function* stopDomain(run) {
  const { world, host, args } = run;
  const [owner = "", uuid = "", how = "", seconds = "0", directory = "-"] = args;
  const release = () => {
    if (directory !== "-") releaseDomain(run, lockPath(directory, uuid));
    endHolder(world, host, uuid);
  };
  yield world.timings.process;
  requireToolstack(run);
  yield* takeLock(run, `domain-${uuid}`, 30);
  const began = world.agenda.time;
  const limit = Number(seconds) * 1000 + (how === "destroy" ? 45_000 : 0);
  const patience = began + (Number(seconds) + 60) * 1000;
  const moving = ["migrate", "save", "suspend", "restore"];
  const one = (count: number) => {
    if (count > 1) refuse(run, "DomainStateDiffers", `${count} domains of this host have the UUID ${uuid}`);
  };
  let found = findDomain(run, uuid);
  one(found.count);
  if (found.count === 0 && (yield* gone(run, uuid, patience))) {
    release();
    return finish(run, "absent");
  }
  const first = findDomain(run, uuid).domain;
  if (first !== undefined) {
    notMoving(run, first, moving);
    requireDeclarer(run, owner, uuid);
  }
  let asked: number | undefined;
  let shutDownSince: number | undefined;
  for (;;) {
    found = findDomain(run, uuid);
    const { domain } = found;
    if (domain === undefined) {
      if (yield* gone(run, uuid, patience)) {
        release();
        return finish(run, "stopped");
      }
      continue;
    }
    const now = world.agenda.time;
    if (asked !== undefined) {
      // A domain that is shut down for good and kept by on_poweroff = preserve. A suspended one is being saved.
      shutDownSince = domain.shutdown === undefined ? undefined : (shutDownSince ?? now);
      if (shutDownSince !== undefined && now - shutDownSince >= 10_000 && domain.shutdown !== "suspend") {
        notMoving(run, domain, moving);
        endDomain(world, host, domain, "destroyed");
      }
      if (now - began >= limit) return finish(run, "waiting");
    }
    // A domain that came back is a new one to xl.
    if (asked !== domain.id) {
      one(found.count);
      notMoving(run, domain, moving);
      if (how === "destroy") endDomain(world, host, domain, "destroyed");
      else if (how === "shutdown") askToShutDown(world, host, domain);
      else refuse(run, "InvalidArgument", `${how} is neither shutdown nor destroy`);
      asked = domain.id;
    }
    yield 1000;
  }
});

/** take-domain-lock.sh: OWNER UUID LOCKDIR MOUNTPOINT FSUUID */
export const takeDomainLock: Responder = acting(function* takeDomainLock(run) {
  const { world, host, args } = run;
  const [owner = "", uuid = "", directory = "", mountPoint = "", filesystem = ""] = args;
  yield world.timings.process;
  requireToolstack(run);
  yield* takeLock(run, `domain-${uuid}`, 30);
  const { count, domain } = findDomain(run, uuid);
  if (domain === undefined || count !== 1) {
    return refuse(run, "DomainMissing", `${count} domains of this host have the UUID ${uuid}`);
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
