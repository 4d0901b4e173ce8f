import type { XenDomainSpec } from "../../api/xen-domain.ts";
import type { XenHostSpec } from "../../api/xen-host.ts";
import { gapIn, type HostFacts } from "../../host/facts.ts";
import { concernsDomain } from "../../host/unread-rows.ts";
import type { Owner } from "../../host/values.ts";
import type { DomainFact, DomainLock } from "../../host/xen-facts.ts";
import { type Gone, hasEnded } from "../gone/gone.ts";
import type { Machine } from "../hosts/machine.ts";
import type { HostView } from "../hosts/view.ts";

/** Everything that the plan of a domain depends on, as plain data. */
export interface DomainObservation {
  readonly owner: Owner;
  readonly name: string;
  readonly uuid: string;
  readonly spec: XenDomainSpec;
  readonly recorded: {
    readonly host: string | undefined;
    /** Digest of the configuration that the running domain was started with. */
    readonly configuration: string | undefined;
    /** At the last reconcile it ran on several hosts. */
    readonly splitBrain: boolean;
    /** `INODE BIRTH` of each image that was seen once and that no person gave up, by path. */
    readonly images: ReadonlyMap<string, string>;
    /** The most bytes that each of these images had, by path. */
    readonly sizes: ReadonlyMap<string, number>;
  };
  /** An action with a loss that a person has approved; undefined while the domain is, or may be, on a host. */
  readonly approved: string | undefined;
  /** Allowed hosts in the order of the spec, then all other nodes of its disks' file systems, then its last host. */
  readonly hosts: readonly ObservedHost[];
  readonly disks: readonly ObservedDisk[];
  readonly cdroms: readonly ObservedCdrom[];
  /** An older XenDomain with the same UUID, the same name on a common host, or one of the images. */
  readonly rival: string | undefined;
  /** Name of a XenMigration that moves the domain. */
  readonly migration: string | undefined;
  /** The next part of an offline migration; undefined for a live one. */
  readonly offline: OfflineMove | undefined;
  /**
   * Milliseconds since all hosts first showed that it is on none of them; undefined where they do not, or where it
   * never ran.
   */
  readonly absentMs: number | undefined;
  /** Milliseconds since this process saw that the guest was asked to shut down; undefined where it did not. */
  readonly askedMs: number | undefined;
  /** If several hosts show it: it runs on all of them, as later looks confirmed, or as the status recorded before. */
  readonly twice: boolean;
  /** All hosts have shown again what they show of it in the middle of a migration. */
  readonly settled: boolean;
  /** Wall clock, milliseconds. */
  readonly now: number;
}

/** A stop on one host and a start on another, as its XenMigration has recorded. */
export interface OfflineMove {
  readonly stage: "Stopping" | "Starting";
  /** The XenHost on which it must be started. */
  readonly target: string;
  /** What must stop; undefined in a status that an earlier release wrote. */
  readonly run: DomainRun | undefined;
  /** The XenMigration is paused, or must stop it and is not recorded on both hosts yet: nothing is done for it. */
  readonly held: boolean;
}

/** From one start of a domain on one host to its end there. */
export interface DomainRun {
  readonly bootID: string;
  /** Xen's number of the domain, never given twice in one boot. */
  readonly domainID: number;
}

/** A XenHost on which the domain may be. */
export interface ObservedHost {
  readonly name: string;
  /** The spec allows it to run there. */
  readonly allowed: boolean;
  readonly machine:
    | {
        readonly state: "NotFound";
        /** Why the machine may be running nevertheless. */
        readonly heard: string | undefined;
      }
    | { readonly state: "Invalid" }
    | {
        readonly state: "Found";
        readonly watched: Machine;
        readonly spec: XenHostSpec;
        readonly view: HostView;
        /** What is proved about the host while it does not answer. */
        readonly gone: Gone;
        /** Why another machine may be running in its place, with the domain, although one answers. */
        readonly heard: string | undefined;
        /** It was probed since the spec changed. */
        readonly fresh: boolean;
        /** MiB for domains whose start there was permitted and that its last probe does not show yet. */
        readonly reserved: number;
        /** Work for this domain on the host has not ended, or no probe has shown its effect yet. */
        readonly busy: boolean;
      };
}

type Disk = XenDomainSpec["disks"][number];

/** A disk of the domain, and the file system that holds it. */
export interface ObservedDisk {
  readonly disk: Disk;
  readonly filesystem:
    | { readonly state: "Missing"; readonly message: string }
    /** No host takes a path of this length: there is no image. */
    | { readonly state: "TooLong"; readonly message: string }
    | {
        readonly state: "Found";
        readonly mountPoint: string;
        /** As recorded by its cluster. */
        readonly uuid: string;
        /** Names of the XenHosts that have it mounted. */
        readonly mountedOn: readonly string[];
        /** The files that its owner allows to be copied: globs below the mount point. */
        readonly templates: readonly string[];
        /** Name of the XenDomain that owns the image from which the disk is copied, or which the drive has. */
        readonly sourceOf: string | undefined;
      };
}

/** A CD-ROM drive of the domain, and the file system that holds its image. */
export interface ObservedCdrom {
  readonly disk: XenDomainSpec["cdroms"][number];
  readonly filesystem: ObservedDisk["filesystem"];
}

/** A disk or drive whose file system is known. */
type Placed<D extends ObservedDisk | ObservedCdrom> = D & {
  readonly filesystem: Extract<ObservedDisk["filesystem"], { state: "Found" }>;
};
/** A disk whose file system is known. */
export type PlacedDisk = Placed<ObservedDisk>;
/** A CD-ROM drive whose file system is known. */
export type PlacedCdrom = Placed<ObservedCdrom>;

/** True if the file system of the disk or CD-ROM drive is known. */
export const isPlaced = <D extends ObservedDisk | ObservedCdrom>(disk: D): disk is Placed<D> =>
  disk.filesystem.state === "Found";

/** The path of the image on every host that has the file system mounted. */
export const imagePath = ({ disk, filesystem }: PlacedDisk | PlacedCdrom): string =>
  `${filesystem.mountPoint}/${disk.path}`;

/** The lock file is next to the image of the first disk. */
export function lockOf(disk: PlacedDisk) {
  const { mountPoint, uuid } = disk.filesystem;
  return { directory: `${mountPoint}/.xensan`, mountPoint, filesystem: uuid };
}

/** The facts of a host that is reachable now. */
export function factsOf({ machine }: ObservedHost): HostFacts | undefined {
  return machine.state === "Found" && machine.view.state === "Reachable" ? machine.view.snapshot.facts : undefined;
}

/** Whether the domain was started since: a person or another migration brought it back, or its guest rebooted. */
export function isAnotherRun({ host, domain }: Present, { bootID, domainID }: DomainRun): boolean {
  const identity = factsOf(host)?.identity;
  return domain.id !== domainID || (identity?.state === "known" && identity.value.bootId !== bootID);
}

/** What one host reports about the domain. */
type Sighting =
  | { readonly state: "Unknown"; readonly host: ObservedHost; readonly why: string }
  | { readonly state: "Absent"; readonly host: ObservedHost }
  | { readonly state: "Present"; readonly host: ObservedHost; readonly domain: DomainFact; readonly moving: boolean };

/** A host that shows the domain. */
export type Present = Extract<Sighting, { state: "Present" }>;

/** What all hosts report about the domain. */
export interface Survey {
  readonly present: readonly Present[];
  /** Those of `present` that are not in the middle of a migration. */
  readonly running: readonly Present[];
  readonly blind: readonly Extract<Sighting, { state: "Unknown" }>[];
}

/** Which hosts have the domain, and for which that is unknown. */
export function survey({ hosts, uuid }: Pick<DomainObservation, "hosts" | "uuid">): Survey {
  const sightings = hosts.map((host) => sightingOf(host, uuid));
  const present = sightings.filter((sighting) => sighting.state === "Present");
  const blind = sightings.filter((sighting) => sighting.state === "Unknown");
  return { present, running: present.filter(({ moving }) => !moving), blind };
}

function sightingOf(host: ObservedHost, uuid: string): Sighting {
  const { machine, name } = host;
  const unknown = (why: string): Sighting => ({ state: "Unknown", host, why: `XenHost ${name} ${why}` });
  // A host without a XenHost was released, with everything on it checked or abandoned, or its object comes later.
  if (machine.state === "NotFound")
    return machine.heard === undefined ? { state: "Absent", host } : unknown(`does not exist, and ${machine.heard}`);
  if (machine.state === "Invalid") return unknown("has an invalid spec");
  if (machine.view.state === "Unreachable") {
    if (hasEnded(machine.gone)) return { state: "Absent", host };
    const told = machine.gone.kind === "Beats" ? machine.gone.message : machine.gone.why;
    const why = told === "" ? "" : `: ${told}`;
    return unknown(`cannot be reached (${machine.view.reason})${why}`);
  }
  if (machine.view.state === "Pending") return unknown("has not been probed yet");
  const { domains } = machine.view.snapshot.facts;
  const absent = (): Sighting => {
    if (!machine.fresh) return unknown("has not been probed yet");
    if (machine.heard === undefined) return { state: "Absent", host };
    return unknown(
      `answers and writes no heartbeat, but another machine may be running in its place: ${machine.heard}`,
    );
  };
  // Without a toolstack no domain can run there.
  if (domains.state === "absent") return absent();
  if (domains.state === "unknown") return unknown(`did not report its domains (${domains.why})`);
  const domain = domains.value.domains.find((one) => one.uuid === uuid);
  if (domain !== undefined) return { state: "Present", host, domain, moving: isMoving(domain.name) };
  const gap = gapIn(domains, concernsDomain(uuid));
  if (gap !== undefined) return unknown(`did not report all its domains: ${gap}`);
  // A start is still running although its command was lost: the domain will appear.
  const builder = domains.value.processes.find(
    (one) => (one.verb === "create" || one.verb === "restore") && one.name.endsWith(`/${uuid}.cfg`),
  );
  if (builder !== undefined) return unknown(`is building the domain (${builder.verb})`);
  // Only absence needs fresh facts: without them one of two copies could count as the only one.
  return absent();
}

/**
 * The lock file as any host sees it: all see the same files. One beside the first disk counts before one in another
 * directory, which is left when another disk became the first.
 */
export function lockSeen({ hosts, uuid, disks }: Pick<DomainObservation, "hosts" | "uuid" | "disks">) {
  const [disk] = disks.filter(isPlaced);
  const seen = hosts.flatMap((host) => lockIn(factsOf(host), uuid, disk) ?? []);
  return seen.find((lock) => isBeside(lock, disk)) ?? seen[0];
}

/** The lock file in the facts of one host; one beside the disk counts before others. */
export function lockIn(facts: HostFacts | undefined, uuid: string, disk: PlacedDisk | undefined) {
  const locks =
    facts?.domainLocks.state === "known" ? facts.domainLocks.value.filter((lock) => lock.uuid === uuid) : [];
  return locks.find((lock) => isBeside(lock, disk)) ?? locks[0];
}

const isBeside = ({ path }: DomainLock, disk: PlacedDisk | undefined): boolean =>
  disk !== undefined && path.startsWith(`${lockOf(disk).directory}/`);

/** Where a stop removes the lock file: where it is, if that is beside one of the disks. */
export function lockDirectory(domain: Pick<DomainObservation, "hosts" | "uuid" | "disks">): string | undefined {
  const placed = domain.disks.filter(isPlaced);
  const lock = lockSeen(domain);
  const disk = (lock && placed.find((one) => isBeside(lock, one))) ?? placed[0];
  return disk && lockOf(disk).directory;
}

/**
 * True if the domain may have run before, so that its guest may come back by itself: it was seen on a host, or its lock
 * file exists, which a start writes before anything is built. Also true if a start was intended and no host can report
 * whether that file exists.
 */
export function hasRun(domain: Pick<DomainObservation, "hosts" | "uuid" | "disks" | "recorded">): boolean {
  const { hosts, disks, recorded } = domain;
  if (recorded.host !== undefined || lockSeen(domain) !== undefined) return true;
  const [disk] = disks.filter(isPlaced);
  const tells = (host: ObservedHost) =>
    disk?.filesystem.mountedOn.includes(host.name) === true && factsOf(host)?.domainLocks.state === "known";
  return recorded.configuration !== undefined && !hosts.some(tells);
}

const isMoving = (name: string) => name === "(null)" || /--(incoming|migratedaway)$/.test(name);
