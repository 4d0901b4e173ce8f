import { type Ocfs2ClusterSpec, ocfs2ClusterSpecSchema } from "../../../../src/api/ocfs2-cluster.ts";
import { xenHostSpecSchema } from "../../../../src/api/xen-host.ts";
import type {
  ClusterObservation,
  Holder,
  ObservedFilesystem,
  ObservedNode,
  ObservedVolume,
} from "../../../../src/controllers/ocfs2-cluster/observation.ts";
import type { HostFacts } from "../../../../src/host/facts.ts";
import type {
  ActiveCluster,
  MountPointFact,
  O2cb,
  Ocfs2Superblock,
  SharedDevice,
} from "../../../../src/host/ocfs2-facts.ts";
import { effectiveMountOptions } from "../../../../src/host/ocfs2-values.ts";
import { ssh } from "../aoe-volume/observations.ts";
import { known, reachable } from "../facts.ts";

export const uuid = "7a3c2f10-5b1d-4c7e-9a66-0d1e2f3a4b5c";
export const region = "7A3C2F105B1D4C7E9A660D1E2F3A4B5C";
export const device = "/dev/etherd/e0.1";
export const owner = { namespace: "san", name: "data", uid: "1" };
export const mark = "san/data 1";
export const bytes = 2 ** 31;

/** How a cluster differs from one of bella and brutus with DATA mounted on both and nothing to do. */
export interface Change {
  readonly spec?: object;
  readonly bella?: NodeChange | undefined;
  readonly brutus?: NodeChange | undefined;
  /** Other nodes: no longer in the spec, or new. */
  readonly others?: readonly ObservedNode[];
  readonly filesystem?: Partial<ObservedFilesystem>;
  readonly formerUIDs?: readonly string[];
  /** Timeouts in force; undefined: none were ever recorded. */
  readonly timeouts?: ClusterObservation["timeouts"];
}

type FoundNode = Extract<ObservedNode, { state: "Found" }>;
type NodeChange = Partial<HostFacts> | ((node: FoundNode) => ObservedNode);

const numbers = { bella: 0, brutus: 1, carl: 2 } as const;
type Name = keyof typeof numbers;

/** Number, name, address and port of a node. */
export const seat = (name: Name) => ({
  ...{ number: numbers[name], name, address: `192.168.0.${numbers[name] + 1}`, port: 7777 },
});

/** The timeouts of a spec without any. */
export const timeouts = {
  ...{ heartbeatThreshold: 31, idleMilliseconds: 30_000, keepaliveMilliseconds: 2000, reconnectMilliseconds: 2000 },
};

/** The cluster in the kernel of a node. */
export const active = (rest: Partial<ActiveCluster> = {}): ActiveCluster => ({
  ...timeouts,
  ...{ name: "data", heartbeatMode: "Local", fenceMethod: "Reset", regions: [{ uuid: region, device }] },
  nodes: [
    { ...seat("bella"), local: true },
    { ...seat("brutus"), local: false },
  ],
  ...{ liveNodes: [0, 1], connectedNodes: [0, 1], ...rest },
});

/** cluster.conf as xensan writes it. */
export const clusterConf = (
  rest: Partial<Extract<O2cb["configuration"], { state: "Readable" }>> = {},
): O2cb["configuration"] => ({
  ...{ state: "Readable", owner: mark, clusters: [{ name: "data", heartbeatMode: "Local" }], regions: [] },
  nodes: [seat("bella"), seat("brutus")].map((one) => ({ ...one, cluster: "data" })),
  ...rest,
});

/** O2CB of a node, configured and online. */
export const o2cb = (rest: Partial<O2cb> = {}): O2cb => ({
  ...{
    kernel: "Module",
    loaded: true,
    configuration: clusterConf(),
    boot: { enabled: true, cluster: "data", timeouts },
  },
  ...{ bootOrder: true, panicOnOops: { now: 1, persisted: true }, panic: { now: 30, persisted: true } },
  ...{ active: active(), ...rest },
});

export const superblock = (rest: Partial<Ocfs2Superblock> = {}): Ocfs2Superblock => ({
  ...{ uuid, label: "DATA", stack: "o2cb", cluster: "data", globalHeartbeat: false, nodeSlots: 4 },
  ...{ sizeBytes: bytes, blockSize: 4096, clusterSize: 4096, ...rest },
});

export const mount = (rest: Partial<SharedDevice["mounts"][number]> = {}): SharedDevice["mounts"][number] => ({
  ...{ mountPoint: "/srv/data", access: "ReadWrite", options: effectiveMountOptions([]), ...rest },
});

/** The device with the file system, mounted. */
export const shared = (rest: Partial<SharedDevice> = {}): SharedDevice => ({
  ...{ path: device, content: "Ocfs2", signature: "ocfs2", sizeBytes: bytes, superblock: superblock() },
  ...{ heartbeats: [], mounts: [mount()], ...rest },
  slots: rest.slots ?? [
    { slot: 0, node: 0 },
    { slot: 1, node: 1 },
  ],
});

/** The entry of fstab for the file system. */
export const persisted = (rest: Partial<NonNullable<MountPointFact["persisted"]>> = {}) => ({
  ...{ source: device, owner: mark },
  options: ["_netdev", "noauto", "x-systemd.requires=o2cb.service", ...effectiveMountOptions([])],
  ...rest,
});

/** The directory of the file system. */
export const mountPoint = (rest: Partial<MountPointFact> = {}): MountPointFact => ({
  ...{ path: "/srv/data", kind: "Directory", empty: undefined, immutable: undefined, persisted: persisted(), ...rest },
});

/** Facts of a node that is not mounted now, nor at boot. */
export const unmounted = (rest: Partial<SharedDevice> = {}): Partial<HostFacts> => ({
  sharedDevices: known([shared({ mounts: [], ...rest })]),
  mountPoints: known([mountPoint({ empty: true, persisted: undefined })]),
});

/** Node `name`, with DATA mounted and nothing to do. */
export const node = (name: Name, given: Partial<HostFacts> = {}): FoundNode => ({
  ...{ host: name, ...seat(name), listed: true, state: "Found" },
  spec: xenHostSpecSchema.parse({ ssh, aoe: { interfaces: ["eth1"] } }),
  view: reachable({
    identity: known({ hostname: name, machineId: name, bootId: "b", claims: new Map() }),
    tools: known(new Map(["o2cb", "mkfs.ocfs2"].map((tool) => [tool, `/sbin/${tool}`]))),
    ...{ o2cb: known(o2cb()), sharedDevices: known([shared()]), mountPoints: known([mountPoint()]) },
    ...{ formats: known([]), ...given },
  }),
  ...{
    fresh: true,
    trusted: true,
    beats: undefined,
    neverReached: false,
    rival: undefined,
    busy: false,
    removed: false,
    troubles: [],
  },
});

/** AoeVolume data, served and seen by both. */
export const volume = (rest: Partial<Extract<ObservedVolume, { state: "Found" }>> = {}): ObservedVolume => ({
  ...{ state: "Found", name: "data", device, sizeBytes: bytes, attached: ["bella", "brutus"], problem: undefined },
  ...{ synced: true, serverName: "san1", ...rest },
});

/** Both nodes have mounted it since before the last look; what is given applies to brutus. */
export const holders = (brutus: Partial<Holder> = {}): readonly Holder[] => [
  { host: "bella", since: 0, silent: false },
  { host: "brutus", since: 0, silent: false, ...brutus },
];

const specOf = (change: object): Ocfs2ClusterSpec =>
  ocfs2ClusterSpecSchema.parse({
    clusterName: "data",
    nodes: (["bella", "brutus"] as const).map((name) => {
      const { number, address } = seat(name);
      return { hostRef: { name }, number, address };
    }),
    filesystems: [{ label: "DATA", volumeRef: { name: "data" }, mountPoint: "/srv/data", nodeSlots: 4 }],
    ...change,
  });

const changed = (name: Name, change: NodeChange = {}): ObservedNode =>
  typeof change === "function" ? change(node(name)) : node(name, change);

/** Ocfs2Cluster san/data with this change. */
export function cluster(change: Change = {}): ClusterObservation {
  const spec = specOf(change.spec ?? {});
  const filesystem: ObservedFilesystem = {
    ...{
      label: "DATA",
      spec: spec.filesystems[0],
      strangers: { kind: "None" },
      holders: holders(),
      formatting: undefined,
    },
    ...{ busyOn: [], grownOn: [], volume: volume() },
    recorded: { label: "DATA", uuid, device, mountPoint: "/srv/data" },
    ...change.filesystem,
  };
  return {
    ...{
      owner,
      spec,
      formerUIDs: change.formerUIDs ?? [],
      approved: undefined,
      timeouts: "timeouts" in change ? change.timeouts : timeouts,
    },
    nodes: [changed("bella", change.bella), changed("brutus", change.brutus), ...(change.others ?? [])],
    filesystems: [filesystem],
  };
}

/** A finding with only this. */
export const only = (given: object) => ({
  ...{ conditions: [], steps: [], writes: [], previews: [], lookAgain: false, ...given },
});
