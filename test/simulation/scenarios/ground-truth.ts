import { endpoint } from "../../../src/sim/dialer.ts";
import type { Interface } from "../../../src/sim/model/hardware.ts";
import { aoeName } from "../../../src/sim/model/hardware.ts";
import type { Host } from "../../../src/sim/model/state.ts";
import { backingAt } from "../../../src/sim/model/storage.ts";
import { missingLeases } from "../leases.ts";
import { conditionOf, type Stage } from "../stage.ts";
import { isObject, type JsonObject, objectAt } from "../world/kube/json.ts";

const namespace = "san";

/** What is missing according to the API and the rack: empty when every object is Ready and the rack agrees. */
export function missingEverywhere(stage: Stage, options: { readonly notReady?: readonly string[] } = {}): string[] {
  const missing: string[] = [];
  for (const kind of ["AoeServer", "XenHost", "AoeVolume"]) {
    for (const object of objects(stage, kind)) {
      const name = `${kind}/${nameOf(object)}`;
      if (objectAt(object, "metadata").deletionTimestamp !== undefined) {
        const { reason, message } = conditionOf(object, "Ready");
        missing.push(`${name} is still being deleted: Ready ${reason}: ${message}`);
        continue;
      }
      const ready = conditionOf(object, "Ready");
      const refused = options.notReady?.includes(name) === true;
      if (refused === (ready.status === "True"))
        missing.push(`${name} has Ready=${ready.status} (${ready.reason}: ${ready.message})`);
      const observed = objectAt(object, "status").observedGeneration;
      if (observed !== objectAt(object, "metadata").generation)
        missing.push(`${name} observed generation ${String(observed)} only`);
      if (kind === "AoeVolume" && !refused) missing.push(...untrue(stage, object).map((what) => `${name}: ${what}`));
    }
  }
  return [...missing, ...leftovers(stage), ...missingLeases(stage)];
}

export function objects(stage: Stage, kind: string): JsonObject[] {
  return stage.server.list(stage.server.kindNamed(kind), { namespace }).items;
}

export function nameOf(object: JsonObject): string {
  return String(objectAt(object, "metadata").name);
}

/** Where a volume that is Ready differs from its spec on the rack. */
function untrue(stage: Stage, volume: JsonObject): string[] {
  const spec = objectAt(volume, "spec");
  const shelf = Number(spec.shelf);
  const slot = Number(spec.slot);
  const server = objects(stage, "AoeServer").find(
    (candidate) => nameOf(candidate) === objectAt(spec, "serverRef").name,
  );
  const host = server === undefined ? undefined : machineOf(stage, server);
  if (server === undefined || host === undefined) return ["its server does not exist"];
  const [first] = [objectAt(server, "spec").interfaces ?? []].flat();
  const nic = String(spec.interface ?? (isObject(first) ? first.name : ""));
  const running = [...host.running.processes.values()].filter(
    (one) => one.shelf === shelf && one.slot === slot && one.interface === nic,
  );
  const [vblade] = running;
  if (vblade === undefined || running.length > 1) return [`${running.length} vblades serve it on ${host.name}`];
  const backing = backingAt(host, backingPath(spec));
  const wanted = wantedBytes(spec) ?? backing.sizeBytes;
  const found: string[] = [];
  if (vblade.identity !== backing.identity) found.push(`vblade serves ${vblade.backing}`);
  if (backing.sizeBytes < wanted) found.push(`the backing has ${backing.sizeBytes} bytes, not ${wanted}`);
  if (vblade.sizeBytes !== backing.sizeBytes)
    found.push(`vblade serves ${vblade.sizeBytes} of ${backing.sizeBytes} bytes`);
  if ((vblade.access === "ReadOnly") !== (spec.access === "ReadOnly")) found.push(`vblade serves it ${vblade.access}`);
  for (const client of Array.isArray(spec.clientRefs) ? spec.clientRefs : []) {
    const name = isObject(client) ? String(client.name) : "";
    const xenHost = objects(stage, "XenHost").find((candidate) => nameOf(candidate) === name);
    const dom0 = xenHost === undefined ? undefined : machineOf(stage, xenHost);
    const device = dom0?.running.aoe.devices.get(aoeName(shelf, slot));
    if (device === undefined || !device.up) found.push(`${name} does not see it up`);
    else if (device.sizeBytes !== vblade.sizeBytes) found.push(`${name} sees ${device.sizeBytes} bytes`);
    else if (![...device.targets.keys()].includes(macOf(host.interfaces.get(nic))))
      found.push(`${name} sees another server`);
  }
  return found;
}

/** Exports with our mark whose volume is gone. */
function leftovers(stage: Stage): string[] {
  const declared = new Set(
    objects(stage, "AoeVolume").map(
      (volume) => `${String(objectAt(volume, "spec").shelf)}.${String(objectAt(volume, "spec").slot)}`,
    ),
  );
  return stage.rack
    .exports()
    .filter(({ process }) => process.instance.includes("xensan") && !declared.has(`${process.shelf}.${process.slot}`))
    .map(({ host, process }) => `${host.name} still exports e${process.shelf}.${process.slot}`);
}

function machineOf(stage: Stage, object: JsonObject): Host | undefined {
  const ssh = objectAt(objectAt(object, "spec"), "ssh");
  return [...stage.rack.hosts.values()].find(({ name }) => {
    const { host, port } = endpoint(stage.rack, name);
    return host === ssh.host && port === ssh.port;
  });
}

function backingPath(spec: JsonObject): string {
  const backing = objectAt(spec, "backing");
  if (typeof backing.device === "string") return backing.device;
  if (isObject(backing.file)) return String(backing.file.path);
  const volume = objectAt(backing, "logicalVolume");
  return `/dev/${String(volume.volumeGroup)}/${String(volume.name)}`;
}

const units: Readonly<Record<string, number>> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

function wantedBytes(spec: JsonObject): number | undefined {
  const backing = objectAt(spec, "backing");
  const sized = isObject(backing.file) ? backing.file : objectAt(backing, "logicalVolume");
  const [, digits, unit] = /^(\d+)([KMGT]i)?$/.exec(String(sized.size ?? "")) ?? [];
  return digits === undefined ? undefined : Number(digits) * (units[unit ?? ""] ?? 1);
}

function macOf(nic: Interface | undefined): string {
  return nic?.mac ?? "";
}
