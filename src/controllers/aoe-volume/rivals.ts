import type { AoeVolumeSpec } from "../../api/aoe-volume.ts";
import type { AoeVolume } from "../../api/kinds.ts";
import { addressText } from "../hosts/facts-diff.ts";
import type { Machine } from "../hosts/machine.ts";
import { currentFacts, lookUp } from "../hosts/view.ts";
import { isOlder, refTo } from "../identity.ts";
import { serverSpec, volumeSpec } from "../specs.ts";
import type { World } from "../world.ts";
import { backingPath, interfaceOf, segmentOn, targetOf } from "./export-parameters.ts";
import type { Rival } from "./observation.ts";

/** The oldest other volume that wants the same address on the same segment, or the same backing on the same machine. */
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

/** Volumes whose backing is the same file or device, under whatever path and through whatever AoeServer. */
function* sharingBacking(world: World, volume: AoeVolume, spec: AoeVolumeSpec): Iterable<AoeVolume> {
  const server = world.machines.of(refTo("AoeServer", namespaceOf(volume), spec.serverRef.name));
  const path = backingPath(spec);
  if (server === undefined) {
    yield* world.stores.volumes.byIndex("backing", `${namespaceOf(volume)}/${spec.serverRef.name} ${path}`);
    return;
  }
  const identity = identityOf(server, path);
  for (const machine of world.machines.sameAs(server)) {
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

/** A XenHost that both volumes name as a client. */
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
