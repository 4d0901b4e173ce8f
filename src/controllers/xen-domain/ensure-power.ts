import { startDomain, stopDomain, takeDomainLock } from "../../host/domain-actions.ts";
import type { DomainLock } from "../../host/xen-facts.ts";
import type { ConditionUpdate } from "../../runtime/conditions.ts";
import { stateText } from "../domain-state.ts";
import { type Finding, found, no, unknown, yes } from "../finding.ts";
import { type Ended, hasEnded } from "../gone/gone.ts";
import { type Step, stepOf } from "../hosts/step.ts";
import { xenHost } from "../identity.ts";
import { baseName } from "../xen-migration/sight.ts";
import { configurationFor } from "./ensure-configurations.ts";
import { silentAbout } from "./images.ts";
import { leaseSteps, strayLeaseSteps } from "./lease.ts";
import {
  type DomainObservation,
  factsOf,
  imagePath,
  isAnotherRun,
  isPlaced,
  lockDirectory,
  lockIn,
  lockOf,
  lockSeen,
  type ObservedHost,
  type OfflineMove,
  type PlacedDisk,
  type Present,
  type Survey,
  survey,
} from "./observation.ts";
import { choosePlace } from "./placement.ts";

const type = "Running";
/** A guest that reboots disappears for about two seconds (xl sleeps before it builds the domain again). */
export const rebootMs = 10_000;
/**
 * True if the domain has just disappeared, so that its guest may only be rebooting, or if the xl of a host will start it
 * again: it waits for the lock of all builds, which the receiver of a migration holds until everything has arrived.
 */
export const mayReboot = (domain: DomainObservation): boolean =>
  (domain.absentMs !== undefined && domain.absentMs < rebootMs) || startsAgain(domain) !== undefined;

/** The host whose xl still waits for a domain that is on no host, unless it waits for another one of the name there. */
export function startsAgain({ hosts, name }: DomainObservation): ObservedHost | undefined {
  return hosts.find((host) => {
    const domains = factsOf(host)?.domains;
    if (domains?.state !== "known") return false;
    const waits = domains.value.processes.some((one) => one.verb === "wait" && one.name === name);
    return waits && !domains.value.domains.some((one) => baseName(one.name) === name);
  });
}

/** Why the domain may come back by itself. */
export function whyItMayReboot(domain: DomainObservation): string {
  const host = startsAgain(domain);
  return host === undefined
    ? "The domain has just disappeared; a guest that reboots returns within seconds"
    : `The domain has disappeared, and the xl of ${host.name} is about to start it again, as it does when a guest reboots`;
}
/** How long one command waits for a guest to shut down; the next command continues to wait. */
const shutdownStepSeconds = 20;

/** Ensures that the domain runs on exactly one host, or on none, as the spec says. `ready`: it may be started. */
export function ensurePower(domain: DomainObservation, ready: boolean): Finding {
  const seen = survey(domain);
  const { present, running, blind } = seen;
  const unknowns = blind.map(({ why }) => why);
  const names = present.map(({ host }) => host.name).join(" and ");
  if (running.length > 1 && !domain.twice)
    return found([
      domain.migration === undefined
        ? unknown(type, "HostUnknown", `The domain was seen on ${names}: waiting for another probe of these hosts`)
        : migrating(domain, undefined, names),
    ]);
  if (running.length > 1)
    return found([
      unknown(
        type,
        "SplitBrain",
        `The domain runs on ${names}: xensan changes nothing until one copy is stopped by hand`,
      ),
    ]);
  const [one] = running;
  // The other copy may be on a host that does not answer.
  if (domain.recorded.splitBrain && unknowns.length > 0)
    return found([
      unknown(
        type,
        "SplitBrain",
        `The domain ran on several hosts, and its state on some of them is unknown: ${unknowns.join(", ")}. xensan changes nothing until that state is known`,
      ),
    ]);
  const { offline } = domain;
  if (offline !== undefined && !offline.held && present.length === running.length)
    return relocated(domain, offline, { one, names, unknowns, ready });
  if (domain.migration !== undefined || present.length > running.length)
    return found([leftByMigration(domain, seen) ?? migrating(domain, one, names)]);
  if (one !== undefined) return standing(domain, one, unknowns);
  if (unknowns.length > 0) return found([unseen(unknowns)]);
  if (domain.spec.powerState === "Halted")
    return found([no(type, "Halted", "The domain is not running, as spec.powerState requires")]);
  return start(domain, ready);
}

function migrating({ migration }: DomainObservation, one: Present | undefined, names: string) {
  const by = migration === undefined ? "a migration" : `XenMigration ${migration}`;
  const message = `${by} is moving the domain${names === "" ? "" : ` (seen on ${names})`}`;
  return one === undefined ? unknown(type, "Migrating", message) : yes(type, "Migrating", message);
}

/**
 * Verbs of the toolstack that send or build a domain. Receivers are left out: they may wait forever for a dead host.
 */
const sending: ReadonlySet<string> = new Set(["migrate", "xc_save", "create", "restore"]);

/**
 * Reports copies of a domain in the middle of a migration that no XenMigration records and no host is sending, as all
 * its hosts show: the XenMigration was lost, or a person moved the domain. Only a person can tell which copy has the
 * right data. Undefined where the migration may still be running.
 */
function leftByMigration(domain: DomainObservation, { present, blind }: Survey): ConditionUpdate | undefined {
  if (domain.migration !== undefined || !domain.settled || blind.length > 0) return undefined;
  const sent = domain.hosts.some((host) => {
    const domains = factsOf(host)?.domains;
    return domains?.state === "known" && domains.value.processes.some(({ verb }) => sending.has(verb));
  });
  if (sent) return undefined;
  const copies = present.map(
    ({ host, domain: { name, id, state } }) => `${name} (id ${id}, ${stateText(state)}) on ${host.name}`,
  );
  return unknown(
    type,
    "OutcomeAmbiguous",
    `The domain is in the middle of a migration that no XenMigration records and that no host is performing: ${copies.join(" and ")}. xensan starts, stops and destroys nothing until only one copy is left, under the name ${domain.name}`,
  );
}

const unseen = (unknowns: readonly string[]) =>
  unknown(
    type,
    "HostUnknown",
    `The domain is not running on any reachable host, but its state on other hosts is unknown: ${unknowns.join(", ")}`,
  );

/**
 * An offline migration is a stop on the source and a start on the target, by the usual steps. Its XenMigration has
 * recorded which of both is next; the stop removes the lock file, and there is no start before that.
 */
function relocated(
  domain: DomainObservation,
  { stage, target, run }: OfflineMove,
  seen: {
    readonly one: Present | undefined;
    readonly names: string;
    readonly unknowns: readonly string[];
    readonly ready: boolean;
  },
): Finding {
  const { one, names, unknowns, ready } = seen;
  if (one?.host.name === target) return standing(domain, one, unknowns);
  if (one !== undefined && stage === "Stopping" && (run === undefined || !isAnotherRun(one, run)))
    return shutDown(domain, one.host, `on ${one.host.name} as domain ${one.domain.id}`);
  if (one !== undefined) return found([migrating(domain, one, names)]);
  if (unknowns.length > 0) return found([unseen(unknowns)]);
  if (stage === "Starting" && domain.spec.powerState === "Running") return start(domain, ready, target);
  const lock = lockSeen(domain);
  const holder = lock && holderOf(domain, lock);
  // If the holder itself no longer sees it, the other hosts have not been probed since.
  const held = holder !== undefined && lockSeen({ ...domain, hosts: [holder] }) !== undefined;
  return found([migrating(domain, one, names)], held ? [stopStep(domain, holder, "Shutdown")] : []);
}

/** The domain is on one host. */
function standing(domain: DomainObservation, { host, domain: seen }: Present, unknowns: readonly string[]): Finding {
  const where = `on ${host.name} as domain ${seen.id}`;
  if (domain.spec.powerState === "Halted") return shutDown(domain, host, where);
  if (seen.state.includes("c") || seen.shutdownReason === "c")
    return found([no(type, "Crashed", `The guest crashed ${where}, and spec.onCrash preserves it for inspection`)]);
  if (seen.state.includes("s")) return found([no(type, "Stopped", `The guest has shut down and is kept ${where}`)]);
  if (seen.state.includes("p"))
    return found(
      [no(type, "DomainPaused", `The domain is paused ${where}: unpause it there`)],
      [...lockSteps(domain, host), ...leaseSteps(domain, host)],
    );
  const elsewhere = host.allowed ? "" : `; the spec does not list ${host.name}: migrate the domain`;
  const blind =
    unknowns.length === 0
      ? ""
      : `; xensan cannot determine whether it also runs on other hosts: ${unknowns.join(", ")}`;
  return found(
    [yes(type, "Running", `The domain runs ${where}${elsewhere}${blind}`)],
    [...lockSteps(domain, host), ...leaseSteps(domain, host), ...strayLeaseSteps(domain, host)],
  );
}

/** Takes the lock file for a domain that was adopted, or that came by a migration. */
function lockSteps(domain: DomainObservation, host: ObservedHost): Step[] {
  const [disk] = domain.disks.filter(isPlaced);
  const facts = factsOf(host);
  if (disk === undefined || facts?.domainLocks.state !== "known" || facts.identity.state !== "known") return [];
  if (!disk.filesystem.mountedOn.includes(host.name)) return [];
  const { hostname, bootId } = facts.identity.value;
  const held = lockIn(facts, domain.uuid, disk);
  if (bootId === undefined || (held?.host === hostname && held.bootId === bootId)) return [];
  const command = takeDomainLock({ owner: domain.owner, uuid: domain.uuid, lock: lockOf(disk) });
  return [stepOf(xenHost(host.name), command)];
}

/** True if the guest was asked to shut down and has had its time. */
export const isLate = ({ askedMs, spec }: DomainObservation): boolean =>
  askedMs !== undefined && askedMs > spec.shutdown.timeoutSeconds * 1000;

function shutDown(domain: DomainObservation, host: ObservedHost, where: string): Finding {
  const { timeoutSeconds, onTimeout } = domain.spec.shutdown;
  const late = isLate(domain);
  const steps = [stopStep(domain, host, late && onTimeout === "Destroy" ? "Destroy" : "Shutdown")];
  if (late && onTimeout === "Wait")
    return found(
      [
        yes(
          type,
          "ShutdownTimedOut",
          `The domain still runs ${where} ${timeoutSeconds} s after it was asked to shut down: shut the guest down from within, or set spec.shutdown.onTimeout to Destroy`,
        ),
      ],
      steps,
    );
  return found([yes(type, "Stopping", `The guest is being asked to shut down ${where}`)], steps);
}

/** The step that asks the guest to shut down, or destroys the domain. */
export function stopStep(domain: DomainObservation, host: ObservedHost, how: "Shutdown" | "Destroy"): Step {
  const directory = lockDirectory(domain);
  const command = stopDomain({
    owner: domain.owner,
    uuid: domain.uuid,
    how,
    waitSeconds: how === "Shutdown" ? shutdownStepSeconds : 5,
    ...(directory === undefined ? {} : { lockDirectory: directory }),
  });
  return stepOf(xenHost(host.name), command);
}

/** Starts a domain that is proved to run nowhere, on `target` if one is given. */
function start(domain: DomainObservation, ready: boolean, target?: string): Finding {
  const [disk] = domain.disks.filter(isPlaced);
  if (!ready || disk === undefined)
    return found([no(type, "Waiting", "The domain will be started when its disks are ready")]);
  const failed = domain.hosts.find(({ name }) => name === domain.recorded.host);
  if (domain.spec.onHostFailure === "Stay" && failed?.machine.state === "Found" && failed.machine.gone.kind === "Dead")
    return found([
      no(
        type,
        "HostFailed",
        `XenHost ${failed.name}, on which the domain ran, is dead, and spec.onHostFailure is Stay: the domain will be started when that host answers again, after xensan forget ${failed.name}, or with onHostFailure Restart`,
      ),
    ]);
  const lock = lockSeen(domain);
  const last = lock && holderOf(domain, lock);
  const ended = last?.machine.state === "Found" && hasEnded(last.machine.gone);
  // An offline migration has waited for that before it released the lock; on a dead host no guest reboots.
  const stopped = (target !== undefined && lock === undefined) || ended;
  if (!stopped && mayReboot(domain)) return found([no(type, "Vanished", whyItMayReboot(domain))]);
  const silent = domain.disks.filter(isPlaced).flatMap((one) => silentAbout(domain, imagePath(one)));
  if (silent.length > 0)
    return found([
      unknown(
        type,
        "HostUnknown",
        `${[...new Set(silent)].join(", ")} has not reported yet what uses the images of the domain`,
      ),
    ]);
  const holder = lock && holderOf(domain, lock);
  if (lock !== undefined && holder === undefined)
    return found([unknown(type, "LockedElsewhere", heldElsewhere(domain, lock))]);
  const { host, because } = choosePlace(domain, target);
  if (host === undefined)
    return found([no(type, "NoHostFits", `No host can run the domain now. ${because.join("; ")}`)]);
  const leases = strayLeaseSteps(domain, host);
  if (leases.length > 0)
    return found(
      [
        no(
          type,
          "Progressing",
          `The domain will be started on ${host.name} after its former hosts have released their leases`,
        ),
      ],
      leases,
    );
  const configuration = configurationFor(domain, host);
  const written = factsOf(host)?.domainConfigurations;
  if (
    configuration === undefined ||
    written?.state !== "known" ||
    !written.value.some(({ uuid, digest }) => uuid === domain.uuid && digest === configuration.digest)
  )
    return found([no(type, "Progressing", `The configuration of the domain is not on ${host.name} yet`)]);
  return found(
    [no(type, "Progressing", `The domain will be started on ${host.name}`)],
    [startStep(domain, host, disk, configuration.digest, lock)],
  );
}

function startStep(
  { owner, uuid, name, disks, cdroms }: DomainObservation,
  host: ObservedHost,
  disk: PlacedDisk,
  digest: string,
  lock: DomainLock | undefined,
): Step {
  const allowed =
    host.machine.state === "Found" ? host.machine.spec.allowed : { bootFiles: [], bridges: [], settings: [] };
  const shares = [...disks, ...cdroms]
    .filter(isPlaced)
    .map(({ filesystem: { mountPoint, uuid: filesystem } }) => ({ mountPoint, filesystem }));
  const command = startDomain({
    owner,
    uuid,
    name,
    digest,
    lock: lockOf(disk),
    shares: [...new Map(shares.map((share) => [share.mountPoint, share])).values()],
    ...(lock === undefined ? {} : { supersedes: { host: lock.host, bootId: lock.bootId } }),
    allowedBootFiles: allowed.bootFiles,
    allowedBridges: allowed.bridges,
    allowedSettings: allowed.settings,
    templates: cdroms
      .filter(isPlaced)
      .flatMap(({ filesystem: { mountPoint, templates } }) => templates.map((glob) => `${mountPoint}/${glob}`)),
  });
  // All hosts are probed again before it runs: another one may have started the domain meanwhile.
  return { ...stepOf(xenHost(host.name), command), interrupts: true };
}

/** Why the lock is held, though no host of the domain has it, and what a person can do. */
function heldElsewhere({ hosts }: DomainObservation, { path, host, bootId }: DomainLock): string {
  for (const { name, machine } of hosts) {
    const gone = machine.state === "Found" ? machine.gone : undefined;
    if (gone === undefined || !hasEnded(gone) || gone.hostname !== host) continue;
    const how = gone.kind === "Forgotten" ? "forgotten" : "proved dead";
    // The share wrote it, and a person is to copy it into a command.
    const advice = /^[A-Za-z0-9-]{1,64}$/.test(bootId)
      ? `if the machine is off, run xensan forget ${name} --boot ${bootId}`
      : "remove that file if the domain does not run there";
    return `${path} was taken by ${host} in boot ${bootId}, but XenHost ${name} was ${how} in boot ${gone.bootId}: ${advice}`;
  }
  return `${path} names ${host}, which is not a XenHost of this domain: remove that file if the domain does not run there`;
}

/** The host that the lock file names, if it is reachable or proved to have ended; no reachable host has the domain. */
function holderOf({ hosts }: DomainObservation, lock: DomainLock): ObservedHost | undefined {
  return hosts.find((host) => {
    const { machine } = host;
    if (machine.state === "Found" && hasEnded(machine.gone))
      return machine.gone.hostname === lock.host && bootsOf(machine.gone).includes(lock.bootId);
    const identity = factsOf(host)?.identity;
    return identity?.state === "known" && identity.value.hostname === lock.host;
  });
}

const bootsOf = ({ bootId, otherBoots = [] }: Ended): readonly string[] => [bootId, ...otherBoots];
