/**
 * What a probe learned of one host. Sections are independent: one that failed is `unknown` and does not affect the
 * others.
 */

import type { ClaimHolder } from "./addressee.ts";
import type { FormatRecord, KernelTrouble, MountPointFact, O2cb, SharedDevice } from "./ocfs2-facts.ts";
import { excerpt, type UnreadRow } from "./probe-sections.ts";
import type {
  DomainConfiguration,
  DomainLock,
  DomainsFact,
  ImageFact,
  MigrationRun,
  RelocationFact,
  Toolstack,
} from "./xen-facts.ts";

/**
 * A fact is known, known to be absent (the tool, file or kernel feature is not there), or unknown. Only the first two
 * justify an action.
 */
export type Fact<T> =
  | {
      readonly state: "known";
      readonly value: T;
      /** Rows that could not be read and are not in `value`. Omitted when there are none. */
      readonly unread?: readonly UnreadRow[];
    }
  | { readonly state: "absent" }
  | { readonly state: "unknown"; readonly why: string };

/**
 * Why something that is missing from a known value may exist nevertheless; undefined if every row was read. `concerns`
 * tells whether an unread row may be about it.
 */
export function gapIn(fact: Fact<unknown>, concerns: (row: string) => boolean = () => true): string | undefined {
  const unread = fact.state === "known" ? fact.unread?.find(({ row }) => concerns(row)) : undefined;
  return unread && `a row could not be read (${unread.why}): ${JSON.stringify(unread.row)}`;
}

/** Why a host did not tell of this path; undefined if it did, or was not asked. */
export function whyUnread(fact: Fact<unknown>, path: string): string | undefined {
  if (fact.state !== "known") return fact.state === "unknown" ? fact.why : undefined;
  return fact.unread?.find(({ row }) => row === excerpt(path))?.why;
}

/** Everything that one probe reports about a host, section by section. */
export interface HostFacts {
  readonly identity: Fact<Identity>;
  readonly system: Fact<System>;
  /**
   * Installed versions of the packages that xensan uses (vblade, aoetools, lvm2, …); a missing key is not installed.
   */
  readonly packages: Fact<ReadonlyMap<string, string>>;
  /** Absolute paths of the tools found (vblade, aoe-discover, aoecfg, lvs, …). */
  readonly tools: Fact<ReadonlyMap<string, string>>;
  readonly interfaces: Fact<readonly NetworkInterface[]>;
  readonly blockDevices: Fact<readonly BlockDevice[]>;
  readonly mounts: Fact<readonly Mount[]>;
  /** One per path named in the probe request. */
  readonly backings: Fact<readonly BackingFact[]>;
  /** Absent if LVM is not installed. */
  readonly logicalVolumes: Fact<readonly LogicalVolume[]>;
  /** Every vblade of the host: configured, running, or both. */
  readonly exports: Fact<readonly Export[]>;
  /** The AoE initiator; absent if the kernel was built without it. */
  readonly aoe: Fact<AoeDriver>;
  /** Absent if the aoe module is not loaded. */
  readonly aoeDevices: Fact<readonly AoeDevice[]>;
  /**
   * Targets that answer on the segment (aoecfg), one entry per answer: a duplicate address is two entries. Absent
   * without aoecfg.
   */
  readonly responders: Fact<readonly Responder[]>;
  /** The OCFS2 cluster stack; absent if the kernel was built without it. */
  readonly o2cb: Fact<O2cb>;
  /** One per device named in the probe request. */
  readonly sharedDevices: Fact<readonly SharedDevice[]>;
  /** One per mount point named in the probe request. */
  readonly mountPoints: Fact<readonly MountPointFact[]>;
  /** Every format that xensan ever began on this host. */
  readonly formats: Fact<readonly FormatRecord[]>;
  /** Problems since the last boot; unknown if the kernel's log cannot be read. */
  readonly kernelTroubles: Fact<readonly KernelTrouble[]>;
  readonly toolstack: Fact<Toolstack>;
  /** Absent if the host is not a dom0 or has no toolstack: no domain runs there. */
  readonly domains: Fact<DomainsFact>;
  readonly relocation: Fact<RelocationFact>;
  /** Every migration that xensan started on this host and whose record still exists. */
  readonly migrations: Fact<readonly MigrationRun[]>;
  /** One per image named in the probe request. */
  readonly images: Fact<readonly ImageFact[]>;
  /** The locks in the directories named in the probe request. */
  readonly domainLocks: Fact<readonly DomainLock[]>;
  readonly domainConfigurations: Fact<readonly DomainConfiguration[]>;
}

/** Identity of the machine and of its current boot. */
export interface Identity {
  /** Short host name. */
  readonly hostname: string;
  /** /etc/machine-id, or the UUID of the hardware; undefined if what was reported is neither. */
  readonly machineId: string | undefined;
  /** /proc/sys/kernel/random/boot_id: changes with every boot. Undefined if what was reported is none. */
  readonly bootId: string | undefined;
  /** The holders of the claims on the machine, by kind. */
  readonly claims: ReadonlyMap<string, ClaimHolder>;
}

/** Operating system, kernel, init system and package manager. */
export interface System {
  /** PRETTY_NAME of os-release. */
  readonly os: string;
  /** ID of os-release: debian, alpine, … */
  readonly osId: string;
  readonly kernel: string;
  readonly init: "systemd" | "sysvinit" | "other";
  readonly packageManager: "apt" | "none";
  /** The host is halting or rebooting. Omitted if it stays up. */
  readonly goingDown?: true;
}

/** A network interface, from /sys/class/net. */
export interface NetworkInterface {
  readonly name: string;
  /** Lower case with colons; empty if it has none. */
  readonly mac: string;
  readonly mtu: number;
  /** IFF_UP: the interface is administratively up. */
  readonly adminUp: boolean;
  /** Whether there is a carrier; undefined while the interface is down. */
  readonly carrier: boolean | undefined;
  /**
   * The bridge or bond that this is a port of, `ovs-system` for Open vSwitch: it receives the frames, this interface
   * does not.
   */
  readonly master?: string;
}

/** A block device, from lsblk and udev. */
export interface BlockDevice {
  /** Kernel path, /dev/vdb. */
  readonly path: string;
  /** `major:minor` */
  readonly device: string;
  readonly sizeBytes: number;
  /** As lsblk reports it: disk, part, lvm, crypt, dm, loop, raid1, rom, … */
  readonly type: string;
  /** udev's ID_FS_TYPE (ext4, LVM2_member, …); empty without a signature, undefined if udev did not look. */
  readonly signature: string | undefined;
  readonly mountPoints: readonly string[];
  /** major:minor of devices built on this one (partitions, LVM, RAID, crypt). */
  readonly holders: readonly string[];
}

/** A row of /proc/self/mountinfo. */
export interface Mount {
  /** `major:minor` of the file system. */
  readonly device: string;
  /** The directory of the file system that is mounted: anything but `/` is a bind mount or a subvolume. */
  readonly root: string;
  readonly source: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** The file or device at a path named in the probe request. */
export interface BackingFact {
  /** As requested. */
  readonly path: string;
  /** After all symlinks; empty when it does not exist. */
  readonly realPath: string;
  readonly kind: "Missing" | "File" | "BlockDevice" | "Other";
  readonly sizeBytes: number;
  /**
   * Equal for two paths that lead to the same backing: `block:major:minor` or `file:device:inode`. Empty when missing.
   */
  readonly identity: string;
  /**
   * Identity that stays over a reboot and under any name, see scripts/shared/backing-identity.sh. Empty when missing.
   */
  readonly lasting: string;
  /** `namespace/name uid` if ensureFile created it; empty otherwise. */
  readonly owner: string;
}

/** A logical volume, from lvs. Sizes are bytes. */
export interface LogicalVolume {
  readonly volumeGroup: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly path: string;
  readonly volumeGroupFreeBytes: number;
  /** `namespace/name uid` if ensureLogicalVolume created it; empty otherwise. */
  readonly owner: string;
  /** How much of it is filled with zeroes, while the filling runs. */
  readonly blankedBytes?: number;
}

/** A vblade export: its configuration, its process, or both. */
export interface Export {
  readonly shelf: number;
  readonly slot: number;
  readonly interface: string;
  /** As configured or on the command line. */
  readonly backing: string;
  /** Backing after symlinks and its identity, as in {@link BackingFact}; empty when missing. */
  readonly backingIdentity: string;
  /**
   * Lasting identity ({@link BackingFact.lasting}) that the host has recorded for this export; empty when none is
   * recorded.
   */
  readonly recorded: string;
  /** The host has the guard of this release, and has recorded the card behind the interface as it is now. */
  readonly guarded: boolean;
  /** vblade options in configured order, `["-r", "-b", "16"]`. */
  readonly options: readonly string[];
  /** How the export comes back after a reboot; `None` for a bare process. */
  readonly persistence: "Systemd" | "Inittab" | "None";
  /** Instance of vblade@ or inittab id; empty for a bare process. */
  readonly instance: string;
  /** `namespace/name uid` from the mark in the configuration; empty for a foreign export. */
  readonly owner: string;
  /** systemd's `ActiveState/SubState`, or `running`/`stopped` under sysvinit and for bare processes. */
  readonly unitState: string;
  /** Process id of the running vblade; undefined when none runs. */
  readonly pid: number | undefined;
  /** Whether the arguments of the running process differ from the configuration. */
  readonly runningDiffers: boolean;
}

/** The aoe kernel module, its parameters now and after a reboot. */
export interface AoeDriver {
  /** CONFIG_ATA_OVER_ETH of the running kernel; Unknown when no kernel configuration can be read. */
  readonly kernelConfig: "Module" | "BuiltIn" | "Missing" | "Unknown";
  readonly loaded: boolean;
  readonly version: string;
  /** aoe_iflist now; empty means every interface. */
  readonly interfaces: readonly string[];
  /** aoe_iflist after the next boot, as configured for modprobe. */
  readonly persistedInterfaces: readonly string[];
  /** The module loads and discovers at boot. */
  readonly persisted: boolean;
  readonly deadSeconds: number | undefined;
}

/** A device of the AoE initiator, from /sys/block/etherd!*. Sizes are bytes. */
export interface AoeDevice {
  readonly shelf: number;
  readonly slot: number;
  readonly up: boolean;
  /** kickme, closewait */
  readonly flags: readonly string[];
  /** MAC addresses of the targets that answer for it, lower case with colons: two mean two paths, or two servers. */
  readonly macs: readonly string[];
  readonly interfaces: readonly string[];
  readonly payload: number | undefined;
  readonly sizeBytes: number;
  /** Users of the open device: `mount /srv/xen`, `holder dm-0`, `swap`, `process 5278 sleep`, `xen-backend 3`. */
  readonly users: readonly string[];
}

/** One answer to the AoE configuration query of aoecfg. */
export interface Responder {
  readonly interface: string;
  readonly shelf: number;
  readonly slot: number;
  readonly config: string;
}

/** Why an interface that is up receives no AoE frames; undefined if it receives them. */
export function deafness({ name, master }: NetworkInterface): string | undefined {
  if (master === undefined) return undefined;
  return master === "ovs-system"
    ? `network interface ${name} is a port of Open vSwitch and receives no AoE frames: use its bridge`
    : `network interface ${name} is a port of ${master} and receives no AoE frames: use ${master}`;
}

/** Whether packages can be installed on the host. */
export const hasApt = ({ system }: HostFacts): boolean =>
  system.state === "known" && system.value.packageManager === "apt";

/** Whether the host is halting or rebooting. Nothing is started on such a host. */
export const isGoingDown = ({ system }: HostFacts): boolean =>
  system.state === "known" && system.value.goingDown === true;
