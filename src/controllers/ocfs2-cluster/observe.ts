import type { AoeVolume, Ocfs2Cluster } from "../../api/kinds.ts";
import type { Ocfs2ClusterSpec, Ocfs2ClusterStatus } from "../../api/ocfs2-cluster.ts";
import { bytesOf } from "../../api/quantity.ts";
import { findCondition, hasCondition } from "../../runtime/conditions.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { targetOf } from "../aoe-volume/export-parameters.ts";
import { directivesOf } from "../directives.ts";
import { type Gone, goneOf, heardWithoutHost } from "../gone/gone.ts";
import type { Machine } from "../hosts/machine.ts";
import { lastFacts, pending } from "../hosts/view.ts";
import { isOlder, type ObjectRef, refTo, type WorkRef } from "../identity.ts";
import { clusterSpec, hostSpec, volumeSpec } from "../specs.ts";
import type { World } from "../world.ts";
import { seeHolders } from "./holders.ts";
import type { ClusterObservation, NodeName, ObservedFilesystem, ObservedNode, ObservedVolume } from "./observation.ts";
import { seeRival } from "./rivals.ts";
import { seeStrangers } from "./strangers.ts";

/** Gathers from memory everything that the plan of a cluster depends on. `status` is newer than the object's. */
export function observeCluster(
  world: World,
  cluster: Ocfs2Cluster,
  spec: Ocfs2ClusterSpec,
  status: Ocfs2ClusterStatus,
): ClusterObservation {
  const { namespace = "", name, uid = "" } = cluster.metadata;
  const names = nodeNames(spec, status);
  return {
    owner: { namespace, name, uid },
    spec,
    formerUIDs: status.formerUIDs ?? [],
    approved: directivesOf(cluster.metadata).approved,
    timeouts: status.timeouts,
    nodes: names.map((node) => seeNode(world, cluster, names, node)),
    filesystems: seeFilesystems(world, cluster, spec, status, names),
  };
}

/**
 * The nodes of the spec, then those that the status still has. A host that the spec lists again under another number
 * must leave first: it may still write its heartbeat under the former one.
 */
function nodeNames(spec: Ocfs2ClusterSpec, status: Ocfs2ClusterStatus): NodeName[] {
  const numbers = new Map((status.nodes ?? []).map(({ hostRef, number }) => [hostRef.name, number]));
  const listed = spec.nodes
    .filter(({ hostRef, number }) => (numbers.get(hostRef.name) ?? number) === number)
    .map(({ hostRef, number, address, port }) => ({
      host: hostRef.name,
      number,
      name: hostRef.name.split(".")[0] ?? "",
      address,
      port,
      listed: true,
    }))
    .toSorted((one, other) => one.number - other.number);
  const hosts = new Set(listed.map(({ host }) => host));
  const former = (status.nodes ?? []).filter(({ hostRef }) => !hosts.has(hostRef.name));
  return [
    ...listed,
    ...former.map(({ hostRef: { name: host }, number, name, address, port }) => ({
      host,
      number,
      name,
      address,
      port,
      listed: false,
    })),
  ];
}

function seeNode(world: World, cluster: Ocfs2Cluster, names: readonly NodeName[], node: NodeName): ObservedNode {
  const { namespace = "", name: clusterName } = cluster.metadata;
  const object = world.stores.hosts.get({ namespace, name: node.host });
  const key = { namespace, name: node.host };
  if (object === undefined)
    return { ...node, state: "NotFound", heard: heardWithoutHost(world, key, { namespace, name: clusterName }) };
  const parsed = hostSpec(object);
  if (!parsed.ok) return { ...node, state: "Invalid", message: parsed.message };
  const id = refTo("Ocfs2Cluster", namespace, clusterName);
  const hostId = refTo("XenHost", namespace, node.host);
  const watched = world.machines.of(hostId);
  const owners = [id, ...labels(cluster).map((label) => workOf(id, label))];
  return {
    ...node,
    state: "Found",
    spec: parsed.spec,
    view: watched?.agent.view ?? pending,
    fresh: watched !== undefined && world.freshness.isFresh(id, watched) && world.freshness.isFresh(hostId, watched),
    trusted: watched?.trusted ?? false,
    beats: beatOf(goneOf(world, key)),
    neverReached:
      object.status?.facts === undefined &&
      lastFacts(watched?.agent.view) === undefined &&
      heardWithoutHost(world, key, { namespace, name: clusterName }) === undefined,
    rival: seeRival(world, cluster, names, node, watched),
    busy: watched !== undefined && owners.some((owner) => watched.agent.pending(owner)),
    removed: watched !== undefined && done(watched, id, "remove-cluster"),
    troubles:
      watched === undefined
        ? []
        : world.kernelReports
            .recent(watched, world.clock.monotonic())
            .flatMap(({ report }) => (report.kind === "IoError" || report.kind === "Ocfs2Error" ? [report] : [])),
  };
}

const beatOf = (gone: Gone): string | undefined => (gone.kind === "Beats" ? gone.message : undefined);

const done = (host: Machine, owner: WorkRef, action: string) =>
  host.agent.results(owner).some(({ step, outcome }) => step.action === action && outcome.kind === "done");

/** The owner of the jobs for one file system, so that a failure there does not delay the others. */
export const workOf = (cluster: ObjectRef, label: string): WorkRef =>
  label === "" ? cluster : { ...cluster, part: label };

/** Labels of every file system that the cluster has or had. */
export function labels(cluster: Ocfs2Cluster): string[] {
  const parsed = clusterSpec(cluster);
  return [
    ...new Set([
      ...(parsed.ok ? parsed.spec.filesystems.map(({ label }) => label) : []),
      ...(cluster.status?.filesystems ?? []).map(({ label }) => label),
    ]),
  ];
}

function seeFilesystems(
  world: World,
  cluster: Ocfs2Cluster,
  spec: Ocfs2ClusterSpec,
  status: Ocfs2ClusterStatus,
  names: readonly NodeName[],
): ObservedFilesystem[] {
  const { namespace = "", name } = cluster.metadata;
  const id = refTo("Ocfs2Cluster", namespace, name);
  const recorded = new Map((status.filesystems ?? []).map((one) => [one.label, one]));
  const listed = spec.filesystems.map((one) => ({ label: one.label, spec: one, volumeName: one.volumeRef.name }));
  const known = new Set(listed.map(({ label }) => label));
  const former = [...recorded.values()]
    .filter(({ label }) => !known.has(label))
    .map(({ label, volumeRef: { name: volume } = { name: "" } }) => ({ label, spec: undefined, volumeName: volume }));
  return [...listed, ...former].map(({ label, spec: one, volumeName }) => {
    const kept = recorded.get(label);
    const volume = seeVolume(world, cluster, volumeName);
    const device = volume.state === "Found" ? volume.device : kept?.device;
    const hosts = names.map((node) => ({ node, watched: world.machines.of(refTo("XenHost", namespace, node.host)) }));
    const work = workOf(id, label);
    const busyOn = hosts.flatMap(({ node, watched }) => (watched?.agent.pending(work) === true ? [node.host] : []));
    return {
      label,
      spec: one,
      recorded: kept,
      volume,
      strangers: device === undefined ? { kind: "None" } : seeStrangers(world, device, hosts),
      holders: device === undefined ? [] : seeHolders(world, device, hosts),
      formatting: busyOn.find((host) => kept?.uuid === undefined && host === kept?.format?.hostRef.name),
      busyOn,
      grownOn: hosts.flatMap(({ node, watched }) =>
        watched !== undefined && done(watched, work, "grow-filesystem") ? [node.host] : [],
      ),
    };
  });
}

function seeVolume(world: World, cluster: Ocfs2Cluster, name: string): ObservedVolume {
  const { namespace = "" } = cluster.metadata;
  const volume = world.stores.volumes.get({ namespace, name });
  const parsed = volume && volumeSpec(volume);
  if (volume === undefined || parsed?.ok !== true) return { state: "NotFound", name };
  const rival = world.stores.clusters
    .byIndex("volume", `${namespace}/${name}`)
    .find((other) => other.metadata.name !== cluster.metadata.name && isOlder(other, cluster));
  if (rival !== undefined)
    return {
      state: "Taken",
      name,
      message: `AoeVolume ${name} belongs to the older Ocfs2Cluster ${rival.metadata.name}`,
    };
  const { status } = volume;
  const size = status?.size;
  const problem = problemOf(volume);
  const server = lastFacts(world.machines.of(refTo("AoeServer", namespace, parsed.spec.serverRef.name))?.agent.view);
  return {
    state: "Found",
    name,
    device: `/dev/etherd/${targetOf(parsed.spec)}`,
    sizeBytes: size === undefined || problem !== undefined ? undefined : bytesOf(size),
    attached:
      problem === undefined
        ? (status?.clients ?? []).flatMap((client) => (client.state === "Attached" ? [client.hostRef.name] : []))
        : [],
    problem,
    synced: parsed.spec.sync === "Enabled",
    serverName: server?.identity.state === "known" ? server.identity.value.hostname : undefined,
  };
}

/** Why the clients in the volume's status are not reliable. */
function problemOf(volume: AoeVolume): string | undefined {
  const { metadata, status } = volume;
  if (isDeleting(volume)) return "it is being deleted";
  const conflicted = findCondition(status?.conditions, "Conflicted");
  if (conflicted?.status !== "False") return conflicted?.message ?? "it has not been checked yet";
  if (hasCondition(status?.conditions, "Exported", "True", metadata.generation)) return undefined;
  const exported = findCondition(status?.conditions, "Exported");
  // A volume on an observed server is exported as it is, even if xensan would configure it differently.
  if (exported?.reason === "ObserveOnly" && status?.server !== undefined) return undefined;
  return exported?.message ?? "it has not been checked yet";
}
