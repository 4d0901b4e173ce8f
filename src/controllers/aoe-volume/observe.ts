import type { AoeVolumeSpec } from "../../api/aoe-volume.ts";
import type { AoeVolume } from "../../api/kinds.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { directivesOf } from "../directives.ts";
import type { Fleet } from "../fleet.ts";
import { addressOf } from "../hosts/endpoint.ts";
import { addressText } from "../hosts/facts-diff.ts";
import type { WatchedHost } from "../hosts/feed.ts";
import { lookUp } from "../hosts/lookup.ts";
import { lastFacts, pending } from "../hosts/view.ts";
import { idOf, parseId } from "../names.ts";
import { hostSpec, serverSpec } from "../specs.ts";
import { interfaceMac } from "./ensure-address.ts";
import { interfaceOf } from "./export-parameters.ts";
import type { ClientSight, HostSight, ServerSight, VolumeObservation } from "./observation.ts";
import { findRival } from "./rivals.ts";

/** Gathers from memory what the plan of a volume depends on. */
export function observeVolume(fleet: Fleet, volume: AoeVolume, spec: AoeVolumeSpec): VolumeObservation {
  const { namespace = "", name, uid = "" } = volume.metadata;
  const { server, clients, sizeBytes, backing } = volume.status ?? {};
  return {
    owner: { namespace, name, uid },
    spec,
    recorded: {
      ...(server === undefined ? {} : { server }),
      ...(clients === undefined ? {} : { clients }),
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
      ...(backing === undefined ? {} : { backing }),
    },
    approved: directivesOf(volume.metadata).approved,
    server: seeServer(fleet, volume, spec),
    ...seeWork(fleet, volume, spec),
    clients: seeClients(fleet, volume, spec),
    bystanders: seeBystanders(fleet, volume, spec),
    rival: findRival(fleet, volume, spec),
    clusters: fleet.stores.clusters.byIndex("volume", `${namespace}/${name}`).map(({ metadata }) => metadata.name),
  };
}

function seeServer(fleet: Fleet, volume: AoeVolume, spec: AoeVolumeSpec): ServerSight {
  const { namespace = "" } = volume.metadata;
  const { name } = spec.serverRef;
  const server = fleet.stores.servers.get({ namespace, name });
  if (server === undefined) return { state: "NotFound", name };
  const parsed = serverSpec(server);
  if (!parsed.ok) return { state: "Invalid", name, message: parsed.message };
  return { state: "Found", name, spec: parsed.spec, ...see(fleet, volume, "AoeServer", name) };
}

function seeWork(fleet: Fleet, volume: AoeVolume, spec: AoeVolumeSpec): { busy: boolean; removed: boolean } {
  const { namespace = "", name } = volume.metadata;
  const id = idOf("AoeVolume", namespace, name);
  const host = fleet.feed.of(idOf("AoeServer", namespace, spec.serverRef.name));
  if (host === undefined) return { busy: false, removed: false };
  const done = host.watcher.results(id).filter(({ outcome }) => outcome.kind === "done");
  return {
    busy: host.watcher.pending(id),
    removed: done.some(({ step }) => step.action === "remove-export"),
  };
}

function seeClients(fleet: Fleet, volume: AoeVolume, spec: AoeVolumeSpec): ClientSight[] {
  const listed = (spec.clientRefs ?? []).map(({ name }) => name);
  const former = (volume.status?.clients ?? []).filter(
    ({ name, state }) => !listed.includes(name) && state !== "Missing" && wasReached(fleet, volume, name),
  );
  return [
    ...listed.map((name) => seeClient(fleet, volume, spec, name, true)),
    ...former.map(({ name }) => seeClient(fleet, volume, spec, name, false)),
  ];
}

function seeClient(fleet: Fleet, volume: AoeVolume, spec: AoeVolumeSpec, name: string, listed: boolean): ClientSight {
  const { namespace = "" } = volume.metadata;
  const host = fleet.stores.hosts.get({ namespace, name });
  if (host === undefined) return { name, listed, state: "NotFound" };
  const parsed = hostSpec(host);
  if (!parsed.ok) return { name, listed, state: "Invalid", message: parsed.message };
  const sight = see(fleet, volume, "XenHost", name);
  const server = fleet.feed.of(idOf("AoeServer", namespace, spec.serverRef.name));
  const isServer =
    server !== undefined && isSameMachine(fleet, server, fleet.feed.of(idOf("XenHost", namespace, name)));
  return { name, listed, state: "Found", spec: parsed.spec, isServer, ...sight };
}

/** The same SSH endpoint, or a machine that says to be the same one. */
function isSameMachine(fleet: Fleet, server: WatchedHost, client: WatchedHost | undefined): boolean {
  if (client === undefined) return false;
  if (addressOf(server.endpoint.ssh) === addressOf(client.endpoint.ssh)) return true;
  return [...fleet.sameMachine(server)].includes(client);
}

function see(fleet: Fleet, volume: AoeVolume, kind: "AoeServer" | "XenHost", name: string): HostSight {
  const { namespace = "" } = volume.metadata;
  const id = idOf(kind, namespace, name);
  const host = fleet.feed.of(id);
  const volumeName = idOf("AoeVolume", namespace, volume.metadata.name);
  return {
    host: `${kind}/${name}`,
    view: host?.watcher.view ?? pending,
    fresh: host !== undefined && fleet.fences.passed(volumeName, host) && fleet.fences.passed(id, host),
    trusted: host?.trusted ?? false,
  };
}

/**
 * Other dom0s that see this very export: the AoE driver finds everything on its segment by itself. Of a volume that is to go
 * also those that have not answered since this process began: they may hold it.
 */
function seeBystanders(fleet: Fleet, volume: AoeVolume, spec: AoeVolumeSpec): HostSight[] {
  const { namespace = "" } = volume.metadata;
  const server = fleet.stores.servers.get({ namespace, name: spec.serverRef.name });
  const parsed = server && serverSpec(server);
  const watched = fleet.feed.of(idOf("AoeServer", namespace, spec.serverRef.name));
  const facts = lastFacts(watched?.watcher.view);
  if (parsed?.ok !== true || facts === undefined) return [];
  const mac = interfaceMac(facts, interfaceOf(spec, parsed.spec));
  const known = new Set<string>(
    [...(spec.clientRefs ?? []), ...(volume.status?.clients ?? [])].map((client) =>
      idOf("XenHost", namespace, client.name),
    ),
  );
  const sights: HostSight[] = [];
  for (const host of fleet.feed.all()) {
    if (!sees(host, spec, mac) && !(isDeleting(volume) && isUnasked(fleet, host))) continue;
    const members = [...host.members.keys()];
    const member = members.find((id) => id.startsWith("XenHost "));
    if (member === undefined || members.some((id) => known.has(id))) continue;
    sights.push({ host: member.replace(" ", "/"), view: host.watcher.view, fresh: true, trusted: host.trusted });
  }
  return sights;
}

function sees({ watcher }: WatchedHost, spec: AoeVolumeSpec, mac: string | undefined): boolean {
  const devices = lastFacts(watcher.view)?.aoeDevices;
  if (devices?.state !== "known") return false;
  const device = lookUp(devices.value, "address", addressText, addressText(spec))[0];
  return device !== undefined && (mac === undefined || device.macs.length === 0 || device.macs.includes(mac));
}

/** It has answered some process, or may yet, and nobody knows what it sees. */
function isUnasked(fleet: Fleet, { watcher: { view }, members }: WatchedHost): boolean {
  if (lastFacts(view) !== undefined) return false;
  return view.state === "Pending" || [...members.keys()].some((id) => hasFacts(fleet, id));
}

/** Some process has got an answer from the host. */
function hasFacts(fleet: Fleet, id: string): boolean {
  const { kind, key } = parseId(id);
  return kind === "XenHost" && fleet.stores.hosts.get(key)?.status?.facts !== undefined;
}

function wasReached(fleet: Fleet, volume: AoeVolume, name: string): boolean {
  const { namespace = "" } = volume.metadata;
  return hasFacts(fleet, idOf("XenHost", namespace, name));
}
