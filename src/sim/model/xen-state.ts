import type { Domain, Host, XenState, XenWorld } from "./state.ts";

/** Xen after a boot: no domain but dom0. */
export const freshXen = (): XenState => ({
  ballooned: 0,
  domains: new Map(),
  nextId: 1,
  processes: new Map(),
  restarting: new Map(),
  copies: new Map(),
  leases: new Map(),
  runs: new Map(),
  services: new Map([
    ["xencommons", "active"],
    ["xendomains", "active"],
  ]),
  createFailures: [],
});

/** A rack without guests, migrations or cuts. */
export const freshXenWorld = (): XenWorld => ({
  guests: new Map(),
  cuts: new Set(),
  migrations: new Set(),
  hooks: [],
});

/** Memory that Xen keeps for itself, as seen on the lab. */
const ownMemory = 23;

/** MiB that Xen can give to a new domain. */
export function freeMemory(host: Host): number {
  let used = dom0Memory(host) + ownMemory;
  for (const domain of host.running.xen.domains.values()) used += domain.memory;
  return Math.max(0, host.hypervisor.totalMemory - used);
}

/** MiB that the programs of a dom0 use. */
export const dom0Uses = 200;

/** MiB that dom0 owns now. */
export const dom0Memory = (host: Host): number => host.hypervisor.dom0Memory - host.running.xen.ballooned;

/** xl before it builds a domain: takes the lacking memory from dom0, down to LIBXL_MIN_DOM0_MEM of libxl. */
export function balloonDom0(host: Host, wanted: number): void {
  if (!host.hypervisor.autoballoon) return;
  const least = 128;
  const lacking = wanted - freeMemory(host);
  if (lacking > 0 && dom0Memory(host) - lacking >= least) host.running.xen.ballooned += lacking;
}

/** The domain with this UUID on this host, under any name. */
export function domainOf(host: Host, uuid: string): Domain | undefined {
  return [...host.running.xen.domains.values()].find((domain) => domain.configuration.uuid === uuid);
}

/** The domain with this name on this host. */
export function domainNamed(host: Host, name: string): Domain | undefined {
  return [...host.running.xen.domains.values()].find((domain) => domain.name === name);
}

/** The toolstack of the installed packages. */
export function toolstackOf(host: Host): "xl" | "xm" | "none" {
  if (host.packages.has("xen-utils-common")) return "xl";
  return host.packages.has("xen-utils-4.1") ? "xm" : "none";
}
