import type { Content } from "./content.ts";
import type { Supervisor } from "./events.ts";

/** A network interface of a simulated host. */
export interface Interface {
  name: string;
  readonly mac: string;
  mtu: number;
  adminUp: boolean;
  cable: "Plugged" | "Pulled";
  /** The layer-2 network that its cable leads to. */
  readonly segment: string;
  /** The bridge or bond that it is a port of: frames that arrive on the port are not received here. */
  readonly master?: string;
  /** First IPv4 address with prefix length; empty when it has none. */
  readonly address: string;
}

/** A block device of a simulated host. Sizes are bytes. */
export interface BlockDevice {
  /** Kernel name, such as `/dev/vdb` or `/dev/dm-0`. */
  readonly path: string;
  readonly device: string;
  sizeBytes: number;
  readonly type: "disk" | "part" | "lvm" | "loop";
  /**
   * Its own identity, as in scripts/shared/backing-identity.sh: `serial:WD-1`, `dm:LVM-…`; empty when it reports none.
   */
  readonly says: string;
  content: Content;
  /** Devices built on this one, as `major:minor`. */
  readonly holders: Set<string>;
  /** Other names, such as `/dev/san/data`. */
  links: readonly string[];
}

/** An LVM volume group. Sizes are bytes. */
export interface VolumeGroup {
  readonly name: string;
  readonly extentBytes: number;
  sizeBytes: number;
  /** `major:minor` of the physical volumes. */
  readonly physicalVolumes: string[];
  /** Logical volumes by name. */
  readonly volumes: Map<string, LogicalVolume>;
}

/** A running vblade. */
export interface VbladeProcess {
  readonly pid: number;
  /** The arguments as given on the command line. */
  readonly argv: readonly string[];
  /** The address on the wire: the low 16 and 8 bits of the requested one. */
  readonly shelf: number;
  readonly slot: number;
  readonly interface: string;
  readonly backing: string;
  readonly identity: string;
  /** Read once, when it starts. */
  readonly sizeBytes: number;
  readonly content: Content;
  readonly access: "ReadWrite" | "ReadOnly";
  /** Client MACs that it answers; empty means all. */
  readonly masks: readonly string[];
  readonly by: Supervisor;
  /** Unit instance or inittab id. */
  readonly instance: string;
  /** The AoE config string; vblade starts with none. */
  config: string;
}

/** A `vblade@INSTANCE` unit. */
export interface Unit {
  readonly instance: string;
  activeState: "active" | "activating" | "inactive" | "failed";
  subState: "running" | "auto-restart" | "dead" | "failed";
  pid: number | undefined;
  restarts: number;
  /** The last messages of vblade when it ended, oldest first. */
  messages: string[];
  cancelRestart: (() => void) | undefined;
}

/** A respawn entry of /etc/inittab. */
export interface InittabEntry {
  readonly id: string;
  command: string;
  pid: number | undefined;
  /** Its starts in the last two minutes: after ten of them init waits for five minutes. */
  starts: number[];
  cancelRestart: (() => void) | undefined;
}

/** The aoe module of a simulated host. */
export interface AoeDriver {
  loaded: boolean;
  /** aoe_iflist; empty means every interface. */
  interfaces: string[];
  deadSeconds: number;
  readonly devices: Map<string, AoeDevice>;
  nextMinor: number;
  cancelDiscovery: (() => void) | undefined;
}

/** A device that the simulated aoe driver has discovered. Sizes are bytes. */
export interface AoeDevice {
  readonly shelf: number;
  readonly slot: number;
  /** `major:minor` */
  readonly device: string;
  up: boolean;
  sizeBytes: number;
  /** The targets that answered, by source MAC, in order of first answer: two are two paths, or two servers. */
  readonly targets: Map<string, { readonly mac: string; readonly interfaces: Set<string> }>;
  payload: number;
  firmware: number;
  /** The processes and mounts that hold it open. */
  readonly openers: Opener[];
  content: Content | undefined;
}

interface Opener {
  /** `mount /srv/xen`, `process 5278 sleep`, `xen-backend 3` */
  readonly name: string;
}

/** `e0.1` */
export const aoeName = (shelf: number, slot: number): string => `e${shelf}.${slot}`;

interface LogicalVolume {
  readonly name: string;
  readonly device: string;
  readonly tags: Set<string>;
  /** For a snapshot: the volume that it was taken of. */
  readonly origin?: string;
  /** A process that xensan did not start holds it open. */
  readonly open?: true;
}
