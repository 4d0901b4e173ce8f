import type { XenDomainSpec } from "../../api/xen-domain.ts";
import type { XenHostSpec } from "../../api/xen-host.ts";
import { concerns } from "../../host/domain-rows.ts";
import { gapIn, type HostFacts } from "../../host/facts.ts";
import type { Owner } from "../../host/values.ts";
import type { DomainFact, DomainLock } from "../../host/xen-facts.ts";
import { type Gone, hasEnded } from "../gone.ts";
import type { Machine } from "../hosts/machine.ts";
import type { HostView } from "../hosts/view.ts";

/** Everything the plan of a domain depends on, as plain data. */
export interface DomainObservation {
  readonly owner: Owner;
  readonly name: string;
  readonly uuid: string;
  readonly spec: XenDomainSpec;
  readonly recorded: {
    readonly host: string | undefined;
    /** Digest of the configuration that the running domain was started with. */
    readonly configuration: string | undefined;
    /** Wall-clock milliseconds at which it was asked to shut down. */
    readonly shutdownSince: number | undefined;
    /** When it was looked for last it ran on several hosts. */
    readonly splitBrain: boolean;
    /** `INODE BIRTH` of each image that was seen once and that nobody gave up, by path. */
    readonly images: ReadonlyMap<string, string>;
  };
  /** What a person has allowed that loses something; undefined while the domain is, or may be, on a host. */
  readonly approved: string | undefined;
  /** Allowed hosts in the order of the spec, then every other node of the file systems of its disks, then where it was last. */
  readonly hosts: readonly ObservedHost[];
  readonly disks: readonly ObservedDisk[];
  readonly cdroms: readonly ObservedCdrom[];
  /** A XenDomain that is older and has the same UUID, the same name on a common host, or one of the images. */
  readonly rival: string | undefined;
  /** Name of a XenMigration that moves the domain. */
  readonly migration: string | undefined;
  /** What an offline one of these wants of it now; undefined for a live one. */
  readonly offline: OfflineMove | undefined;
  /** Milliseconds since all hosts first showed that it is on none of them; undefined where they do not, or where it never ran. */
  readonly absentMs: number | undefined;
  /** If several hosts show it: it does run on all of them. They have been looked at again since, or it was known before. */
  readonly twice: boolean;
  /** What its hosts show of it on the way from one to another was shown by all of them again. */
  readonly settled: boolean;
  /** Wall clock, milliseconds. */
  readonly now: number;
}

/** A stop on one host and a start on another, as its XenMigration has written it down. */
export interface OfflineMove {
  readonly stage: "Stopping" | "Starting";
  /** XenHost on which it is to be started. */
  readonly target: string;
  /** The XenMigration is paused, or is to be stopped and not yet on both hosts' records: nothing is done for it. */
  readonly held: boolean;
}

/** A XenHost on which the domain may be. */
export interface ObservedHost {
  readonly name: string;
  /** The spec allows it to run there. */
  readonly allowed: boolean;
  readonly machine:
    | { readonly state: "NotFound" }
    | { readonly state: "Invalid" }
    | {
        readonly state: "Found";
        readonly watched: Machine;
        readonly spec: XenHostSpec;
        readonly view: HostView;
        /** What is proved of it while it cannot be asked. */
        readonly gone: Gone;
        /** Looked at since the spec changed. */
        readonly fresh: boolean;
        /** MiB that domains will take whose start there has been let through and which its last look does not show. */
        readonly reserved: number;
        /** Work for this domain on it that has not ended, or has not been checked yet. */
        readonly busy: boolean;
      };
}

type Disk = XenDomainSpec["disks"][number];

/** A disk of the domain, and the file system that holds it. */
export interface ObservedDisk {
  readonly disk: Disk;
  readonly filesystem:
    | { readonly state: "Missing"; readonly message: string }
    | {
        readonly state: "Found";
        readonly mountPoint: string;
        /** As recorded by its cluster. */
        readonly uuid: string;
        /** Names of the XenHosts that have it mounted. */
        readonly mountedOn: readonly string[];
        /** What its owner lets be copied: globs below the mount point. */
        readonly templates: readonly string[];
        /** Name of the XenDomain whose image it is that the disk is copied from, or that the drive has. */
        readonly sourceOf: string | undefined;
      };
}

/** A CD-ROM drive of the domain, and the file system that holds its image. */
export interface ObservedCdrom {
  readonly disk: XenDomainSpec["cdroms"][number];
  readonly filesystem: ObservedDisk["filesystem"];
}

/** What has its image on a file system that is known. */
type Placed<D extends ObservedDisk | ObservedCdrom> = D & {
  readonly filesystem: Extract<ObservedDisk["filesystem"], { state: "Found" }>;
};
/** A disk whose file system is known. */
export type PlacedDisk = Placed<ObservedDisk>;
/** A CD-ROM drive whose file system is known. */
export type PlacedCdrom = Placed<ObservedCdrom>;

/** The file system of the disk or CD-ROM drive is known. */
export const isPlaced = <D extends ObservedDisk | ObservedCdrom>(disk: D): disk is Placed<D> =>
  disk.filesystem.state === "Found";

/** The path of the image on every host that has the file system mounted. */
export const imagePath = ({ disk, filesystem }: PlacedDisk | PlacedCdrom): string =>
  `${filesystem.mountPoint}/${disk.path}`;

/** The lock lies beside the image of the first disk. */
export function lockOf(disk: PlacedDisk) {
  const { mountPoint, uuid } = disk.filesystem;
  return { directory: `${mountPoint}/.xensan`, mountPoint, filesystem: uuid };
}

/** The facts of a host that can be asked now. */
export function factsOf({ machine }: ObservedHost): HostFacts | undefined {
  return machine.state === "Found" && machine.view.state === "Reachable" ? machine.view.snapshot.facts : undefined;
}

/** What one host says of the domain. */
type Sighting =
  | { readonly state: "Unknown"; readonly host: ObservedHost; readonly why: string }
  | { readonly state: "Absent"; readonly host: ObservedHost }
  | { readonly state: "Present"; readonly host: ObservedHost; readonly domain: DomainFact; readonly moving: boolean };

/** A host that shows the domain. */
export type Present = Extract<Sighting, { state: "Present" }>;

/** What all hosts say of the domain. */
export interface Survey {
  readonly present: readonly Present[];
  /** Those of them that no migration is about to take away or bring. */
  readonly running: readonly Present[];
  readonly blind: readonly Extract<Sighting, { state: "Unknown" }>[];
}

/** Which hosts show the domain, and which do not tell. */
export function survey({ hosts, uuid }: Pick<DomainObservation, "hosts" | "uuid">): Survey {
  const sightings = hosts.map((host) => sightingOf(host, uuid));
  const present = sightings.filter((sighting) => sighting.state === "Present");
  const blind = sightings.filter((sighting) => sighting.state === "Unknown");
  return { present, running: present.filter(({ moving }) => !moving), blind };
}

function sightingOf(host: ObservedHost, uuid: string): Sighting {
  const { machine, name } = host;
  const unknown = (why: string): Sighting => ({ state: "Unknown", host, why: `XenHost/${name} ${why}` });
  // A host that is no object any more was let go, with everything on it looked at or abandoned.
  if (machine.state === "NotFound") return { state: "Absent", host };
  if (machine.state === "Invalid") return unknown("has an invalid spec");
  if (machine.view.state === "Unreachable") {
    if (hasEnded(machine.gone)) return { state: "Absent", host };
    const told = machine.gone.kind === "Beats" ? machine.gone.message : machine.gone.why;
    const why = told === "" ? "" : `: ${told}`;
    return unknown(`cannot be reached (${machine.view.reason})${why}`);
  }
  if (machine.view.state === "Pending") return unknown("has not been probed yet");
  const { domains } = machine.view.snapshot.facts;
  // No toolstack: nothing can run a domain there.
  if (domains.state === "absent") return machine.fresh ? { state: "Absent", host } : unknown("has not been probed yet");
  if (domains.state === "unknown") return unknown(`did not report its domains (${domains.why})`);
  const domain = domains.value.domains.find((one) => one.uuid === uuid);
  if (domain !== undefined) return { state: "Present", host, domain, moving: isMoving(domain.name) };
  const gap = gapIn(domains, concerns(uuid));
  if (gap !== undefined) return unknown(`did not report all its domains: ${gap}`);
  // A start that outlived whoever gave it: the domain is about to be there.
  const builder = domains.value.processes.find(
    (one) => (one.verb === "create" || one.verb === "restore") && one.name.endsWith(`/${uuid}.cfg`),
  );
  if (builder !== undefined) return unknown(`builds it (${builder.verb}, pid ${builder.pid})`);
  // Only that it is not there needs a look of now: one of two copies must not be taken for the only one meanwhile.
  return machine.fresh ? { state: "Absent", host } : unknown("has not been probed yet");
}

/** The lock file as any host sees it: all see the same one. */
export function lockSeen({ hosts, uuid }: Pick<DomainObservation, "hosts" | "uuid">): DomainLock | undefined {
  for (const host of hosts) {
    const locks = factsOf(host)?.domainLocks;
    const held = locks?.state === "known" ? locks.value.find((lock) => lock.uuid === uuid) : undefined;
    if (held !== undefined) return held;
  }
  return undefined;
}

/**
 * It may have run before, so that its guest may be about to come back by itself: it was seen on a host, or its lock file is there,
 * which a start writes before anything is built. Also where a start was meant and no host tells whether that file is there.
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
