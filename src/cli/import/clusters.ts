import { z } from "zod";
import { ocfs2FilesystemSchema } from "../../api/ocfs2-filesystem.ts";
import { meansFilesystem } from "../../host/fstab.ts";
import type { ActiveCluster, O2cb, O2cbConfiguration, O2cbTimeouts, SharedDevice } from "../../host/ocfs2-facts.ts";
import { type Draft, distinct, given } from "./draft.ts";
import { type FstabEntry, parseFstab } from "./fstab.ts";
import { factOf, gapsOf, markedName, type NamedHost, objectName } from "./look.ts";
import type { VolumeDraft } from "./san.ts";

/** A file system of a cluster, as mounted on the dom0s. */
export interface Share {
  /** The Ocfs2Cluster. */
  readonly cluster: string;
  readonly label: string;
  readonly mountPoint: string;
  /** XenHosts on which it is mounted. */
  readonly hosts: readonly string[];
  /** suid, dev and exec, if it is mounted with them. */
  readonly harmful: readonly string[];
}

/** The label of the OCFS2 file system on a device, as seen by any dom0; undefined if none sees one. */
export function labelOn(hosts: readonly NamedHost[], target: string): string | undefined {
  const label = devicesOf(hosts).get(`/dev/etherd/${target}`)?.superblock?.label;
  return label === "" ? undefined : label;
}

/** Drafts of the O2CB clusters of the dom0s, with their file systems. */
export function draftClusters(
  hosts: readonly NamedHost[],
  volumes: readonly VolumeDraft[],
): { readonly clusters: readonly Draft[]; readonly shares: readonly Share[] } {
  const members = Map.groupBy(
    hosts.flatMap((host) => {
      const o2cb = factOf(host.facts.o2cb);
      const name = o2cb && clusterOf(o2cb);
      return o2cb === undefined || name === undefined ? [] : [{ host, o2cb, name }];
    }),
    ({ name }) => name,
  );
  const first = members.keys().next().value;
  const found = [...devicesOf(hosts)].flatMap(([path, device]) => {
    const { superblock } = device;
    if (superblock === undefined) return [];
    return [{ path, superblock, of: members.has(superblock.cluster) ? superblock.cluster : first }];
  });
  const drafted = [...members].map(([name, all]) => {
    const owner = all.map(({ o2cb }) => ownerOf(o2cb.configuration)).find((mark) => mark !== undefined);
    const object = owner ?? objectName(name);
    const nodes = nodesOf(name, all);
    const timeouts = timeoutsOf(all);
    const active = all.map(({ o2cb }) => o2cb.active).find((one) => one?.name === name);
    const filesystems = found
      .filter(({ of }) => of === name)
      .map(({ path, superblock }) => filesystemOf({ cluster: object, name, path, superblock }, hosts, volumes));
    const whole = filesystems.flatMap(({ spec }) => (spec === undefined ? [] : [spec]));
    const lost = [
      ...nodes.lost,
      ...timeouts.lost,
      ...all.flatMap((member) => beside(member, found)),
      ...filesystems.flatMap((one) => one.lost),
    ];
    const draft: Draft = {
      kind: "Ocfs2Cluster",
      name: object,
      found: all.map(({ host, o2cb }) => `${host.name}: ${stateOf(name, o2cb)}`),
      notImported: lost.map((line) => `Ocfs2Cluster ${object}: ${line}`),
      spec: given({
        clusterName: name,
        nodes: nodes.spec,
        timeouts: timeouts.spec,
        heartbeatMode: heartbeatOf(name, all) === "Global" ? "Global" : undefined,
        fenceMethod: active?.fenceMethod === "Panic" ? "Panic" : undefined,
        filesystems: whole.length === 0 ? undefined : whole,
      }),
    };
    return { draft, shares: filesystems.flatMap(({ share }) => share ?? []) };
  });
  const gaps = hosts.flatMap((host) =>
    [
      ...gapsOf("O2CB", host.facts.o2cb),
      ...unreadOf(host),
      // Without AoE devices, no shared device is probed.
      ...((factOf(host.facts.aoeDevices) ?? []).length === 0 ? [] : gapsOf("shared devices", host.facts.sharedDevices)),
    ].map((line) => `${host.name}: ${line}`),
  );
  const homeless = found
    .filter(({ of }) => of === undefined)
    .map(({ path }) => `the OCFS2 file system on ${path}: no host is in a cluster`);
  const lines = [...gaps, ...homeless, ...otherMounts(hosts)];
  const rest: Draft[] =
    lines.length === 0 ? [] : [{ kind: "Ocfs2Cluster", name: "", found: [], notImported: lines, spec: undefined }];
  return {
    clusters: [...drafted.map(({ draft }) => draft), ...rest],
    shares: drafted.flatMap(({ shares }) => shares),
  };
}

/** The cluster with images on its file systems that any domain may read, by their shares. */
export function withTemplates(
  cluster: Draft,
  templates: readonly { readonly share: Share; readonly path: string }[],
): Draft {
  const own = templates.filter(({ share }) => share.cluster === cluster.name);
  const { filesystems: listed } = cluster.spec ?? {};
  const filesystems = z.array(z.looseObject({ label: z.string() })).safeParse(listed);
  if (own.length === 0 || !filesystems.success) return cluster;
  const allowed = filesystems.data.map((filesystem) => {
    const here = distinct(own.filter(({ share }) => share.label === filesystem.label).map(({ path }) => path));
    return here.length === 0 ? filesystem : { ...filesystem, templates: here };
  });
  return { ...cluster, spec: { ...cluster.spec, filesystems: allowed } };
}

/** A cluster.conf that the tools cannot read, of whatever cluster. */
function unreadOf({ facts }: NamedHost): string[] {
  const configuration = factOf(facts.o2cb)?.configuration;
  return configuration?.state === "Unreadable" ? [`/etc/ocfs2/cluster.conf cannot be read: ${configuration.why}`] : [];
}

/** Entries of cluster.conf other than the nodes of its host's cluster. */
function beside(
  { host, o2cb: { configuration }, name }: Member,
  found: readonly { readonly superblock: { readonly uuid: string } }[],
) {
  if (configuration?.state !== "Readable") return [];
  const { clusters, nodes, regions } = configuration;
  const mode = clusters.find((cluster) => cluster.name === name)?.heartbeatMode;
  const known = new Set(found.map(({ superblock }) => superblock.uuid.replaceAll("-", "").toLowerCase()));
  const stray = nodes.filter(({ cluster }) => clusters.every((one) => one.name !== cluster));
  return [
    ...clusters
      .filter((cluster) => cluster.name !== name)
      .map(
        (cluster) =>
          `the cluster ${JSON.stringify(cluster.name)}: a host is in only one cluster, and this host is in ${name}`,
      ),
    ...stray.map((node) => `node ${node.number} ${JSON.stringify(node.name)}: its cluster is not in the file`),
    ...regions
      .filter(({ cluster, region }) => cluster === name && !(mode === "Global" && known.has(region.toLowerCase())))
      .map(({ region }) =>
        mode === "Global"
          ? `the heartbeat on ${region}: no file system with this UUID was found`
          : `the heartbeat on ${region}: heartbeat_mode is local, so it is not written`,
      ),
  ].map((line) => `/etc/ocfs2/cluster.conf of ${host.name}: ${line}`);
}

interface Member {
  readonly host: NamedHost;
  readonly o2cb: O2cb;
  readonly name: string;
}

/** Devices by path; among several views of a device, one with a superblock wins. */
function devicesOf(hosts: readonly NamedHost[]): Map<string, SharedDevice> {
  const devices = new Map<string, SharedDevice>();
  for (const host of hosts)
    for (const device of factOf(host.facts.sharedDevices) ?? [])
      if (devices.get(device.path)?.superblock === undefined) devices.set(device.path, device);
  return devices;
}

/** The running cluster, else the one that starts at boot, else the first one in the file. */
function clusterOf({ active, boot, configuration }: O2cb): string | undefined {
  if (active !== undefined) return active.name;
  const names = configuration?.state === "Readable" ? configuration.clusters.map(({ name }) => name) : [];
  return names.find((name) => name === boot?.cluster) ?? names[0];
}

function ownerOf(configuration: O2cbConfiguration | undefined): string | undefined {
  return configuration?.state === "Readable" ? markedName(configuration.owner) : undefined;
}

function stateOf(name: string, { active, configuration }: O2cb): string {
  const file = configuration === undefined ? "no cluster.conf" : `cluster.conf ${configuration.state.toLowerCase()}`;
  return `${file}, the cluster is ${active?.name === name ? "online" : "offline"}`;
}

/** The nodes in cluster.conf, else those that the kernel knows. */
function nodesOf(name: string, all: readonly Member[]): { readonly spec: readonly unknown[]; readonly lost: string[] } {
  const lists = all.map(({ host, o2cb }) => ({ host, nodes: configured(name, o2cb) }));
  const chosen = lists.find(({ nodes }) => nodes.length > 0);
  const text = (nodes: readonly { number: number; name: string; address: string; port: number }[]) =>
    nodes.map((node) => `${node.number} ${node.name} ${node.address}:${node.port}`).join(", ");
  const nodes = (chosen?.nodes ?? []).toSorted((a, b) => a.number - b.number);
  const lost = lists
    .filter((one) => one.nodes.length > 0 && text(one.nodes) !== text(chosen?.nodes ?? []))
    .map((one) => `the nodes on ${one.host.name} differ from those on ${chosen?.host.name}: ${text(one.nodes)}`);
  const spec = nodes.map((node) => {
    const short = node.name.replace(/\..*$/, "");
    const member = all.find(({ host }) => host.hostname.toLowerCase() === short.toLowerCase())?.host;
    const hostRef = member?.name ?? objectName(short);
    if (member === undefined)
      lost.push(
        `node ${node.number} is ${JSON.stringify(node.name)}, which is not one of the probed hosts: add it with --host`,
      );
    const called = hostRef.replace(/\..*$/, "");
    if (called !== node.name)
      lost.push(
        called === node.name.toLowerCase()
          ? `node ${node.number} is called ${JSON.stringify(node.name)}, and xensan would write ${JSON.stringify(called)} to cluster.conf: O2CB compares names without case`
          : `node ${node.number} is called ${JSON.stringify(node.name)}, and would be ${JSON.stringify(called)}, the short name of its XenHost: change it on every node first`,
      );
    return given({
      number: node.number,
      hostRef: { name: hostRef },
      address: node.address,
      port: node.port === 7777 ? undefined : node.port,
    });
  });
  return { spec, lost };
}

function configured(name: string, { configuration, active }: O2cb) {
  const file = configuration?.state === "Readable" ? configuration.nodes.filter(({ cluster }) => cluster === name) : [];
  return file.length > 0 ? file : active?.name === name ? active.nodes : [];
}

const defaultTimeouts: O2cbTimeouts = {
  heartbeatThreshold: 31,
  idleMilliseconds: 30_000,
  keepaliveMilliseconds: 2000,
  reconnectMilliseconds: 2000,
};
const timeoutNames = [
  "heartbeatThreshold",
  "idleMilliseconds",
  "keepaliveMilliseconds",
  "reconnectMilliseconds",
] as const;

/** The timeouts in effect, else those for the next boot; omits defaults. */
function timeoutsOf(all: readonly Member[]): { readonly spec: unknown; readonly lost: readonly string[] } {
  const of = ({ o2cb: { active, boot }, name }: Member): Partial<O2cbTimeouts> =>
    active?.name === name
      ? active
      : Object.fromEntries(
          timeoutNames.flatMap((key) => (boot?.timeouts[key] === undefined ? [] : [[key, boot.timeouts[key]]])),
        );
  const online = all.find(({ o2cb, name }) => o2cb.active?.name === name) ?? all[0];
  if (online === undefined) return { spec: undefined, lost: [] };
  const chosen = of(online);
  const value = (timeouts: Partial<O2cbTimeouts>, key: keyof O2cbTimeouts) => timeouts[key] ?? defaultTimeouts[key];
  const lost = all.flatMap((member) =>
    timeoutNames
      .filter((key) => value(of(member), key) !== value(chosen, key))
      .map(
        (key) =>
          `${key} is ${value(of(member), key)} on ${member.host.name} and ${value(chosen, key)} on ${online.host.name}`,
      ),
  );
  const spec = given(
    Object.fromEntries(
      timeoutNames.map((key) => [key, value(chosen, key) === defaultTimeouts[key] ? undefined : value(chosen, key)]),
    ),
  );
  return { spec: Object.keys(spec).length === 0 ? undefined : spec, lost };
}

function heartbeatOf(name: string, all: readonly Member[]): ActiveCluster["heartbeatMode"] | undefined {
  for (const { o2cb } of all) {
    if (o2cb.active?.name === name) return o2cb.active.heartbeatMode;
    if (o2cb.configuration?.state !== "Readable") continue;
    const found = o2cb.configuration.clusters.find((cluster) => cluster.name === name);
    if (found !== undefined) return found.heartbeatMode;
  }
  return undefined;
}

interface Found {
  readonly cluster: string;
  readonly name: string;
  readonly path: string;
  readonly superblock: NonNullable<SharedDevice["superblock"]>;
}

function filesystemOf(
  { cluster, name, path, superblock }: Found,
  hosts: readonly NamedHost[],
  volumes: readonly VolumeDraft[],
): { readonly spec?: Record<string, unknown>; readonly share?: Share; readonly lost: readonly string[] } {
  const { label, uuid } = superblock;
  const what = `the OCFS2 file system ${JSON.stringify(label)} on ${path}`;
  const volume = volumes.find(({ target, spec }) => `/dev/etherd/${target}` === path && spec !== undefined);
  const sights = hosts.flatMap((host) => {
    const device = factOf(host.facts.sharedDevices)?.find((one) => one.path === path);
    const entry = fstabOf(host).find(
      (one) => one.type === "ocfs2" && meansFilesystem(one.source, { device: path, uuid, label }),
    );
    const mount = device?.mounts[0];
    return device === undefined ? [] : [{ host, entry, mount }];
  });
  const points = [...new Set(sights.flatMap(({ entry, mount }) => mount?.mountPoint ?? entry?.mountPoint ?? []))];
  const [mountPoint] = points;
  if (label === "") return { lost: [`${what}: it has no label; give it one with tunefs.ocfs2 -L`] };
  if (volume === undefined) return { lost: [`${what}: no imported volume has this address`] };
  if (mountPoint === undefined)
    return { lost: [`${what}: no host mounts it, now or at boot, so its mount point is unknown`] };
  const entry = sights.find((sight) => sight.entry !== undefined)?.entry;
  const mounted = sights.find((sight) => sight.mount !== undefined)?.mount;
  const options = mountOptionsOf(
    // xensan mounts with its own unit, and marks its fstab entry noauto so that nothing else does.
    entry?.options.filter((option) => !entry.ours || option !== "noauto") ?? mounted?.options ?? [],
    entry === undefined ? "Kernel" : "Fstab",
  );
  const absent = sights.filter(({ mount }) => mount === undefined).map(({ host }) => host.name);
  const lost = [
    ...points.slice(1).map((other) => `${what}: it is mounted on ${mountPoint}, and on another host on ${other}`),
    // Plain mkfs.ocfs2 writes no cluster name: the cluster that is online may mount it.
    ...(superblock.cluster === name || superblock.cluster === ""
      ? []
      : [`${what}: its superblock names the cluster ${superblock.cluster}, not ${name}`]),
    ...(absent.length === 0 ? [] : [`${what}: it is not mounted on ${absent.join(", ")}; xensan would mount it`]),
    ...options.lost.map((option) => `${what}: the mount option ${option} has no field`),
  ];
  const spec = given({
    label,
    volumeRef: { name: volume.name },
    mountPoint,
    mountOptions: options.kept.length === 0 ? undefined : options.kept,
    nodeSlots: superblock.nodeSlots,
    format: "Never",
  });
  const problem = ocfs2FilesystemSchema.safeParse(spec);
  if (!problem.success) {
    const issue = problem.error.issues[0];
    return { lost: [...lost, `${what}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`] };
  }
  const on = sights.flatMap(({ host, mount }) => (mount === undefined ? [] : [host.name]));
  return { spec, share: { cluster, label, mountPoint, hosts: on, harmful: options.harmful }, lost };
}

/** Options that apply by default, or that the kernel shows without being asked for them. */
const implied =
  /^(defaults|auto|rw|relatime|_netdev|nosuid|nodev|noexec|nouser|async|x-systemd\.requires=o2cb\.service)$/;
const shownByKernel =
  /^(heartbeat=\w+|cluster_stack=\w+|errors=remount-ro|data=ordered|atime_quantum=60|coherency=full|user_xattr|acl|(no)?intr|localalloc=\d+|resv_level=\d+|dir_resv_level=\d+|preferred_slot=\d+|commit=5)$/;
const harmfulOptions = ["suid", "dev", "exec"] as const;

function mountOptionsOf(
  options: readonly string[],
  from: "Fstab" | "Kernel",
): { readonly kept: readonly string[]; readonly harmful: readonly string[]; readonly lost: readonly string[] } {
  const harmful = harmfulOptions.filter((option) => !options.includes(`no${option}`));
  const others = options.filter(
    (option) =>
      !implied.test(option) &&
      !harmfulOptions.some((word) => word === option) &&
      !(from === "Kernel" && shownByKernel.test(option)),
  );
  const accepted = (option: string) => ocfs2FilesystemSchema.shape.mountOptions.safeParse([option]).success;
  return {
    kept: [...harmful, ...others.filter(accepted)],
    harmful,
    lost: others.filter((option) => !accepted(option)),
  };
}

/** /etc/fstab of a host; empty if it was not read. */
export function fstabOf({ files }: NamedHost): readonly FstabEntry[] {
  return parseFstab(files.find(({ path }) => path === "/etc/fstab")?.text ?? "");
}

/** OCFS2 file systems that are not on AoE devices. */
function otherMounts(hosts: readonly NamedHost[]): string[] {
  return hosts.flatMap((host) =>
    (factOf(host.facts.mounts) ?? [])
      .filter(({ type, source }) => type === "ocfs2" && !/^\/dev\/etherd\/e\d+\.\d+$/.test(source))
      .map(
        ({ source, mountPoint }) =>
          `${host.name}: the OCFS2 file system on ${mountPoint}: ${source} is not an AoE device`,
      ),
  );
}
