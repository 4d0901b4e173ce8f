import { writeDomainConfiguration } from "../../host/domain-actions.ts";
import { ownerText } from "../../host/values.ts";
import { type Finding, found } from "../finding.ts";
import { type Step, stepOf } from "../hosts/step.ts";
import { xenHost } from "../identity.ts";
import { buildProblem, type Configuration, dialectOf, type PlacedDisk, renderConfiguration } from "./configuration.ts";
import { type DomainObservation, factsOf, imagePath, isPlaced, type ObservedHost, survey } from "./observation.ts";
import { mayAdopt } from "./owner.ts";

/** Ensures that every host that may run the domain has its configuration, so that it survives the loss of a host. */
export function ensureConfigurations(domain: DomainObservation): Finding {
  const steps: Step[] = [];
  const present = survey(domain).present.map(({ host }) => host);
  for (const host of domain.hosts.filter((one) => one.allowed || present.includes(one))) {
    const known = factsOf(host)?.domainConfigurations;
    const wanted = configurationFor(domain, host);
    if (known?.state !== "known" || wanted === undefined) continue;
    const own = known.value.find(({ uuid }) => uuid === domain.uuid);
    // Compare the mark too: a restored object has another uid.
    if (own?.digest === wanted.digest && own.owner === ownerText(domain.owner)) continue;
    // The script checks again: a domain that xensan did not start needs permission from the owner of the host.
    const adopt = domain.recorded.configuration !== undefined || mayAdopt(host, domain.uuid);
    const command = writeDomainConfiguration({ owner: domain.owner, uuid: domain.uuid, text: wanted.text, adopt });
    steps.push(stepOf(xenHost(host.name), command));
  }
  return found([], steps);
}

/**
 * The configuration for the toolstack of a host; undefined while the toolstack is not known, or cannot build the
 * domain.
 */
export function configurationFor(domain: DomainObservation, host: ObservedHost): Configuration | undefined {
  const toolstack = factsOf(host)?.toolstack;
  if (toolstack?.state !== "known") return undefined;
  const dialect = dialectOf(toolstack.value);
  if (dialect === undefined || buildProblem(domain.spec, toolstack.value) !== undefined) return undefined;
  return renderConfiguration(dialect, domain, placedDisks(domain));
}

/** The disks and CD-ROM drives whose file systems are known. */
export const placedDisks = ({ disks, cdroms }: DomainObservation): PlacedDisk[] => [
  ...disks
    .filter(isPlaced)
    .map((disk) => ({ device: disk.disk.device, access: disk.disk.access, image: imagePath(disk) })),
  ...cdroms
    .filter(isPlaced)
    .map((drive) => ({ device: drive.disk.device, access: "Cdrom" as const, image: imagePath(drive) })),
];
