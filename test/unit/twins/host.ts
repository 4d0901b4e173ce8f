import type { HostCommand } from "../../../src/host/command.ts";

/** Everything that a script printed and changed: what is compared between two hosts. */
export interface Answer {
  readonly script: string;
  readonly exitCode: number;
  readonly stdout: string;
  /** A hint for people; not compared. */
  readonly stderr: string;
  /**
   * What has changed afterwards: `+ PATH: TEXT`, `- PATH`, `domain ID NAME STATE`. Bookkeeping of only one side is left
   * out.
   */
  readonly effects: readonly string[];
}

/** ID NAME UUID STATE SECONDS of a domain; STATE is the six letters of `xl list`. */
export type DomainRow = readonly [id: number, name: string, uuid: string, state: string, seconds: number];

/** The state of a host before a case begins. */
export interface Furniture {
  /**
   * The file system of /dev/etherd/e15.15 on /srv/xen, by the UUID that blkid finds; otherwise nothing is mounted
   * there.
   * Beating: the kernel writes its heartbeat, in the cluster labclus.
   */
  readonly shared?: "Mounted" | "Beating" | "NotMounted";
  /** The version that xl info prints. */
  readonly xen?: string;
  readonly toolstack?: "xl" | "xm" | "none";
  /** The dom0, or the SAN box of the rack. */
  readonly host?: "bella" | "san";
  /** Installed packages, with their programs. */
  readonly packages?: readonly string[];
  /** Virtual: a `sleep` takes no time and the uptime jumps. Real where the script leaves a process behind. */
  readonly time?: "Virtual" | "Real";
}

/**
 * A dom0 called bella with a file system shared on /srv/xen, on which one of our scripts runs: either the real script
 * in a shell, over a directory and programs that answer as the real ones do, or that of the simulated rack. Paths are
 * those that the script is given; nothing outside of them is touched.
 */
export interface TwinHost {
  run(command: HostCommand): Promise<Answer>;
  /** Ends everything that was started. */
  end(): void;

  /** UUID of what is mounted on /srv/xen. */
  readonly filesystem: string;
  readonly bootId: string;

  domains(...rows: readonly DomainRow[]): void;
  /** Domains that are given afterwards run with a card on this bridge, boot this kernel, and have these disks. */
  runsWith(bridge: string, kernel: string, disks?: readonly { readonly path: string; readonly format: string }[]): void;
  /** Installs Open vSwitch with these bridges. */
  openVSwitch(...bridges: readonly string[]): void;
  /** The suid, dev and exec of the mount of /srv/xen, or their no… forms. */
  mountedWith(): string;
  /** `NAME STATE` of each domain now, in the order of `xl list`. */
  listed(): readonly string[];
  /** Runs a command of the toolstack until the case ends: VERB, and its subjects. */
  atWork(verb: string, ...about: readonly string[]): void;
  /** Runs xenwatchdogd with this timeout until the case ends. */
  watchdog(seconds: number, boot: "AtBoot" | "Now"): void;
  /** The next `xl create` prints this and fails. */
  failCreate(...lines: readonly string[]): void;
  /** A process of another host holds this image by flock, until the case ends. */
  leasedElsewhere(path: string, mode: "Exclusive" | "Shared"): void;
  /** Whether another host would get this image exclusively now. */
  isLeased(path: string): boolean;
  /** Kills only the process that holds the lease of this domain here. */
  killHolder(uuid: string): void;
  /** The guest ignores `xl shutdown`. */
  ignoreShutdown(uuid: string): void;
  /** xl fails to list the domains. */
  breakToolstack(): void;
  /** A user has typed `reboot`. */
  goDown(): void;

  /**
   * /dev/etherd/e15.15 has so many bytes, the first of which hold an OCFS2 of {@link filesystem} and the cluster
   * labclus.
   */
  ocfs2(deviceBytes: number, bytes: number, slots: number): void;
  /** The other dom0 has that file system mounted. */
  mountedElsewhere(): void;
  /** The kernel writes a heartbeat, as node 0, and hears these nodes; with none of them it does neither. */
  hears(...numbers: readonly number[]): void;

  /**
   * The server serves this target over eth1, and the aoe driver here has found it: `e0.1`. It holds only zeros, or
   * foreign data.
   */
  served(name: string, bytes: number, holds?: "Ext4" | "Data"): void;
  /** So many answers for this target arrive from its server. */
  flood(name: string, count: number): void;
  /** A user takes an interface down. */
  takeDown(nic: string): void;
  /** An interface is the card with this MAC address now; no MAC address: there is no such interface any more. */
  card(nic: string, mac: string): void;
  /** A user runs `vblade WORD…` by hand. */
  vblade(...words: readonly string[]): void;
  /** `kill` of all vblades of the server. */
  killVblades(): void;
  /** Command lines of the running vblades, without the program. */
  vblades(): readonly string[];
  /** A user makes a logical volume by hand, with these tags; of another one a snapshot. */
  logicalVolume(
    volume: string,
    bytes: number,
    made?: { readonly tags?: readonly string[]; readonly origin?: string },
  ): void;
  /** A user removes a logical volume by hand. */
  loseLogicalVolume(volume: string): void;
  /** A process holds a logical volume open, until the case ends. */
  holdLogicalVolume(volume: string): void;
  /** Whether a logical volume holds only zeros. */
  isBlank(volume: string): boolean;
  /** Another node writes its heartbeat to the file system of that target. */
  beatsElsewhere(name: string): void;

  /** Makes the other dom0 accept this migration key; returns its host key. */
  befriend(publicKey: string): string;
  /** A target that the aoe driver knows, in the driver's words: `up`, `down`. */
  aoeDevice(name: string, state: "up" | "down", bytes: number): void;

  /** A user makes swap of a file or a device. */
  swapOn(path: string): void;
  /** A user makes the loop device loop7 of a file or a device. */
  loop(path: string): void;
  /** A user's program, process 99999 qemu-nbd, has a file or a device open, until {@link closes}. */
  opens(path: string, access: "Read" | "ReadWrite"): void;
  /** It ends. */
  closes(): void;
  write(path: string, text: string): void;
  /** An image of zeros. */
  image(path: string, bytes: number): void;
  /** Replaces an image by another one of zeros, which certainly is another file. */
  replace(path: string, bytes: number): void;
  symlink(path: string, target: string): void;
  read(path: string): string | undefined;
  remove(path: string): void;
}

/** `suid,nodev,exec` from the options of a mount. */
export const harmfulOf = (options: readonly string[]): string =>
  ["suid", "dev", "exec"].map((word) => (options.includes(`no${word}`) ? `no${word}` : word)).join();
