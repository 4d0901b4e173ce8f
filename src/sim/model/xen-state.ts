import type { DomainConfiguration } from "./domain-configuration.ts";
import type { FileNode } from "./filesystem.ts";
import type { Guest } from "./guest.ts";
import type { Host } from "./host.ts";
import type { Migration, PhaseHook } from "./migration-state.ts";

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
  /** Migrations begun here that run, by operation. */
  readonly runs: Map<string, Migration>;
  readonly services: Map<string, "active" | "inactive">;
  /** What the next builds of domains say before they fail, one after the other. */
  readonly createFailures: (readonly string[])[];
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

export type ShutdownReason = "poweroff" | "reboot" | "suspend" | "crash" | "watchdog";

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
  /** When it began to execute; undefined while it does not. */
  since: number | undefined;
  /** Milliseconds for which it executed before. */
  executed: number;
}

export const freshXen = (): XenState => ({
  ballooned: 0,
  domains: new Map(),
  nextId: 1,
  processes: new Map(),
  copies: new Map(),
  runs: new Map(),
  services: new Map([
    ["xencommons", "active"],
    ["xendomains", "active"],
  ]),
  createFailures: [],
});

export const freshXenWorld = (): XenWorld => ({
  guests: new Map(),
  cuts: new Set(),
  migrations: new Set(),
  hooks: [],
});

/** Memory that Xen keeps for itself, as seen on the lab. */
const ownMemory = 23;

export function freeMemory(host: Host): number {
  let used = dom0Memory(host) + ownMemory;
  for (const domain of host.running.xen.domains.values()) used += domain.memory;
  return Math.max(0, host.hypervisor.totalMemory - used);
}

/** MiB that the programs of a dom0 use. */
export const dom0Uses = 200;

/** MiB that dom0 owns now. */
export const dom0Memory = (host: Host): number => host.hypervisor.dom0Memory - host.running.xen.ballooned;

/** What xl does before it builds a domain: takes from dom0 what is lacking, down to LIBXL_MIN_DOM0_MEM of libxl. */
export function balloonDom0(host: Host, wanted: number): void {
  if (!host.hypervisor.autoballoon) return;
  const least = 128;
  const lacking = wanted - freeMemory(host);
  if (lacking > 0 && dom0Memory(host) - lacking >= least) host.running.xen.ballooned += lacking;
}

export function domainOf(host: Host, uuid: string): Domain | undefined {
  return [...host.running.xen.domains.values()].find((domain) => domain.configuration.uuid === uuid);
}

export function domainNamed(host: Host, name: string): Domain | undefined {
  return [...host.running.xen.domains.values()].find((domain) => domain.name === name);
}

/** Which toolstack the installed packages bring. */
export function toolstackOf(host: Host): "xl" | "xm" | "none" {
  if (host.packages.has("xen-utils-common")) return "xl";
  return host.packages.has("xen-utils-4.1") ? "xm" : "none";
}
