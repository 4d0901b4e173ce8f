import type { Agenda } from "./agenda.ts";
import type { FileNode, FileSystem, Mount } from "./content.ts";
import type { DomainConfiguration } from "./domain-configuration.ts";
import type { RackEvent } from "./events.ts";
import type { AoeDriver, BlockDevice, InittabEntry, Interface, Unit, VbladeProcess, VolumeGroup } from "./hardware.ts";
import type { KernelLine, O2cbState } from "./o2cb-state.ts";

/** A host of the rack. What a power cut leaves is in the host itself; everything else is in `running`. */
export interface Host {
  readonly name: string;
  readonly roles: readonly ("server" | "dom0")[];
  machineId: string;
  readonly os: { readonly name: string; readonly id: string };
  readonly kernel: string;
  readonly init: "systemd" | "sysvinit";
  readonly packageManager: "apt" | "none";
  readonly kernelAoe: "Module" | "BuiltIn" | "Missing" | "Unknown";
  readonly kernelOcfs2: "Module" | "BuiltIn" | "Missing" | "Unknown";
  readonly hypervisor: Hypervisor;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly interfaces: Map<string, Interface>;
  /** By `major:minor`. */
  readonly blocks: Map<string, BlockDevice>;
  readonly volumeGroups: Map<string, VolumeGroup>;
  readonly rootFileSystem: FileSystem;
  /** What /etc/fstab mounts, the root first. */
  fstab: readonly Mount[];
  /** Installed versions. */
  readonly packages: Map<string, string>;
  /** What apt can install, and how. */
  readonly repository: "Reachable" | "Unreachable";
  boots: number;
  /** What xenwatchdogd is started with, now and perhaps at boot; undefined: nothing resets the host when dom0 hangs. */
  watchdog: { readonly seconds: number; readonly atBoot: boolean } | undefined;
  /** Whether the operator's network reaches it. */
  management: "Connected" | "Cut";
  power: "On" | "Booting" | "Off";
  running: Running;
}

/** What is lost when the power goes. A new object with every boot. */
export interface Running {
  readonly bootId: string;
  /** When the kernel started, by the rack's clock. */
  readonly bootedAt: number;
  /** What `hostname -s` says. */
  hostname: string;
  /** Somebody typed `reboot` or `poweroff`: what runs is being stopped. */
  goingDown: boolean;
  /** Values that differ from the kernel's own, by name (`kernel.panic`). */
  readonly sysctl: Map<string, string>;
  readonly log: KernelLine[];
  readonly o2cb: O2cbState;
  readonly xen: XenState;
  readonly mounts: Mount[];
  readonly modules: Set<string>;
  readonly processes: Map<number, VbladeProcess>;
  /** vblade@ instances by name. */
  readonly units: Map<string, Unit>;
  /** What init knows of /etc/inittab, by id. */
  readonly inittab: Map<string, InittabEntry>;
  readonly aoe: AoeDriver;
  /** Lock file → holder, of flock. */
  readonly locks: Map<string, string>;
  /** Who has the dpkg lock, other than a script of ours. */
  dpkgLock: string | undefined;
  nextPid: number;
}

/** The whole model: hosts, what connects them, what is about to happen and what has. */
export interface World {
  readonly hosts: Map<string, Host>;
  /** The interfaces plugged into each layer-2 network. */
  readonly segments: Map<string, { readonly host: Host; readonly nic: Interface }[]>;
  /** Pairs of hosts that do not hear each other on a segment. */
  readonly splits: Set<string>;
  readonly agenda: Agenda;
  readonly timings: Timings;
  readonly events: RackEvent[];
  readonly listeners: Set<(event: RackEvent) => void>;
  /** Pairs of hosts whose cluster connection is down, and since when. */
  readonly brokenLinks: Map<string, number>;
  /** Resets a host that gave itself up. */
  fence: (host: Host, why: string) => void;
  readonly xen: XenWorld;
  /** The script run on whose behalf the model changes at this moment. */
  command: { readonly id: number; changed: boolean } | undefined;
  /** Scripts started so far; also the id of the last one. */
  commands: number;
  /** Makes boot ids differ between runs that must not be confused; empty in a simulation. */
  readonly salt: string;
}

/** How long things take, in milliseconds. Defaults as measured on the lab's hosts, rounded. */
export interface Timings {
  readonly boot: number;
  /** From a config query to a block device with a name. */
  readonly discovery: number;
  /** An apt transaction of one package. */
  readonly install: number;
  /** One ordinary process on a host. */
  readonly process: number;
  /** xl create. */
  readonly createDomain: number;
  /** xl migrate without the copying, and each MiB of the guest's memory. */
  readonly migration: number;
  readonly migrateMebibyte: number;
  /** How long a receiver waits on a connection whose other end is gone without a word. */
  readonly halfOpen: number;
  /** Copying one MiB of an image. */
  readonly copyMebibyte: number;
  /** Filling one GiB of a logical volume with zeroes, by a disk that does it itself. */
  readonly blankGibibyte: number;
  /** mkfs.ocfs2 without its journals, and each MiB of journal. */
  readonly format: number;
  readonly journalMebibyte: number;
  /** mount -t ocfs2: the heartbeat settles, the domain is joined. */
  readonly mount: number;
  /** The same, when the nodes cannot connect to each other. */
  readonly mountUnconnected: number;
  readonly unmount: number;
  /** /etc/init.d/o2cb online. */
  readonly clusterOnline: number;
}

/** The hypervisor under a host; it does not change while the rack exists. Memory in MiB, as xl counts it. */
export interface Hypervisor {
  /** Whether the host was booted under Xen: only then it is a dom0. */
  readonly running: boolean;
  readonly version: { readonly major: number; readonly minor: number; readonly extra: string };
  readonly totalMemory: number;
  /** With which dom0 boots. */
  readonly dom0Memory: number;
  /** xl takes memory from dom0 for new domains: Xen was booted without dom0_mem. */
  readonly autoballoon: boolean;
  readonly hardwareCapabilities: string;
  readonly virtualisation: readonly string[];
  readonly bridges: readonly string[];
  /** Of Open vSwitch. */
  readonly ovsBridges: readonly string[];
}

/** What of Xen is lost with the power. */
export interface XenState {
  /** MiB that xl took from dom0. */
  ballooned: number;
  /** By id, without Domain-0. */
  readonly domains: Map<number, Domain>;
  nextId: number;
  /** Toolstack programs that build or move a domain now, by pid. */
  readonly processes: Map<number, { readonly verb: string; readonly name: string }>;
  /** Copies of images that run, by path of the image. */
  readonly copies: Map<string, { readonly pid: number }>;
  /** Processes that hold the lease of a domain on its images, by its UUID. */
  readonly leases: Map<string, LeaseHolder>;
  /** Migrations begun here that run, by operation. */
  readonly runs: Map<string, Migration>;
  readonly services: Map<string, "active" | "inactive">;
  /** What the next builds of domains say before they fail, one after the other. */
  readonly createFailures: (readonly string[])[];
}

/** The process that holds the lease of a domain on its images. */
export interface LeaseHolder {
  readonly pid: number;
  readonly files: readonly { readonly path: string; readonly file: FileNode }[];
  /** Milliseconds, the rack's clock: before that it does not end by itself. */
  until: number;
  /** When the domain was last seen to be absent, by the same clock. */
  missedAt: number;
}

/** What of Xen concerns the rack as a whole. */
export interface XenWorld {
  /** By UUID: how the operating system inside behaves; it goes where the domain goes. */
  readonly guests: Map<string, Guest>;
  /** Pairs of hosts between which nothing gets through, whatever the cables say. */
  readonly cuts: Set<string>;
  readonly migrations: Set<Migration>;
  readonly hooks: PhaseHook[];
}

/** A disk of a domain as its backend has it open. */
export interface OpenDisk {
  /** The name by which it was opened. */
  readonly path: string;
  /** Undefined for what is no file. */
  readonly file: FileNode | undefined;
  readonly readOnly: boolean;
}

/** Why a domain has shut down, as Xen reports it. */
export type ShutdownReason = "poweroff" | "reboot" | "suspend" | "crash" | "watchdog";

/** A domain of a simulated dom0. */
export interface Domain {
  readonly id: number;
  /** Empty while the toolstack has not named it. */
  name: string;
  readonly configuration: DomainConfiguration;
  /** The files that its backends opened: whatever becomes of the names, these are written. */
  disks: readonly OpenDisk[];
  /** MiB that it has now; grows while it is received. */
  memory: number;
  vcpus: number;
  paused: boolean;
  shutdown: ShutdownReason | undefined;
  /** Destroyed, while Xen still waits for whoever maps its memory: a row of xl list, and no copy. */
  dying: boolean;
  /** When it began to execute; undefined while it does not. */
  since: number | undefined;
  /** Milliseconds for which it executed before. */
  executed: number;
}

/**
 * How far an `xl migrate` has come: Connect (only the source has the domain), Precopy (`NAME--incoming` grows), StopCopy
 * (suspended on the source), Ready (complete on the target), Renamed (`NAME--migratedaway`), Go (permission written),
 * Arrived (permission read), Started (runs on the target), Reported (the source knows), Finished.
 */
export const phases = [
  "Connect",
  "Precopy",
  "StopCopy",
  "Ready",
  "Renamed",
  "Go",
  "Arrived",
  "Started",
  "Reported",
  "Finished",
] as const;

/** Phase of a live migration. */
export type Phase = (typeof phases)[number];

/** A live migration between two simulated hosts. */
export interface Migration {
  readonly uuid: string;
  readonly name: string;
  readonly address: string;
  readonly toolstack: "Xl" | "Xm";
  readonly source: Host;
  /** The boot in which it was begun. */
  readonly sourceRunning: Running;
  readonly domain: Domain;
  readonly senderPid: number;
  target: Host | undefined;
  targetRunning: Running | undefined;
  receiverPid: number | undefined;
  incoming: Domain | undefined;
  phase: Phase;
  /** Milliseconds of work done; stands still while nothing gets through. */
  elapsed: number;
  /** Next entry of the timetable. */
  next: number;
  /** Milliseconds since the last time something got through. */
  silent: number;
  /** Since when the guest is asked to suspend. */
  suspendAsked: number | undefined;
  sender: "Working" | "Gone";
  receiver: "Absent" | "Working" | "Gone";
  /** The ssh between them, as its programs see it. */
  transport: "Open" | "Closed";
  /** What the target is to say when it fails to start the domain although it may. */
  startFailure: string | undefined;
  /** A line of xl's stderr. */
  readonly log: (line: string) => void;
  /** xl has ended; never called when it was killed together with what waits for it. */
  readonly exited: (exitCode: number) => void;
}

/** Something that is to happen when a migration comes to a phase. */
export interface PhaseHook {
  readonly phase: Phase;
  readonly uuid: string | undefined;
  readonly act: (migration: Migration) => void;
}

/** How the operating system inside a domain behaves. */
export interface Guest {
  /** How many milliseconds it takes to shut down when asked; Ignores: it never does. */
  shutdown: number | "Ignores";
  /** Whether it suspends when the toolstack asks for it. */
  suspend: "Obeys" | "Ignores";
  /** Lies: the toolstack says that it was resumed, and it stays suspended. */
  resume: "Works" | "Lies";
  /** Whether a shutdown that it was asked for has begun. */
  goingDown: boolean;
}
