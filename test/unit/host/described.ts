import { definitions, type KindName } from "../../../src/api/kinds.ts";
import type { Ocfs2ClusterStatus } from "../../../src/api/ocfs2-cluster.ts";
import type { XenDomainStatus } from "../../../src/api/xen-domain.ts";
import type { XenHostStatus } from "../../../src/api/xen-host.ts";
import { observeServer } from "../../../src/controllers/aoe-server/observe.ts";
import { describe as describeVolume } from "../../../src/controllers/aoe-volume/describe.ts";
import { factsStatus } from "../../../src/controllers/host-facts.ts";
import { machineOf } from "../../../src/controllers/hosts/view.ts";
import { parseMark, refTo } from "../../../src/controllers/identity.ts";
import { describeCluster } from "../../../src/controllers/ocfs2-cluster/describe.ts";
import { unreadable } from "../../../src/controllers/unreadable.ts";
import { describeDomain } from "../../../src/controllers/xen-domain/describe.ts";
import { describeHost } from "../../../src/controllers/xen-host/describe.ts";
import { bootOf, intent } from "../../../src/controllers/xen-migration/intent.ts";
import type { HostSheet } from "../../../src/controllers/xen-migration/transfer.ts";
import type { Fact, HostFacts } from "../../../src/host/facts.ts";
import { setCondition } from "../../../src/runtime/conditions.ts";
import { stated } from "../../../src/runtime/status-patch.ts";
import { client, server, volume } from "../controllers/aoe-volume/observations.ts";
import { reachable } from "../controllers/facts.ts";
import { cluster, device } from "../controllers/ocfs2-cluster/observations.ts";
import { domain, host } from "../controllers/xen-domain/observations.ts";

/** A status of a kind as it is sent to the API server. */
export interface Described {
  readonly kind: KindName;
  readonly status: unknown;
}

/** Everything that the objects of every kind say of the facts of one host: first of all, the status of its XenHost. */
export function described(facts: HostFacts): Described[] {
  const common = {
    facts: factsStatus(facts),
    machineID: machineOf(reachable(facts)),
    conditions: conditionsOf(facts),
  };
  const xenHost: XenHostStatus = { ...common };
  describeHost(xenHost, { facts, verified: new Map() });
  return [
    { kind: "XenHost", status: stated(xenHost) },
    { kind: "AoeServer", status: stated({ ...common, ...serverOf(facts) }) },
    // A volume has an interface of its server's spec.
    ...all(facts.exports)
      .filter((one) => /^\S{1,15}$/.test(one.interface))
      .map((one) => ({ kind: "AoeVolume" as const, status: stated(volumeOf(facts, one)) })),
    { kind: "Ocfs2Cluster", status: stated(clusterOf(facts)) },
    { kind: "XenDomain", status: stated(domainOf(facts)) },
    ...migrationsOf(facts).map((status) => ({ kind: "XenMigration" as const, status: stated(status) })),
  ];
}

/** The first entries of a fact. */
const all = <T>(fact: Fact<readonly T[]>): readonly T[] => (fact.state === "known" ? fact.value.slice(0, 8) : []);

function conditionsOf(facts: HostFacts) {
  const why = Object.values(facts).flatMap((fact) => (fact.state === "unknown" ? [fact.why] : []));
  const ready = { type: "Ready", status: "Unknown", reason: "FactsUnknown", message: why.join("; ") } as const;
  const conditions = setCondition([], ready, { now: 0, generation: 1 });
  const said = unreadable(facts);
  return [...(said === undefined ? conditions : setCondition(conditions, said, { now: 0, generation: 1 }))];
}

function serverOf(facts: HostFacts) {
  const found = server(facts);
  if (found.state !== "Found") throw new Error("no server");
  const { exports } = observeServer(refTo("AoeServer", "san", "san1"), found.spec, facts);
  return exports === undefined ? {} : { exports };
}

/** The volume of one export: its server and its client are this host. */
function volumeOf(facts: HostFacts, one: Extract<HostFacts["exports"], { state: "known" }>["value"][number]) {
  const plain = volume();
  const { namespace, name, uid } = parseMark(one.owner);
  const status = {};
  describeVolume(status, {
    ...plain,
    owner: name === "" ? plain.owner : { namespace, name, uid },
    spec: {
      ...plain.spec,
      ...{ shelf: one.shelf, slot: one.slot, interface: one.interface, backing: { device: one.backing } },
    },
    server: server(facts),
    clients: [client(facts)],
  });
  return status;
}

function clusterOf(facts: HostFacts): Ocfs2ClusterStatus {
  const path = all(facts.sharedDevices)[0]?.path ?? device;
  const seen = cluster({ bella: facts, filesystem: { recorded: { label: "DATA", device: path } } });
  const status: Ocfs2ClusterStatus = {};
  describeCluster(status, seen);
  // Once more, with what was recorded.
  describeCluster(status, cluster({ bella: facts, filesystem: { recorded: status.filesystems?.[0] } }));
  return status;
}

/** The domain whose image and row the host shows first. */
function domainOf(facts: HostFacts): XenDomainStatus {
  const plain = domain();
  const [image] = all(facts.images);
  const first = facts.domains.state === "known" ? facts.domains.value.domains[0] : undefined;
  const at = image?.path.lastIndexOf("/") ?? -1;
  const status: XenDomainStatus = {};
  const mark = parseMark(image?.record?.owner ?? "");
  describeDomain(
    status,
    {
      ...plain,
      uuid: first?.uuid ?? plain.uuid,
      owner: mark.name === "" ? plain.owner : mark,
      hosts: [host("bella", facts)],
      disks: plain.disks.map((disk) =>
        image === undefined || disk.filesystem.state !== "Found"
          ? disk
          : {
              disk: { ...disk.disk, path: image.path.slice(at + 1) },
              filesystem: { ...disk.filesystem, mountPoint: image.path.slice(0, at), mountedOn: ["bella"] },
            },
      ),
    },
    [],
  );
  return status;
}

/** What is recorded of a migration of each domain from this host to itself. */
function migrationsOf(facts: HostFacts) {
  const view = reachable(facts);
  const boot = bootOf(view);
  if (boot === undefined || facts.domains.state !== "known") return [];
  const known = { status: "True", reason: "Ready", message: "" } as const;
  const found = client(facts);
  if (found.state !== "Found") throw new Error("no host");
  const sheet: HostSheet = { name: "bella", spec: found.spec, ready: known, relocationReady: known, view };
  return facts.domains.value.domains.slice(0, 8).map(({ uuid, name, id, memory, vcpus, state }) =>
    intent(
      {
        ...{ mode: "Live", source: sheet, target: sheet },
        domain: {
          ...{
            uuid,
            name,
            id,
            memoryMiB: memory,
            maxMemoryMiB: undefined,
            vcpus,
            cpus: undefined,
            state,
            type: undefined,
          },
          ...{ bridges: undefined, ovsBridges: undefined, bootFiles: undefined, settings: undefined },
          ...{ filesystems: undefined, hosts: undefined, images: undefined, cdroms: undefined, owner: undefined },
        },
      },
      "operation",
      { source: boot, target: boot },
      0,
    ),
  );
}

/** What the API server would refuse of a status. */
export const refused = ({ kind, status }: Described) => definitions[kind].status.safeParse(status).error;
