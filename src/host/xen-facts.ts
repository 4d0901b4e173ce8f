/** What a probe learned of Xen on one dom0. Memory in MiB, as xl counts it. */

export interface Toolstack {
  /** The programs that are there: xl where both are. */
  readonly kind: "xl" | "xm" | "None";
  /** The host is a dom0: it runs under Xen. */
  readonly dom0: boolean;
  /** `xl info`; undefined where the host is no dom0 or xl could not tell. */
  readonly info: XenInfo | undefined;
  /** What dom0 itself has of the memory; left out where the host does not tell. */
  readonly dom0Memory?: Dom0Memory;
  /** What happens to domains when the host goes down and comes up; undefined where there is no such service. */
  readonly automaticDomains: { readonly save: string; readonly restore: string; readonly auto: string } | undefined;
  readonly services: ReadonlyMap<string, "active" | "inactive" | "missing">;
  /** What resets the machine when dom0 hangs. Left out where nothing does. */
  readonly watchdogs?: readonly Watchdog[];
  readonly bridges: readonly string[];
  /** Those of Open vSwitch. Left out where there are none, or where it does not tell. */
  readonly ovsBridges?: readonly string[];
  /** Values of /etc/xen/xend-config.sxp that xensan renders, by key (xend-relocation-port, …), as written; xm only. */
  readonly xendConfiguration: ReadonlyMap<string, string> | undefined;
  /** The revision of the password that xensan wrote there; undefined when it wrote none, or the file was changed since; xm only. */
  readonly xendPassword: string | undefined;
}

/** A timer below dom0: Xen's own, armed by xenwatchdogd, or one of the machine's hardware. */
export interface Watchdog {
  /** `xenwatchdogd`, or what the hardware calls itself. */
  readonly name: string;
  /** How long dom0 may hang. */
  readonly seconds: number;
  /** It is armed after a boot as well. */
  readonly atBoot: boolean;
}

/** Memory of the control domain, in MiB. */
export interface Dom0Memory {
  /** What Xen counts as dom0's now. */
  readonly owned: number;
  /** What its kernel could hand out to new programs. */
  readonly available: number;
  /** xl takes memory from dom0 when a domain needs it: by xl.conf, or because Xen was booted without dom0_mem. */
  readonly autoballoon: boolean;
}

/** Facts from `xl info`. Memory is in MiB. */
export interface XenInfo {
  readonly major: number;
  readonly minor: number;
  /** `.7` */
  readonly extra: string;
  readonly totalMemory: number;
  readonly freeMemory: number;
  readonly cpus: number;
  /** CPU features, as xl info prints them: eight words of hexadecimal digits. */
  readonly hardwareCapabilities: string;
  /** pv, hvm, hap, shadow, … */
  readonly virtualisation: readonly string[];
}

/** A row of `xl list -v`, Domain-0 left out. */
export interface DomainFact {
  readonly id: number;
  /** `(null)` and `vm--incoming` on the way in, `vm--migratedaway` on the way out. */
  readonly name: string;
  readonly uuid: string;
  readonly memory: number;
  readonly vcpus: number;
  /** Letters of xl list: r running, b blocked, p paused, s shut down; d dying in {@link DomainsFact.remains} only. */
  readonly state: string;
  /** Why it is shut down: `-` not, r reboot, s suspend, c crash, w watchdog, S soft reset; empty when xl does not tell. */
  readonly shutdownReason: string;
  /** CPU seconds used. */
  readonly seconds: number;
}

/** Everything of the toolstack that moves or builds a domain now. */
export interface DomainsFact {
  readonly domains: readonly DomainFact[];
  /** What is left of domains that died: no copy of anything, and it may stay for ever. Left out where there is nothing. */
  readonly remains?: readonly DomainFact[];
  /** The leases that processes of this host hold on images of domains. Left out where there is none. */
  readonly leases?: readonly DomainLease[];
  /** `xl migrate`, `xl migrate-receive`, `xl create` and the like that run now; not the daemons that wait for a domain's end. */
  readonly processes: readonly { readonly pid: number; readonly verb: string; readonly name: string }[];
}

/** A lease on the images of a domain, held by a process of the host. */
export interface DomainLease {
  /** UUID of the domain. */
  readonly uuid: string;
  /** Uptime in seconds before which it is held whether or not the domain is seen; another one whenever it is asked for again. */
  readonly until: number;
}

/** The channel over which peers migrate domains to this host. */
export interface RelocationFact {
  /** Public half of the migration key that was made on this host; empty before. */
  readonly publicKey: string;
  /** The managed block of root's authorized_keys. */
  readonly peers: readonly { readonly name: string; readonly address: string; readonly publicKey: string }[];
  /** The managed known_hosts of the migration key. */
  readonly knownHosts: readonly { readonly address: string; readonly publicKey: string }[];
  /** Host keys of this host's own sshd, for its peers' known_hosts. */
  readonly hostKeys: readonly string[];
}

/** A migration that was begun on this host or recorded on it, as its record and its log say. */
export interface MigrationRun {
  readonly operation: string;
  readonly uuid: string;
  /** Boot in which it was begun. */
  readonly bootId: string;
  /** Running: the process is there. Ended: it left an exit code. Lost: neither. Recorded: it is another host's, or an offline one. */
  readonly state: "Running" | "Ended" | "Lost" | "Recorded";
  readonly exitCode: number | undefined;
  /** The furthest mark in its log: Permission is the point of no return. */
  readonly phase: "Connecting" | "Sending" | "Transferred" | "Permission" | "Succeeded" | "Failed";
  /** The last lines of its log. */
  readonly message: string;
  /** Uptime in seconds at which it began and of now. */
  readonly startedAt: number;
  readonly now: number;
  /** RFC 3339: when it began, by the operator; undefined in records of before. */
  readonly time: string | undefined;
}

/** An image file of a domain, or what is at its path. */
export interface ImageFact {
  readonly path: string;
  readonly kind: "Missing" | "File" | "Other";
  readonly sizeBytes: number;
  readonly allocatedBytes: number;
  /** `INODE BIRTH` of the file, which tells it from a later one of the same name; undefined where there is none. */
  readonly identity: string | undefined;
  /** What the share says of the image; undefined where it says nothing. */
  readonly record: ImageRecord | undefined;
  /** Who uses this very file on the host, by whatever name; at most eight. */
  readonly users: readonly ImageUser[];
  /** Copying: of this many bytes so far, into a working name; Interrupted: nobody copies any more. */
  readonly work: { readonly state: "Copying" | "Interrupted"; readonly bytes: number } | undefined;
}

/** The record of an image on its file system. */
export interface ImageRecord {
  readonly identity: string;
  /** `namespace/name uid` of its XenDomain. */
  readonly owner: string;
  /** UUID of the domain; empty in records of before. */
  readonly uuid: string;
  /** Making: about to be made. Made: by xensan. Found: by somebody else, and allowed. */
  readonly origin: "Making" | "Made" | "Found";
}

/** A loop device, or a program that serves disks. */
export interface ImageUser {
  readonly kind: "loop" | "process";
  /** `loop3`, or a process id. */
  readonly name: string;
  /** Id of the domain for which it does; undefined where none is known. */
  readonly domain: number | undefined;
}

/** The exclusive right to run a domain: a file on the shared file system. */
export interface DomainLock {
  readonly uuid: string;
  /** Path of the lock file. */
  readonly path: string;
  /** Short name and boot of the host that holds it. */
  readonly host: string;
  readonly bootId: string;
}

/** A configuration file that xensan wrote on this host, /var/lib/xensan/domains/UUID.cfg. */
export interface DomainConfiguration {
  readonly uuid: string;
  readonly owner: string;
  /** sha256 of the file, hexadecimal. */
  readonly digest: string;
}
