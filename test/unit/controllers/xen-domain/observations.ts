import { xenDomainSpecSchema } from "../../../../src/api/xen-domain.ts";
import { xenHostSpecSchema } from "../../../../src/api/xen-host.ts";
import type { Gone } from "../../../../src/controllers/gone/gone.ts";
import { endpointOf } from "../../../../src/controllers/hosts/endpoint.ts";
import { Machine } from "../../../../src/controllers/hosts/machine.ts";
import type {
  DomainObservation,
  ObservedDisk,
  ObservedHost,
} from "../../../../src/controllers/xen-domain/observation.ts";
import type { HostFacts } from "../../../../src/host/facts.ts";
import type { DomainFact, DomainsFact, ImageFact, Toolstack } from "../../../../src/host/xen-facts.ts";
import { ssh } from "../aoe-volume/observations.ts";
import { known, reachable } from "../facts.ts";
import { watching } from "../hosts/agent-rig.ts";

export const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
export const filesystem = "7a3c2f10-5b1d-4c7e-9a66-0d1e2f3a4b5c";
export const bootId = "11111111-1111-4111-8111-111111111111";
export const owner = { namespace: "san", name: "vm", uid: "1" };
export const mark = "san/vm 1";
export const image = "/srv/data/vm.img";
const bytes = 2 ** 30;

type Found = Extract<ObservedHost["machine"], { state: "Found" }>;

const hostSpec = xenHostSpecSchema.parse({ ssh, aoe: { interfaces: ["eth1"] } });
const unproved: Gone = { kind: "Unproved", why: "", witnesses: undefined };

/** The row of the domain on a host. */
export const row = (rest: Partial<DomainFact> = {}): DomainFact => ({
  ...{ id: 3, name: "vm", uuid, memory: 128, vcpus: 1, state: "-b----", shutdownReason: "-", seconds: 1, ...rest },
});

/** A host on which the domain runs, or is in the given state. */
export const runs = (rest: Partial<DomainFact> = {}) => ({
  domains: known<DomainsFact>({ domains: [row(rest)], processes: [] }),
});

/** The image of the first disk, as xensan made it. */
export const file = (rest: Partial<ImageFact> = {}): ImageFact => ({
  ...{ path: image, kind: "File", sizeBytes: bytes, identity: "12 34" },
  record: { identity: "12 34", owner: mark, uuid, origin: "Made" },
  ...{ users: [], work: undefined, ...rest },
});

const toolstack: Toolstack = {
  ...{ kind: "xl", dom0: true, automaticDomains: undefined, services: new Map(), bridges: [] },
  info: {
    ...{ major: 4, minor: 17, extra: ".1", totalMemory: 2047, freeMemory: 1000, cpus: 1 },
    ...{ hardwareCapabilities: "", virtualisation: [] },
  },
  ...{ xendConfiguration: undefined, xendPassword: undefined },
};

/** Lock of the domain, held by this host in this boot. */
export const lock = (host: string, boot = bootId) => ({
  domainLocks: known([{ uuid, path: `/srv/data/.xensan/${uuid}`, host, bootId: boot }]),
});

/** XenHost `name`, which answers and does not have the domain. */
export const host = (name: string, given: Partial<HostFacts> = {}, rest: Partial<Found> = {}): ObservedHost => ({
  ...{ name, allowed: true },
  machine: {
    state: "Found",
    watched: new Machine(endpointOf("san", hostSpec.ssh), () => watching().agent),
    view: reachable({
      identity: known({ hostname: name, machineId: name, bootId, claims: new Map() }),
      ...{ toolstack: known(toolstack), images: known([file()]), domainLocks: known([]) },
      domains: known({ domains: [], processes: [] }),
      ...{ domainConfigurations: known([]), ...given },
    }),
    ...{ spec: hostSpec, gone: unproved, heard: undefined, fresh: true, reserved: 0, busy: false, ...rest },
  },
});

/** XenDomain san/vm with one disk on DATA, which bella and brutus have mounted; it may run on both. */
export function domain(rest: Partial<DomainObservation> = {}, spec: object = {}): DomainObservation {
  const parsed = xenDomainSpecSchema.parse({
    ...{ hostRefs: [{ name: "bella" }, { name: "brutus" }], memory: "128Mi", type: "HVM" },
    disks: [
      {
        ...{ device: "xvda", path: "vm.img", size: "1Gi" },
        filesystemRef: { clusterRef: { name: "data" }, label: "DATA" },
      },
    ],
    ...spec,
  });
  const found: ObservedDisk["filesystem"] = {
    ...{ state: "Found", mountPoint: "/srv/data", uuid: filesystem, mountedOn: ["bella", "brutus"] },
    ...{ templates: [], sourceOf: undefined },
  };
  const disks: ObservedDisk[] = parsed.disks.map((disk) => ({ disk, filesystem: found }));
  const cdroms = parsed.cdroms.map((disk) => ({ disk, filesystem: found }));
  return {
    ...{ owner, name: "vm", uuid, spec: parsed, hosts: [host("bella"), host("brutus")], disks, cdroms },
    recorded: {
      ...{ host: undefined, configuration: undefined, splitBrain: false },
      ...{ images: new Map(), sizes: new Map() },
    },
    ...{
      approved: undefined,
      rival: undefined,
      migration: undefined,
      offline: undefined,
      absentMs: undefined,
      askedMs: undefined,
      twice: false,
      settled: false,
      now: 0,
    },
    ...rest,
  };
}
