import type { AoeVolumeSpec } from "../../api/aoe-volume.ts";
import type { AoeVolume } from "../../api/kinds.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { approvalThatCounts } from "../directives.ts";
import { heardWithoutHost } from "../gone/gone.ts";
import { addressOf } from "../hosts/endpoint.ts";
import type { Machine } from "../hosts/machine.ts";
import { addressText, currentFacts, lastFacts, lookUp, pending } from "../hosts/view.ts";
import { hostText, isOlder, type ObjectRef, RefSet, refTo } from "../identity.ts";
import { hostSpec, serverSpec, volumeSpec } from "../specs.ts";
import type { World } from "../world.ts";
import { interfaceMac, ownExports } from "./ensure-address.ts";
import { backingPath, interfaceOf, segmentOn, targetOf } from "./export-parameters.ts";
import type {
  Bystander,
  ObservedClient,
  ObservedHost,
  ObservedServer,
  Rival,
  VolumeObservation,
} from "./observation.ts";

/** Gathers from memory everything that the plan of a volume depends on. */
export function observeVolume(world: World, volume: AoeVolume, spec: AoeVolumeSpec): VolumeObservation {
  const { namespace = "", name, uid = "" } = volume.metadata;
  const { server, clients, size, backing, formerUIDs } = volume.status ?? {};
  return {
    owner: { namespace, name, uid },
    spec,
    recorded: {
      ...(server === undefined ? {} : { server }),
      ...(clients === undefined ? {} : { clients }),
      ...(size === undefined ? {} : { size }),
      ...(backing === undefined ? {} : { backing }),
      ...(formerUIDs === undefined ? {} : { formerUIDs }),
    },
    approved: approvalThatCounts(volume),
    server: seeServer(world, volume, spec),
    ...seeWork(world, volume, spec),
    clients: seeClients(world, volume, spec),
    bystanders: seeBystanders(world, volume, spec),
    rival: findRival(world, volume, spec),
    clusters: world.stores.clusters.byIndex("volume", `${namespace}/${name}`).map(({ metadata }) => metadata.name),
  };
}

function seeServer(world: World, volume: AoeVolume, spec: AoeVolumeSpec): ObservedServer {
  const { namespace = "" } = volume.metadata;
  const { name } = spec.serverRef;
  const server = world.stores.servers.get({ namespace, name });
  if (server === undefined) return { state: "NotFound", name };
  const parsed = serverSpec(server);
  if (!parsed.ok) return { state: "Invalid", name, message: parsed.message };
  const leftOut = world.machines.of(refTo("AoeServer", namespace, name))?.leftOut.has(backingPath(spec)) ?? false;
  return { state: "Found", name, spec: parsed.spec, leftOut, ...see(world, volume, "AoeServer", name) };
}

function seeWork(world: World, volume: AoeVolume, spec: AoeVolumeSpec): { busy: boolean; removed: boolean } {
  const { namespace = "", name } = volume.metadata;
  const id = refTo("AoeVolume", namespace, name);
  const host = world.machines.of(refTo("AoeServer", namespace, spec.serverRef.name));
  if (host === undefined) return { busy: false, removed: false };
  const done = host.agent.results(id).filter(({ outcome }) => outcome.kind === "done");
  return {
    busy: host.agent.pending(id),
    removed: done.some(({ step }) => step.action === "remove-export"),
  };
}

function seeClients(world: World, volume: AoeVolume, spec: AoeVolumeSpec): ObservedClient[] {
  const listed = (spec.clientRefs ?? []).map(({ name }) => name);
  const former = (volume.status?.clients ?? []).filter(
    ({ hostRef: { name }, state }) => !listed.includes(name) && state !== "Missing" && wasReached(world, volume, name),
  );
  return [
    ...listed.map((name) => seeClient(world, volume, spec, name, true)),
    ...former.map(({ hostRef: { name } }) => seeClient(world, volume, spec, name, false)),
  ];
}

function seeClient(
  world: World,
  volume: AoeVolume,
  spec: AoeVolumeSpec,
  name: string,
  listed: boolean,
): ObservedClient {
  const { namespace = "" } = volume.metadata;
  const host = world.stores.hosts.get({ namespace, name });
  if (host === undefined)
    return { name, listed, state: "NotFound", heard: heardWithoutHost(world, { namespace, name }) };
  const parsed = hostSpec(host);
  if (!parsed.ok) return { name, listed, state: "Invalid", message: parsed.message };
  const sight = see(world, volume, "XenHost", name);
  const server = world.machines.of(refTo("AoeServer", namespace, spec.serverRef.name));
  const isServer =
    server !== undefined && isSameMachine(world, server, world.machines.of(refTo("XenHost", namespace, name)));
  return { name, listed, state: "Found", spec: parsed.spec, isServer, ...sight };
}

/**
 * Whether both have the same SSH endpoint, or report the same machine-id and boot id. Between a reboot and the next look
 * at both, a client that is the server passes for another machine, which sees no export of its own and does no harm.
 */
function isSameMachine(world: World, server: Machine, client: Machine | undefined): boolean {
  if (client === undefined) return false;
  if (addressOf(server.endpoint.ssh) === addressOf(client.endpoint.ssh)) return true;
  return world.machines.sameAs(server).includes(client);
}

function see(world: World, volume: AoeVolume, kind: "AoeServer" | "XenHost", name: string): ObservedHost {
  const { namespace = "" } = volume.metadata;
  const id = refTo(kind, namespace, name);
  const host = world.machines.of(id);
  const volumeName = refTo("AoeVolume", namespace, volume.metadata.name);
  return {
    host: hostText({ kind, name }),
    view: host?.agent.view ?? pending,
    fresh: host !== undefined && world.freshness.isFresh(volumeName, host) && world.freshness.isFresh(id, host),
    trusted: host?.trusted ?? false,
  };
}

/**
 * Other dom0s that see this export: the AoE driver discovers every device on its segment. For a volume that is being
 * deleted also hosts that have not answered since this process began: they may hold it. A host of another namespace
 * counts only if it has named the server's MAC address, which it learns on the segment: elsewhere its word could keep
 * other people's volumes.
 */
function seeBystanders(world: World, volume: AoeVolume, spec: AoeVolumeSpec): Bystander[] {
  const { namespace = "", name, uid = "" } = volume.metadata;
  const server = world.stores.servers.get({ namespace, name: spec.serverRef.name });
  const parsed = server && serverSpec(server);
  const watched = world.machines.of(refTo("AoeServer", namespace, spec.serverRef.name));
  const facts = lastFacts(watched?.agent.view);
  if (parsed?.ok !== true || facts === undefined) return [];
  const own =
    facts.exports.state === "known" ? ownExports({ owner: { namespace, name, uid } }, facts.exports.value) : [];
  const served = [
    { target: spec, mac: interfaceMac(facts, interfaceOf(spec, parsed.spec)) },
    ...own.map((one) => ({ target: one, mac: interfaceMac(facts, one.interface) })),
  ];
  const known = new RefSet(
    [...(spec.clientRefs ?? []), ...(volume.status?.clients ?? []).map(({ hostRef }) => hostRef)].map((client) =>
      refTo("XenHost", namespace, client.name),
    ),
  );
  const sights: Bystander[] = [];
  for (const host of world.machines.all()) {
    const members = [...host.members.keys()];
    const near = host.endpoint.namespace === namespace;
    const mayHold = isDeleting(volume) && (near ? isUnasked(world, host) : served.some((one) => saw(world, host, one)));
    if (!served.some((one) => sees(host, one, near)) && !mayHold) continue;
    const member = members.find(({ kind }) => kind === "XenHost");
    if (member === undefined || members.some((id) => known.has(id))) continue;
    sights.push({
      ref: member,
      host: `XenHost ${member.namespace}/${member.name}`,
      view: host.agent.view,
      fresh: true,
      trusted: host.trusted,
    });
  }
  return sights;
}

/** An address at which the volume is served or was, and the MAC address of that interface of the server. */
interface ServedAt {
  readonly target: Pick<AoeVolumeSpec, "shelf" | "slot">;
  readonly mac: string | undefined;
}

function sees({ agent }: Machine, { target, mac }: ServedAt, near: boolean): boolean {
  const devices = lastFacts(agent.view)?.aoeDevices;
  if (devices?.state !== "known") return false;
  const device = lookUp(devices.value, "address", addressText, addressText(target))[0];
  if (device === undefined || mac === undefined) return device !== undefined;
  return device.macs.includes(mac) || (near && device.macs.length === 0);
}

/** Has not been asked by this process, or did not answer it, and had the device by what it told an earlier one. */
function saw(world: World, { agent, members }: Machine, { target, mac }: ServedAt): boolean {
  if (agent.view.state === "Pending") return true;
  if (lastFacts(agent.view) !== undefined) return false;
  const hosts = [...members.keys()].flatMap((id) => (id.kind === "XenHost" ? (world.stores.hosts.get(id) ?? []) : []));
  return hosts.some(({ status }) =>
    status?.aoe?.devices?.some(
      ({ target: name, serverMAC, otherMACs = [] }) =>
        name === targetOf(target) && (mac === undefined || serverMAC === mac || otherMACs.includes(mac)),
    ),
  );
}

/** Its view of the device is unknown: it answered an earlier process, or may still answer. */
function isUnasked(world: World, { agent: { view }, members }: Machine): boolean {
  if (lastFacts(view) !== undefined) return false;
  return view.state === "Pending" || [...members.keys()].some((id) => hasFacts(world, id));
}

/** Whether any process has got facts of the host. */
function hasFacts(world: World, id: ObjectRef): boolean {
  return id.kind === "XenHost" && world.stores.hosts.get(id)?.status?.facts !== undefined;
}

function wasReached(world: World, volume: AoeVolume, name: string): boolean {
  const { namespace = "" } = volume.metadata;
  return hasFacts(world, refTo("XenHost", namespace, name));
}

/** The oldest other volume with the same address on the same segment, or the same backing on the same machine. */
export function findRival(world: World, volume: AoeVolume, spec: AoeVolumeSpec): Rival | undefined {
  const segment = segmentOf(world, volume);
  const sameAddress = world.stores.volumes.byIndex("address", addressText(spec));
  const holder = oldestBefore(
    volume,
    sameAddress.filter((other) => segment !== undefined && segmentOf(world, other) === segment),
  );
  if (holder !== undefined)
    return { volume: nameOf(holder), over: "Address", what: `${targetOf(spec)} on segment ${segment}` };
  // A client has one device per address, whatever segment it comes from.
  const onAClient = oldestBefore(
    volume,
    sameAddress.filter((other) => sharedClient(volume, spec, other) !== undefined),
  );
  if (onAClient !== undefined)
    return {
      volume: nameOf(onAClient),
      over: "Address",
      what: `${targetOf(spec)} on XenHost ${sharedClient(volume, spec, onAClient)}, a client of both,`,
    };
  const owner = oldestBefore(volume, [...sharingBacking(world, volume, spec)]);
  return owner && { volume: nameOf(owner), over: "Backing", what: `${backingPath(spec)}${alias(owner, spec)}` };
}

function alias(owner: AoeVolume, spec: AoeVolumeSpec): string {
  const parsed = volumeSpec(owner);
  const path = parsed.ok ? backingPath(parsed.spec) : "";
  return path === backingPath(spec) || path === "" ? "" : ` (the same as ${path})`;
}

/**
 * Volumes with the same file or device as backing, at any path and through any AoeServer of the namespace: also through
 * one that may be the same machine, because two exports of one disk would destroy it. Of AoeServers of different
 * namespaces for one machine only one has the claim, and exports anything.
 */
function* sharingBacking(world: World, volume: AoeVolume, spec: AoeVolumeSpec): Iterable<AoeVolume> {
  const server = world.machines.of(refTo("AoeServer", namespaceOf(volume), spec.serverRef.name));
  const path = backingPath(spec);
  if (server === undefined) {
    yield* world.stores.volumes.byIndex("backing", `${namespaceOf(volume)}/${spec.serverRef.name} ${path}`);
    return;
  }
  const identity = identityOf(server, path);
  for (const machine of world.machines.mayBe(server)) {
    const paths = new Set([path, ...(identity === "" ? [] : pathsOf(machine, identity))]);
    for (const member of machine.members.keys())
      for (const one of paths)
        yield* world.stores.volumes.byIndex("backing", `${member.namespace}/${member.name} ${one}`);
  }
}

function identityOf(host: Machine, path: string): string {
  const backings = currentFacts(host.agent.view)?.backings;
  if (backings?.state !== "known") return "";
  return lookUp(backings.value, "path", (fact) => fact.path, path)[0]?.identity ?? "";
}

function pathsOf(host: Machine, identity: string): string[] {
  const backings = currentFacts(host.agent.view)?.backings;
  if (backings?.state !== "known") return [];
  return lookUp(backings.value, "identity", (fact) => fact.identity, identity).map((fact) => fact.path);
}

function segmentOf(world: World, volume: AoeVolume): string | undefined {
  const parsed = volumeSpec(volume);
  if (!parsed.ok) return undefined;
  const server = world.stores.servers.get({ namespace: namespaceOf(volume), name: parsed.spec.serverRef.name });
  const spec = server && serverSpec(server);
  return spec?.ok === true ? segmentOn(spec.spec, interfaceOf(parsed.spec, spec.spec)) : undefined;
}

/** A XenHost that is a client of both volumes. */
function sharedClient(volume: AoeVolume, spec: AoeVolumeSpec, other: AoeVolume): string | undefined {
  if (namespaceOf(other) !== namespaceOf(volume)) return undefined;
  const parsed = volumeSpec(other);
  const theirs = new Set(parsed.ok ? (parsed.spec.clientRefs ?? []).map(({ name }) => name) : []);
  return spec.clientRefs?.find(({ name }) => theirs.has(name))?.name;
}

function oldestBefore(volume: AoeVolume, others: readonly AoeVolume[]): AoeVolume | undefined {
  return others.filter((other) => isOlder(other, volume)).sort((a, b) => (isOlder(a, b) ? -1 : 1))[0];
}

const namespaceOf = (volume: AoeVolume) => volume.metadata.namespace ?? "";
const nameOf = (volume: AoeVolume) => `${namespaceOf(volume)}/${volume.metadata.name}`;
