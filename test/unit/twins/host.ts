import type { HostCommand } from "../../../src/host/command.ts";

/** Everything that a script said and did: what two hosts are compared by. */
export interface Answer {
  readonly script: string;
  readonly exitCode: number;
  readonly stdout: string;
  /** A hint for people; not compared. */
  readonly stderr: string;
  /** What is otherwise afterwards: `+ PATH: TEXT`, `- PATH`, `domain ID NAME STATE`. Bookkeeping that only one side has is left out. */
  readonly effects: readonly string[];
}

/** ID NAME UUID STATE SECONDS of a domain; STATE is the six letters of `xl list`. */
export type DomainRow = readonly [id: number, name: string, uuid: string, state: string, seconds: number];

/** How a host is before a case begins. */
export interface Furniture {
  /**
   * The file system of /dev/etherd/e15.15 on /srv/xen, by the UUID that blkid finds; without it nothing is mounted there.
   * Beating: the kernel writes its heartbeat, in the cluster labclus.
   */
  readonly shared?: "Mounted" | "Beating" | "NotMounted";
  /** As xl info tells it. */
  readonly xen?: string;
  readonly toolstack?: "xl" | "xm" | "none";
  /** The dom0, or the SAN box of the rack. */
  readonly host?: "bella" | "san";
  /** Installed: their programs are there. */
  readonly packages?: readonly string[];
  /**
   * Virtual: a `sleep` takes no time and the uptime jumps. Real where the script leaves something behind that runs on
   * by itself.
   */
  readonly time?: "Virtual" | "Real";
}

/**
 * A dom0 called bella with a file system shared on /srv/xen, on which a script of ours runs: the real one in a shell, over
 * a directory and programs that answer as the real ones do, or the one of the simulated rack. Paths are those that the
 * script is told; nothing outside of them is touched.
 */
export interface TwinHost {
  run(command: HostCommand): Promise<Answer>;
  /** Ends whatever was begun. */
  end(): void;

  /** UUID of what is mounted on /srv/xen. */
  readonly filesystem: string;
  readonly bootId: string;

  domains(...rows: readonly DomainRow[]): void;
  /** The domains that are given afterwards run with a card on this bridge and boot this kernel. */
  runsWith(bridge: string, kernel: string): void;
  /** Open vSwitch is installed, and has these bridges. */
  openVSwitch(...bridges: readonly string[]): void;
  /** With which of suid, dev and exec /srv/xen is mounted, each with its no. */
  mountedWith(): string;
  /** `NAME STATE` of each domain now, in the order of `xl list`. */
  listed(): readonly string[];
  /** A command of the toolstack runs until the case ends: VERB, and what it is about. */
  atWork(verb: string, ...about: readonly string[]): void;
  /** xenwatchdogd runs with this timeout until the case ends. */
  watchdog(seconds: number, boot: "AtBoot" | "Now"): void;
  /** The next `xl create` says this and fails. */
  failCreate(...lines: readonly string[]): void;
  /** A process of another host holds this image by flock, until the case ends. */
  leasedElsewhere(path: string, mode: "Exclusive" | "Shared"): void;
  /** Whether another host would get this image exclusively now. */
  isLeased(path: string): boolean;
  /** The process that holds the lease of this domain here is killed, and nothing else. */
  killHolder(uuid: string): void;
  /** The guest does not listen to `xl shutdown`. */
  ignoreShutdown(uuid: string): void;
  /** xl cannot tell which domains there are. */
  breakToolstack(): void;
  /** Somebody has typed `reboot`. */
  goDown(): void;

  /** /dev/etherd/e15.15 has so many bytes and holds an OCFS2 of {@link filesystem} and the cluster labclus in the first ones. */
  ocfs2(deviceBytes: number, bytes: number, slots: number): void;
  /** The other dom0 has that file system mounted. */
  mountedElsewhere(): void;

  /**
   * The server serves this target over eth1, and the aoe driver here has found it: `e0.1`. Nothing but zeroes is on it, or
   * something that is not ours.
   */
  served(name: string, bytes: number, holds?: "Ext4" | "Data"): void;
  /** Somebody takes an interface down. */
  takeDown(nic: string): void;
  /** Somebody runs `vblade WORD…` by hand. */
  vblade(...words: readonly string[]): void;
  /** `kill` of all vblades of the server. */
  killVblades(): void;
  /** Command lines of the vblades that run, without the program. */
  vblades(): readonly string[];
  /** Somebody makes a logical volume by hand, with these tags; of another one a snapshot. */
  logicalVolume(
    volume: string,
    bytes: number,
    made?: { readonly tags?: readonly string[]; readonly origin?: string },
  ): void;
  /** Somebody removes a logical volume by hand. */
  loseLogicalVolume(volume: string): void;
  /** A process holds a logical volume open, until the case ends. */
  holdLogicalVolume(volume: string): void;
  /** Nothing but zeroes is on a logical volume. */
  isBlank(volume: string): boolean;
  /** A node that is not this one writes its heartbeat to the file system of that target. */
  beatsElsewhere(name: string): void;

  /** The other dom0 lets this migration key in; its host key. */
  befriend(publicKey: string): string;
  /** In the words of the driver: `up`, `down`; a target that the aoe driver knows. */
  aoeDevice(name: string, state: "up" | "down", bytes: number): void;

  write(path: string, text: string): void;
  /** An image of zeros. */
  image(path: string, bytes: number): void;
  /** Another image of zeros takes the name of one that is there: certainly another file. */
  replace(path: string, bytes: number): void;
  symlink(path: string, target: string): void;
  read(path: string): string | undefined;
  remove(path: string): void;
}

/** `suid,nodev,exec` of the options of a mount. */
export const harmfulOf = (options: readonly string[]): string =>
  ["suid", "dev", "exec"].map((word) => (options.includes(`no${word}`) ? `no${word}` : word)).join();
