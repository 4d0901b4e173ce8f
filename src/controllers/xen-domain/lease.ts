import type { HostCommand } from "../../host/command.ts";
import { endLease, holdLease } from "../../host/domain-actions.ts";
import type { DomainLease } from "../../host/xen-facts.ts";
import { type Step, stepOf } from "../hosts/step.ts";
import { xenHost } from "../identity.ts";
import { imageOn } from "./images.ts";
import { type DomainObservation, factsOf, imagePath, isPlaced, lockOf, type ObservedHost } from "./observation.ts";

/**
 * The lease of the host on the images of the domain, `None` where it holds none; undefined where it does not report
 * that.
 */
function leaseHeld(host: ObservedHost, uuid: string): DomainLease | "None" | undefined {
  const domains = factsOf(host)?.domains;
  if (domains?.state !== "known") return undefined;
  return domains.value.leases?.find((lease) => lease.uuid === uuid) ?? "None";
}

/**
 * The command that makes the host hold the lease on the images of the domain; undefined where it is not known whether
 * it does, or where an image is missing. Without `arrivingSeconds` also undefined where the host holds it already.
 */
export function leaseOn(
  domain: DomainObservation,
  host: ObservedHost,
  arrivingSeconds?: number,
): HostCommand | undefined {
  const disks = domain.disks.filter(isPlaced);
  const [first] = disks;
  if (first === undefined || disks.length < domain.disks.length) return undefined;
  const held = leaseHeld(host, domain.uuid);
  if (held === undefined || (held !== "None" && arrivingSeconds === undefined)) return undefined;
  const seen = disks.every(
    (disk) => disk.filesystem.mountedOn.includes(host.name) && imageOn(host, imagePath(disk))?.kind === "File",
  );
  if (!seen) return undefined;
  const shares = disks.map(({ filesystem: { mountPoint, uuid } }) => [mountPoint, uuid] as const);
  return holdLease({
    owner: domain.owner,
    uuid: domain.uuid,
    lockDirectory: lockOf(first).directory,
    images: disks.map((disk) => ({ path: imagePath(disk), access: disk.disk.access })),
    shares: [...new Map(shares)].map(([mountPoint, filesystem]) => ({ mountPoint, filesystem })),
    ...(arrivingSeconds === undefined ? {} : { arrivingSeconds }),
  });
}

/**
 * A domain that runs on the host has its lease held there, also if it was adopted, or if the lease holder was killed.
 */
export function leaseSteps(domain: DomainObservation, host: ObservedHost): Step[] {
  const command = leaseOn(domain, host);
  return command === undefined ? [] : [stepOf(xenHost(host.name), command)];
}

/** Ends leases on hosts that do not have the domain: a migration took it away, or did not bring it. */
export function strayLeaseSteps(domain: DomainObservation, at: ObservedHost | undefined): Step[] {
  const { owner, uuid, hosts } = domain;
  return hosts.flatMap((host) => {
    const held = host.name === at?.name ? undefined : leaseHeld(host, uuid);
    if (held === undefined || held === "None") return [];
    return [stepOf(xenHost(host.name), endLease({ owner, uuid, until: held.until }))];
  });
}
