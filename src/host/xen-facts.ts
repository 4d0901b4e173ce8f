/** What a probe learned of Xen on one dom0. Memory in MiB, as xl counts it. */

export interface Toolstack {
  /** The installed programs: xl if both are there. */
  readonly kind: "xl" | "xm" | "None";
  /** The host is a dom0: it runs under Xen. */
  readonly dom0: boolean;
  /** `xl info`; undefined if the host is not a dom0 or xl did not report it. */
  readonly info: XenInfo | undefined;
  /** Memory of dom0 itself; omitted if the host does not report it. */
  readonly dom0Memory?: Dom0Memory;
  /** What happens to domains when the host goes down and comes up; undefined without such a service. */
  readonly automaticDomains: { readonly save: string; readonly restore: string; readonly auto: string } | undefined;
  readonly services: ReadonlyMap<string, "active" | "inactive" | "missing">;
  /** Timers that reset the machine when dom0 hangs. Omitted if there are none. */
  readonly watchdogs?: readonly Watchdog[];
  readonly bridges: readonly string[];
  /** Bridges of Open vSwitch. Omitted if there are none or it does not report them. */
  readonly ovsBridges?: readonly string[];
  /**
   * Values of the keys of /etc/xen/xend-config.sxp that xensan renders (xend-relocation-port, …), as written; xm only.
   */
  readonly xendConfiguration: ReadonlyMap<string, string> | undefined;
  /**
   * The revision of the password that xensan wrote there; undefined if it wrote none, or the file changed since; xm
   * only.
   */
  readonly xendPassword: string | undefined;
}

/** A timer below dom0: Xen's own, armed by xenwatchdogd, or one in the hardware. */
export interface Watchdog {
  /** `xenwatchdogd`, or the name that the hardware reports. */
  readonly name: string;
  /** How long dom0 may hang before the reset. */
  readonly seconds: number;
  /** Whether it is armed after a boot as well. */
  readonly atBoot: boolean;
}

/** Memory of the control domain, in MiB. */
export interface Dom0Memory {
  /** Memory that Xen counts as dom0's now. */
  readonly owned: number;
  /** Memory that its kernel could give to new programs. */
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

/** A row of `xl list -v`, except Domain-0. */
export interface DomainFact {
  readonly id: number;
  /** `(null)` and `vm--incoming` while it arrives, `vm--migratedaway` while it leaves. */
  readonly name: string;
  readonly uuid: string;
  readonly memory: number;
  readonly vcpus: number;
  /** Letters of xl list: r running, b blocked, p paused, s shut down; d dying in {@link DomainsFact.remains} only. */
  readonly state: string;
  /**
   * Why it is shut down: `-` not, r reboot, s suspend, c crash, w watchdog, S soft reset; empty if xl does not report
   * it.
   */
  readonly shutdownReason: string;
  /** CPU seconds used. */
  readonly seconds: number;
}

/** The domains of a host, their leases, and the programs of the toolstack that move or build a domain now. */
export interface DomainsFact {
  readonly domains: readonly DomainFact[];
  /** Remains of dead domains: not a copy of any domain, and they may stay forever. Omitted if there are none. */
  readonly remains?: readonly DomainFact[];
  /** The leases that processes of this host hold on images of domains. Omitted if there are none. */
  readonly leases?: readonly DomainLease[];
  /**
   * Running `xl migrate`, `xl migrate-receive`, `xl create` and the like. Verb `wait`: xl waits for the end of the domain of this
   * name, or is about to start it again because its guest rebooted.
   */
  readonly processes: readonly { readonly pid: number; readonly verb: string; readonly name: string }[];
}

/** A lease on the images of a domain, held by a process of the host. */
export interface DomainLease {
  /** UUID of the domain. */
  readonly uuid: string;
  /**
   * Uptime in seconds until which it is held whether or not the domain is seen; changes whenever it is requested again.
   */
  readonly until: number;
}

/** The channel over which peers migrate domains to this host. */
export interface RelocationFact {
  /** Public half of the migration key of this host; empty before it is created. */
  readonly publicKey: string;
  /** The managed block of root's authorized_keys. */
  readonly peers: readonly { readonly name: string; readonly address: string; readonly publicKey: string }[];
  /** The managed known_hosts of the migration key. */
  readonly knownHosts: readonly { readonly address: string; readonly publicKey: string }[];
  /** Host keys of this host's own sshd, for its peers' known_hosts. */
  readonly hostKeys: readonly string[];
}

/** A migration that was started or recorded on this host, from its record and its log. */
export interface MigrationRun {
  readonly operation: string;
  readonly uuid: string;
  /** Boot in which it was started. */
  readonly bootId: string;
  /**
   * Running: the process exists. Ended: it left an exit code. Lost: neither. Recorded: another host runs it, or it is
   * offline.
   */
  readonly state: "Running" | "Ended" | "Lost" | "Recorded";
  readonly exitCode: number | undefined;
  /** The furthest mark in its log: Permission is the point of no return. */
  readonly phase: "Connecting" | "Sending" | "Transferred" | "Permission" | "Succeeded" | "Failed";
  /** The last lines of its log. */
  readonly message: string;
  /** Uptime in seconds at its start, and of now. */
  readonly startedAt: number;
  readonly now: number;
  /** RFC 3339: its start, by the operator's clock; undefined in older records. */
  readonly time: string | undefined;
}

/** An image file of a domain, or whatever is at its path. */
export interface ImageFact {
  readonly path: string;
  readonly kind: "Missing" | "File" | "Other";
  readonly sizeBytes: number;
  /** `INODE BIRTH` of the file, which tells it from a later file of the same name; undefined without a file. */
  readonly identity: string | undefined;
  /** The record of the image on the share; undefined without one. */
  readonly record: ImageRecord | undefined;
  /** Users of this very file on the host, by whatever name; at most eight. */
  readonly users: readonly ImageUser[];
  /**
   * A temporary file that becomes the image, with the bytes so far. Copying: a process of this host copies to it.
   * Interrupted: none does any more. Elsewhere: it is another host's.
   */
  readonly work: { readonly state: "Copying" | "Interrupted" | "Elsewhere"; readonly bytes: number } | undefined;
}

/** The record of an image on its file system. */
export interface ImageRecord {
  readonly identity: string;
  /** `namespace/name uid` of its XenDomain. */
  readonly owner: string;
  /** UUID of the domain; empty in older records. */
  readonly uuid: string;
  /** Making: about to be made. Made: by xensan. Found: made by something else, and allowed. */
  readonly origin: "Making" | "Made" | "Found";
}

/** A loop device or a process that uses an image. */
export interface ImageUser {
  readonly kind: "loop" | "process";
  /** `loop3`, or a process id. */
  readonly name: string;
  /** Id of the domain that it serves; undefined if unknown. */
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
