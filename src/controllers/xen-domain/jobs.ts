import type { Job } from "../gate.ts";
import { isOn } from "../hosts/step.ts";
import { type ObjectRef, xenHost } from "../identity.ts";
import { type DomainObservation, factsOf } from "./observation.ts";
import type { DomainPlan } from "./plan.ts";

/** The steps of a domain by machine; every machine that was found has a job, even without a step. */
export function jobs(domain: ObjectRef, seen: DomainObservation, steps: DomainPlan["steps"]): Job[] {
  const found = seen.hosts.flatMap((host) =>
    host.machine.state === "Found" ? [{ host, machine: host.machine.watched }] : [],
  );
  const confirmedBy = [...new Set(found.map(({ machine }) => machine))];
  return found.map(({ host, machine }) => ({
    work: domain,
    machine,
    steps: steps.filter((step) => isOn(step, xenHost(host.name))),
    basis: JSON.stringify(basisOf(seen, host)),
    confirmedBy,
  }));
}

/** The facts on which the steps rest: when they change, a failed step is worth another try. */
function basisOf({ uuid }: DomainObservation, host: DomainObservation["hosts"][number]): unknown {
  const facts = factsOf(host);
  if (facts === undefined) return undefined;
  const { toolstack, domains, images, domainLocks, domainConfigurations, o2cb } = facts;
  return [
    toolstack.state === "known" ? [toolstack.value.info?.freeMemory, toolstack.value.bridges] : toolstack.state,
    domains.state === "known" ? domains.value.domains.find((one) => one.uuid === uuid)?.state : domains.state,
    images,
    domainLocks,
    domainConfigurations,
    // The lease of a dead host is free once the host has been evicted.
    o2cb.state === "known" ? o2cb.value.active?.liveNodes : o2cb.state,
  ];
}
