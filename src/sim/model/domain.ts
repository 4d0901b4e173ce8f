import type { DomainConfiguration } from "./domain-configuration.ts";
import { missDomain } from "./lease.ts";
import type { Domain, Host, OpenDisk, World } from "./state.ts";
import { resolve } from "./storage.ts";
import { record } from "./world.ts";
import { domainNamed } from "./xen-state.ts";

/** Whether the domain executes instructions at this moment. */
const executes = (domain: Domain) => !domain.paused && domain.shutdown === undefined && !domain.dying;

/** Call this after everything that may start or stop a domain: the events are the intervals in which it executed. */
export function changed(world: World, host: Host, domain: Domain): void {
  const now = world.agenda.time;
  if (executes(domain) === (domain.since !== undefined)) return;
  const about = { uuid: domain.configuration.uuid, id: domain.id };
  if (domain.since === undefined) {
    const first = domain.executed === 0;
    domain.since = now;
    const images = domain.configuration.disks.filter((disk) => !disk.readOnly).map((disk) => disk.path);
    record(world, host, { kind: first ? "DomainStarted" : "DomainResumed", ...about, images });
    return;
  }
  // At least 1 ms, so that the domain counts as one that has executed.
  domain.executed += Math.max(1, now - domain.since);
  domain.since = undefined;
  if (domain.shutdown === undefined) record(world, host, { kind: "DomainPaused", ...about });
  else if (domain.shutdown === "suspend") record(world, host, { kind: "DomainSuspended", ...about });
  else record(world, host, { kind: "DomainShutDown", ...about, reason: domain.shutdown });
}

/** CPU seconds as xl list shows them, for a guest that waits most of the time. */
export const cpuSeconds = (world: World, domain: Domain) =>
  (domain.executed + (domain.since === undefined ? 0 : world.agenda.time - domain.since)) / 20_000;

/** Makes a domain that is paused and has neither a name nor memory yet. */
export function makeDomain(host: Host, configuration: DomainConfiguration): Domain {
  const { xen } = host.running;
  const domain: Domain = {
    id: xen.nextId++,
    name: "",
    configuration,
    disks: openDisks(host, configuration),
    memory: 0,
    vcpus: 0,
    paused: true,
    shutdown: undefined,
    dying: false,
    since: undefined,
    executed: 0,
  };
  xen.domains.set(domain.id, domain);
  return domain;
}

/** The files that the names of its disks lead to at this moment. */
export function openDisks(host: Host, { disks }: DomainConfiguration): OpenDisk[] {
  return disks.map(({ path, readOnly }) => {
    const { node } = resolve(host, path);
    return { path, readOnly, file: node?.kind === "File" ? node : undefined };
  });
}

/** Removes the domain from the host at once, as `xl destroy` does; no effect when it is gone. */
export function endDomain(world: World, host: Host, domain: Domain, why: string): void {
  if (host.running.xen.domains.get(domain.id) !== domain) return;
  host.running.xen.domains.delete(domain.id);
  domain.since = undefined;
  record(world, host, { kind: "DomainEnded", uuid: domain.configuration.uuid, id: domain.id, why });
  missDomain(world, host, domain.configuration.uuid);
}

/** Ends all domains of a host at the instant it goes down. */
export function endAllDomains(world: World, host: Host, why: string): void {
  for (const domain of [...host.running.xen.domains.values()]) endDomain(world, host, domain, why);
}

/** `xl pause`. */
export function pause(world: World, host: Host, domain: Domain): void {
  domain.paused = true;
  changed(world, host, domain);
}

/** `xl unpause`. */
export function unpause(world: World, host: Host, domain: Domain): void {
  domain.paused = false;
  changed(world, host, domain);
}

/** xl rename: refuses a name that is taken on this host. */
export function renameDomain(host: Host, domain: Domain, name: string): string | undefined {
  const other = domainNamed(host, name);
  if (other !== undefined && other !== domain) {
    return `libxl: error: libxl_domain.c:81:libxl__domain_rename: Domain ${domain.id}:Domain with name "${name}" already exists.`;
  }
  domain.name = name;
  return undefined;
}
