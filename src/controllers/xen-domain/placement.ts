import { bridgeName } from "../../api/domain-devices.ts";
import { quantityBytes } from "../../api/quantity.ts";
import { isGoingDown } from "../../host/facts.ts";
import { globMatches } from "../../host/glob.ts";
import { isMarkOf } from "../identity.ts";
import { memoryFor, memoryShortage } from "../memory.ts";
import { processorProblem } from "../processors.ts";
import { settingsOutside } from "../settings.ts";
import { buildProblem } from "./configuration.ts";
import { type DomainObservation, factsOf, isPlaced, type ObservedHost } from "./observation.ts";
import { configurationOf, declarerOn } from "./owner.ts";

const mib = 2 ** 20;

/** The host on which a domain is to be started, or why there is none. */
export interface Placement {
  readonly host: ObservedHost | undefined;
  /** Why each of the other hosts was not chosen. */
  readonly because: readonly string[];
}

/**
 * Chooses the host on which the domain is started: its last host if possible, else the one with the most free memory;
 * an observed host only if there is no other. `only`: no other than this XenHost.
 */
export function choosePlace(domain: DomainObservation, only?: string): Placement {
  const judged = domain.hosts
    .filter(({ name, allowed }) => allowed && (only === undefined || name === only))
    .map((host) => ({ host, problem: obstacle(domain, host), free: freeMemory(host) }));
  const able = judged.filter(({ problem }) => problem === undefined);
  const because = judged.flatMap(({ host, problem }) => (problem === undefined ? [] : [`${host.name}: ${problem}`]));
  const last = able.find(({ host }) => host.name === domain.recorded.host);
  const rank = ({ host: { machine } }: (typeof able)[number]) =>
    machine.state === "Found" && machine.spec.management === "Observe" ? 1 : 0;
  const most = able.toSorted(
    (one, other) => rank(one) - rank(other) || other.free - one.free || one.host.name.localeCompare(other.host.name),
  )[0];
  return { host: (last ?? most)?.host, because };
}

/** Why the domain cannot be started on the host; undefined when it can. */
export function obstacle(domain: DomainObservation, host: ObservedHost): string | undefined {
  const { machine, name } = host;
  if (machine.state === "NotFound") return "the XenHost does not exist";
  if (machine.state === "Invalid") return "its spec is invalid";
  const facts = factsOf(host);
  if (facts === undefined) return "it cannot be reached";
  if (machine.spec.maintenance !== "None") return `it is in maintenance (${machine.spec.maintenance})`;
  if (isGoingDown(facts)) return "it is shutting down or rebooting";
  const declarer = declarerOn(host, domain.uuid);
  if (declarer !== undefined && !isMarkOf(domain.owner, declarer)) return configurationOf(domain.uuid, declarer);
  const { toolstack } = facts;
  if (toolstack.state !== "known" || toolstack.value.kind === "None" || !toolstack.value.dom0)
    return "it is not a dom0, or did not report its toolstack";
  const unbuilt = buildProblem(domain.spec, toolstack.value);
  if (unbuilt !== undefined) return unbuilt;
  const processors = processorProblem(domain.spec.cpus, toolstack.value.info);
  if (processors !== undefined) return processors;
  const unmounted = [...domain.disks, ...domain.cdroms]
    .filter(isPlaced)
    .find(({ filesystem }) => !filesystem.mountedOn.includes(name));
  if (unmounted !== undefined) return `${unmounted.filesystem.mountPoint} is not mounted there`;
  const { bridges } = machine.spec.allowed;
  for (const network of domain.spec.networks) {
    const name = bridgeName(network);
    if (!bridges.some((glob) => globMatches(glob, name))) {
      return `its allowed.bridges (${bridges.join(", ") || "none"}) does not list ${name}; add ${name} to allow this`;
    }
    const open = network.switch === "OpenVSwitch";
    const there = open ? (toolstack.value.ovsBridges ?? []) : toolstack.value.bridges;
    if (!there.includes(network.bridge)) return `it has no bridge ${network.bridge}${open ? " of Open vSwitch" : ""}`;
  }
  const { settings } = machine.spec.allowed;
  const [outside] = settingsOutside(domain.spec.settings, settings);
  if (outside !== undefined)
    return `its allowed.settings (${settings.join(", ") || "none"}) does not list ${outside}; add ${outside} to allow this`;
  const wanted = Math.ceil(quantityBytes(domain.spec.memory) / mib);
  const { reserved } = machine;
  const kept = reserved > 0 ? `, of which domains that are being started take ${reserved} MiB` : "";
  const shortage = memoryShortage(toolstack.value, wanted + reserved);
  return shortage && `${shortage.free} MiB are free${kept}, ${wanted} MiB are needed${shortage.remedy}`;
}

function freeMemory(host: ObservedHost): number {
  const toolstack = factsOf(host)?.toolstack;
  const reserved = host.machine.state === "Found" ? host.machine.reserved : 0;
  return toolstack?.state === "known" ? (memoryFor(toolstack.value) ?? 0) - reserved : 0;
}
