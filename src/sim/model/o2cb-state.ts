import type { Content } from "./content.ts";
import type { AoeDevice } from "./hardware.ts";

/** What the kernel of one host knows of clusters and OCFS2; lost at a reboot. */
export interface O2cbState {
  /** Whether the modules ocfs2 and ocfs2_stack_o2cb are loaded and configfs is mounted. */
  loaded: boolean;
  /** The cluster in /sys/kernel/config/cluster. */
  cluster: Cluster | undefined;
  /** Heartbeat regions that this host writes, by UUID (32 upper-case digits). */
  readonly regions: Map<string, Region>;
  readonly mounts: Ocfs2Mount[];
}

/** The cluster that is active in the simulated kernel. */
export interface Cluster extends Timeouts {
  readonly name: string;
  heartbeatMode: "Local" | "Global";
  fenceMethod: "Reset" | "Panic";
  /** By number. */
  readonly nodes: Map<number, ClusterNode>;
}

/** Timeouts of O2CB: the threshold in beats of two seconds, the others in milliseconds. */
export interface Timeouts {
  threshold: number;
  idle: number;
  keepalive: number;
  reconnect: number;
}

/** A registered node of the active cluster. */
export interface ClusterNode {
  readonly number: number;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Whether its name is that of this host. */
  readonly local: boolean;
}

/** O2CB's defaults: the threshold in beats of two seconds, the rest in milliseconds. */
export const defaultTimeouts: Timeouts = { threshold: 31, idle: 30_000, keepalive: 2000, reconnect: 2000 };

/** How long a node tries to write before it fences itself, in milliseconds. */
export const writeTimeout = (timeouts: Timeouts): number => (timeouts.threshold - 1) * 2000;

/** How long other nodes wait for a heartbeat before they count the node as dead: one beat longer. */
export const deadAfter = (timeouts: Timeouts): number => timeouts.threshold * 2000;

/** The node of the cluster that is this host. */
export const localNode = (cluster: Cluster): ClusterNode | undefined =>
  [...cluster.nodes.values()].find((node) => node.local);

/** A heartbeat region. Times are milliseconds of the rack's clock. */
export interface Region {
  readonly uuid: string;
  /** `/dev/etherd/e0.1` */
  readonly device: string;
  readonly content: Content;
  /** The AoE device under it; undefined for a disk of the host itself, which never hangs. */
  readonly aoe: AoeDevice | undefined;
  readonly node: number;
  /** When writes stopped returning. */
  hungSince: number | undefined;
  /** From when the write timeout counts; moved when all nodes agree that the storage hangs. */
  armedAt: number;
  /** The write timeout has passed, but other regions are still written. */
  failed: boolean;
  /** Writes fail: the driver has given the device up. */
  errors: boolean;
  readonly close: () => void;
}

/** A mounted OCFS2 file system. */
export interface Ocfs2Mount {
  readonly device: string;
  readonly mountPoint: string;
  readonly uuid: string;
  readonly content: Content;
  readonly slot: number;
  readonly node: number;
  /** The backing, as events name it. */
  readonly backing: string;
  /** What keeps it busy: `process 5278 sleep`, `domain proof`. */
  readonly users: string[];
  readonly close: () => void;
}

/** A line of the kernel log that the probe reports. */
export interface KernelLine {
  /** Milliseconds, the rack's clock. */
  readonly at: number;
  readonly kind: "IoError" | "Ocfs2Error" | "Heartbeat" | "Network" | "Fencing";
  readonly subject: string;
  readonly message: string;
}

/** O2CB after a boot: nothing loaded. */
export const freshO2cb = (): O2cbState => ({ loaded: false, cluster: undefined, regions: new Map(), mounts: [] });
