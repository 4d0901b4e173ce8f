import { isMarkOf, markedName } from "../identity.ts";
import { type DomainObservation, factsOf, type ObservedHost, survey } from "./observation.ts";

/** The mark in a host's configuration of the domain; undefined where it has none, or does not report it. */
export function declarerOn(host: ObservedHost, uuid: string): string | undefined {
  const known = factsOf(host)?.domainConfigurations;
  return known?.state === "known" ? known.value.find((one) => one.uuid === uuid)?.owner : undefined;
}

/** Says for whom a configuration was written, and what to do about it. */
export function configurationOf(uuid: string, mark: string): string {
  const file = `/var/lib/xensan/domains/${uuid}.cfg`;
  return `the configuration of the domain was written for XenDomain ${markedName(mark) ?? "of no name"}; if that object is gone, remove ${file} and ${file}.owner there`;
}

/** Whether a host has a configuration that was written for this object. */
export function isDeclaredSomewhere({ owner, uuid, hosts }: DomainObservation): boolean {
  return hosts.some((host) => isMarkOf(owner, declarerOn(host, uuid) ?? ""));
}

/** True if the owner of the host lets a XenDomain take over the domain of this UUID, whatever started it. */
export function mayAdopt({ machine }: ObservedHost, uuid: string): boolean {
  return machine.state === "Found" && machine.spec.allowed.domains.includes(uuid);
}

/** Why the domain with this UUID on a host is not the one that this object declares; undefined when it is. */
export function strangerOf(domain: DomainObservation): string | undefined {
  const { owner, uuid, recorded } = domain;
  for (const { host, domain: seen } of survey(domain).present) {
    const known = factsOf(host)?.domainConfigurations;
    if (known?.state !== "known") continue;
    const declarer = declarerOn(host, uuid);
    if (declarer !== undefined && isMarkOf(owner, declarer)) continue;
    // It came there by a migration from a host that had a configuration.
    if (declarer === undefined && (recorded.configuration !== undefined || mayAdopt(host, uuid))) continue;
    const who = declarer === undefined ? "was not started by xensan" : `is declared by ${declarer}`;
    const way =
      declarer === undefined ? `. To take it over, add ${uuid} to spec.allowed.domains of XenHost ${host.name}` : "";
    return `Domain ${seen.name} (${uuid}) on ${host.name} ${who}, so xensan does not change it${way}`;
  }
  return undefined;
}
