import type { Agenda } from "./agenda.ts";
import type { FileNode, FileSystem, Mount } from "./content.ts";
import type { DomainConfiguration } from "./domain-configuration.ts";
import type { RackEvent } from "./events.ts";
import type { AoeDriver, BlockDevice, InittabEntry, Interface, Unit, VbladeProcess, VolumeGroup } from "./hardware.ts";
import type { KernelLine, O2cbState } from "./o2cb-state.ts";

/** A host of the rack. What survives a power cut is in the host itself; everything else is in `running`. */
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
  /** Whether apt can fetch packages. */
  readonly repository: "Reachable" | "Unreachable";
  boots: number;
  /** How xenwatchdogd is started, now and perhaps at boot; undefined: nothing resets the host when dom0 hangs. */
  watchdog: { readonly seconds: number; readonly atBoot: boolean } | undefined;
  /** Whether the operator's network reaches it. */
  management: "Connected" | "Cut";
  power: "On" | "Booting" | "Off";
  running: Running;
}

/** The state that a power cut loses. A new object with every boot. */
export interface Running {
  readonly bootId: string;
  /** When the kernel started, by the rack's clock. */
  readonly bootedAt: number;
  /** The output of `hostname -s`. */
  hostname: string;
  /** A user typed `reboot` or `poweroff`: programs are being stopped. */
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
  /** The entries of /etc/inittab that init has read, by id. */
  readonly inittab: Map<string, InittabEntry>;
  readonly aoe: AoeDriver;
  /** Files and devices that a user has made swap of. */
  readonly swaps: Set<string>;
  /** Loop devices that a user has made by hand, by kernel name, and their files. Those of domains are in `xen`. */
  readonly loops: Map<string, string>;
  /** Files and devices that a user's programs write to, and the program as `PID NAME`. */
  readonly writers: Map<string, string>;
  /** Lock file → holder, of flock. */
  readonly locks: Map<string, string>;
  /** Holder of the dpkg lock, if it is not one of our scripts. */
  dpkgLock: string | undefined;
  nextPid: number;
}

/** The whole model: hosts, their connections, future events and past events. */
export interface World {
  readonly hosts: Map<string, Host>;
  /** The interfaces plugged into each layer-2 network. */
  readonly segments: Map<string, { readonly host: Host; readonly nic: Interface }[]>;
  /** Pairs of hosts that do not reach each other on a segment. */
  readonly splits: Set<string>;
  readonly agenda: Agenda;
  readonly timings: Timings;
  readonly events: RackEvent[];
  readonly listeners: Set<(event: RackEvent) => void>;
  /** Pairs of hosts whose cluster connection is down, and since when. */
  readonly brokenLinks: Map<string, number>;
  /** Resets a host that fences itself. */
  fence: (host: Host, why: string) => void;
  readonly xen: XenWorld;
  /** The script run that is changing the model at this moment. */
  command: { readonly id: number; changed: boolean } | undefined;
  /** Scripts started so far; also the id of the last one. */
  commands: number;
  /** Makes boot IDs differ between separate runs of a rack; empty in a simulation. */
  readonly salt: string;
}

/** How long things take, in milliseconds. The defaults are measured on the lab's hosts and rounded. */
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
  /** How long a receiver waits on a connection whose other end vanished. */
  readonly halfOpen: number;
  /** Copying one MiB of an image. */
  readonly copyMebibyte: number;
  /** Filling one GiB of a logical volume with zeros, by a disk that does it itself. */
  readonly blankGibibyte: number;
  /** mkfs.ocfs2 without its journals, and each MiB of journal. */
  readonly format: number;
  readonly journalMebibyte: number;
  /** mount -t ocfs2: the heartbeat settles and the node joins the domain. */
  readonly mount: number;
  /** The same, when the nodes cannot connect to each other. */
  readonly mountUnconnected: number;
  readonly unmount: number;
  /** /etc/init.d/o2cb online. */
  readonly clusterOnline: number;
}

/** The hypervisor under a host; it does not change while the rack exists. Memory in MiB, as xl counts it. */
export interface Hypervisor {
  /** Whether the host was booted under Xen, as a dom0 must be. */
  readonly running: boolean;
  readonly version: { readonly major: number; readonly minor: number; readonly extra: string };
  readonly totalMemory: number;
  /** MiB with which dom0 boots. */
  readonly dom0Memory: number;
  /** xl takes memory from dom0 for new domains: Xen was booted without dom0_mem. */
  readonly autoballoon: boolean;
  readonly hardwareCapabilities: string;
  readonly virtualisation: readonly string[];
  readonly bridges: readonly string[];
  /** Bridges of Open vSwitch. */
  readonly ovsBridges: readonly string[];
}

/** The state of Xen that a power cut loses. */
export interface XenState {
  /** MiB that xl took from dom0. */
  ballooned: number;
  /** By id, without Domain-0. */
  readonly domains: Map<number, Domain>;
  nextId: number;
  /** Toolstack programs that build or migrate a domain now, by pid. */
  readonly processes: Map<number, { readonly verb: string; readonly name: string }>;
  /** Names of domains that xl is about to start again because their guests rebooted, by the pid of that xl. */
  readonly restarting: Map<number, string>;
  /** Running copies of images, by path of the image. */
  readonly copies: Map<string, { readonly pid: number }>;
  /** Processes that hold the lease of a domain on its images, by its UUID. */
  readonly leases: Map<string, LeaseHolder>;
  /** Running migrations that began here, by operation. */
  readonly runs: Map<string, Migration>;
  readonly services: Map<string, "active" | "inactive">;
  /** Messages of the next failing builds of domains, one entry per build. */
  readonly createFailures: (readonly string[])[];
}

/** The process that holds the lease of a domain on its images. */
export interface LeaseHolder {
  readonly pid: number;
  readonly files: readonly { readonly path: string; readonly file: FileNode }[];
  /** Earliest time at which it ends by itself, in milliseconds of the rack's clock. */
  until: number;
  /** When the domain was last found absent, by the same clock. */
  missedAt: number;
}

/** The state of Xen that belongs to the rack as a whole. */
export interface XenWorld {
  /** By UUID: how the operating system inside behaves; it moves with the domain. */
  readonly guests: Map<string, Guest>;
  /** Pairs of hosts between which no packet passes, whatever the state of the cables. */
  readonly cuts: Set<string>;
  readonly migrations: Set<Migration>;
  readonly hooks: PhaseHook[];
}

/** A disk of a domain as its backend has it open. */
export interface OpenDisk {
  /** The name by which it was opened. */
  readonly path: string;
  /** Undefined if it is no file. */
  readonly file: FileNode | undefined;
  readonly readOnly: boolean;
}

/** Why a domain has shut down, as Xen reports it. */
export type ShutdownReason = "poweroff" | "reboot" | "suspend" | "crash" | "watchdog";

/** A domain of a simulated dom0. */
export interface Domain {
  readonly id: number;
  /** Empty until the toolstack has named it. */
  name: string;
  readonly configuration: DomainConfiguration;
  /** The files that its backends opened: writes go to them even after a rename. */
  disks: readonly OpenDisk[];
  /** MiB that it has now; grows while it is received. */
  memory: number;
  vcpus: number;
  paused: boolean;
  shutdown: ShutdownReason | undefined;
  /** Destroyed, but its memory is still mapped: a row of xl list, but not a running copy. */
  dying: boolean;
  /** When it began to execute; undefined while it does not execute. */
  since: number | undefined;
  /** Milliseconds for which it executed before that. */
  executed: number;
}

/**
 * Progress of an `xl migrate`: Connect (only the source has the domain), Precopy (`NAME--incoming` grows), StopCopy
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
  /** The boot of the source in which it began. */
  readonly sourceRunning: Running;
  readonly domain: Domain;
  readonly senderPid: number;
  target: Host | undefined;
  targetRunning: Running | undefined;
  receiverPid: number | undefined;
  incoming: Domain | undefined;
  phase: Phase;
  /** Milliseconds of work done; does not grow while no packet gets through. */
  elapsed: number;
  /** Next entry of the timetable. */
  next: number;
  /** Milliseconds since a packet last got through. */
  silent: number;
  /** When the guest was asked to suspend. */
  suspendAsked: number | undefined;
  sender: "Working" | "Gone";
  receiver: "Absent" | "Working" | "Gone";
  /** The ssh between them, as its programs see it. */
  transport: "Open" | "Closed";
  /** Message with which the target fails to start the domain although it has permission. */
  startFailure: string | undefined;
  /** Receives a line of xl's stderr. */
  readonly log: (line: string) => void;
  /** Called when xl ends, except when it is killed together with the script that waits for it. */
  readonly exited: (exitCode: number) => void;
}

/** An action to run when a migration reaches a phase. */
export interface PhaseHook {
  readonly phase: Phase;
  readonly uuid: string | undefined;
  readonly act: (migration: Migration) => void;
}

/** How the operating system inside a domain behaves. */
export interface Guest {
  /** Milliseconds that a requested shutdown takes; Ignores: it never shuts down. */
  shutdown: number | "Ignores";
  /** Whether it suspends when the toolstack asks it to. */
  suspend: "Obeys" | "Ignores";
  /** Lies: the toolstack reports that it was resumed, but it stays suspended. */
  resume: "Works" | "Lies";
  /** Whether a requested shutdown has begun. */
  goingDown: boolean;
}
