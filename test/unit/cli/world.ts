import {
  entitiesOf,
  readCluster,
  readDomain,
  readHost,
  readMigration,
  readServer,
  readVolume,
  type World,
} from "../../../src/cli/entity.ts";

/** Objects as an API server returns them, of a small rack: one SAN, two hosts, one file system, one domain. */

export interface Raw {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly generation: number;
    readonly labels?: Record<string, string>;
  };
  readonly spec: unknown;
  readonly status: { readonly conditions: readonly object[] };
}

export interface Said {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly generation?: number;
}

export const fine: Said = { status: "True", reason: "Ready", message: "Everything is as the spec says" };
export const not = (reason: string, message: string): Said => ({ status: "False", reason, message });
export const unknown = (reason: string, message: string): Said => ({ status: "Unknown", reason, message });

/** An object with `conditions` besides those of a healthy one; `more` is added to its status. */
export function raw(
  name: string,
  spec: unknown,
  conditions: Readonly<Record<string, Said>> = { Ready: fine },
  more: object = {},
): Raw {
  return {
    metadata: { name, namespace: "san", generation: 1 },
    spec,
    status: {
      ...more,
      conditions: Object.entries(conditions).map(([type, { generation = 1, ...said }]) => ({
        ...{ type, lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: generation },
        ...said,
      })),
    },
  };
}

const ssh = (host: string) => ({ host, privateKeySecretRef: { name: "rack-ssh" } });
type Conditions = Readonly<Record<string, Said>>;

export const server = (conditions?: Conditions) =>
  raw("san", { ssh: ssh("192.0.2.1"), interfaces: [{ name: "eth1" }], allowedBackings: ["/dev/vdb"] }, conditions);
export const volume = (conditions?: Conditions, name = "data", slot = 1) =>
  raw(
    name,
    {
      ...{ serverRef: { name: "san" }, shelf: 0, slot, backing: { device: "/dev/vdb" } },
      clientRefs: [{ name: "bella" }, { name: "brutus" }],
    },
    conditions,
    {
      ...{ target: `e0.${slot}`, size: "1Gi" },
      clients: [
        { hostRef: { name: "bella" }, state: "Attached" },
        { hostRef: { name: "brutus" }, state: "Missing" },
      ],
    },
  );
export const host = (name: string, conditions?: Conditions, more: object = {}, spec: object = {}) =>
  raw(name, { ssh: ssh(name), aoe: { interfaces: ["eth1"] }, ...spec }, conditions, more);
export const cluster = (conditions?: Conditions) =>
  raw(
    "xen",
    {
      clusterName: "xen",
      nodes: [
        { number: 0, hostRef: { name: "bella" }, address: "10.0.0.1" },
        { number: 1, hostRef: { name: "brutus" }, address: "10.0.0.2" },
      ],
      filesystems: [{ label: "data", volumeRef: { name: "data" }, mountPoint: "/srv/xen" }],
    },
    conditions,
    {
      filesystems: [
        {
          label: "data",
          nodes: [
            { hostRef: { name: "bella" }, state: "Mounted" },
            { hostRef: { name: "brutus" }, state: "Unmounted" },
          ],
        },
      ],
    },
  );
export const uuid = "0b5f1a3e-7c2d-4e8f-9a1b-2c3d4e5f6a7b";
export const domain = (conditions?: Conditions, more: object = {}, name = "vm-test") =>
  raw(
    name,
    {
      ...{ uuid, hostRefs: [{ name: "bella" }, { name: "brutus" }], memory: "128Mi" },
      boot: { kernel: "/boot/vmlinuz-guest" },
      disks: [
        { device: "xvda", filesystemRef: { clusterRef: { name: "xen" }, label: "data" }, path: "vm.img", size: "64Mi" },
      ],
    },
    conditions,
    more,
  );
export const migration = (name: string, conditions: Conditions, more: object = {}, spec: object = {}) =>
  raw(name, { domainRef: { name: "vm-test" }, targetHostRef: { name: "brutus" }, ...spec }, conditions, more);

export interface Rack {
  readonly servers?: readonly Raw[];
  readonly volumes?: readonly Raw[];
  readonly hosts?: readonly Raw[];
  readonly clusters?: readonly Raw[];
  readonly domains?: readonly Raw[];
  readonly migrations?: readonly Raw[];
  readonly secret?: "Present" | "Absent" | "Unknown";
}

/** The rack with everything ready, except what is given. */
export function rack(given: Rack = {}): World {
  return {
    namespace: "san",
    servers: (given.servers ?? [server()]).map(readServer),
    volumes: (given.volumes ?? [volume()]).map(readVolume),
    hosts: (given.hosts ?? [host("bella"), host("brutus")]).map(readHost),
    clusters: (given.clusters ?? [cluster()]).map(readCluster),
    domains: (given.domains ?? [domain({ Ready: fine }, { hostRef: { name: "bella" } })]).map(readDomain),
    migrations: (given.migrations ?? []).map(readMigration),
    secrets: new Map([["rack-ssh", given.secret ?? "Present"]]),
  };
}

export function find(world: World, kind: string, name: string) {
  const found = entitiesOf(world).find((one) => one.kind === kind && one.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}
