import { cut, distinct } from "../../api/fit-status.ts";
import { formatQuantity, mebibytes } from "../../api/quantity.ts";
import type { XenHostStatus } from "../../api/xen-host.ts";
import type { AoeDevice, HostFacts } from "../../host/facts.ts";
import { domainState } from "../domain-state.ts";
import type { HostObservation } from "./observe.ts";
import { describeWatchdog } from "./watchdog.ts";

/** Of more devices than a status holds, those in use are shown. */
const inUseFirst = (devices: readonly AoeDevice[]): readonly AoeDevice[] =>
  devices.length <= 256 ? devices : devices.toSorted((one, other) => other.users.length - one.users.length);

/** Writes the fields of the status other than conditions for a XenHost that answers. */
export function describeHost(
  status: XenHostStatus,
  { facts, verified }: Pick<HostObservation, "facts" | "verified">,
): void {
  describeXen(status, facts, verified);
  describeWatchdog(status, facts);
  // The host answers, so a proof about an earlier boot is out of date.
  delete status.proof;
  describeInitiator(status, facts);
}

function describeInitiator(status: XenHostStatus, { aoe, aoeDevices }: HostFacts): void {
  if (aoe.state !== "known") {
    delete status.aoe;
    return;
  }
  const devices = aoeDevices.state === "known" ? aoeDevices.value : [];
  status.aoe = {
    ...(aoe.value.version === "" ? {} : { driverVersion: cut(aoe.value.version, 32) }),
    interfaces: aoe.value.interfaces.slice(0, 16).map((name) => cut(name, 16)),
    devices: distinct(inUseFirst(devices), ({ shelf, slot }) => `${shelf}.${slot}`, 256).map((one) => ({
      target: `e${one.shelf}.${one.slot}`,
      state: [one.up ? "up" : "down", ...one.flags].join(",").slice(0, 64),
      size: formatQuantity(one.sizeBytes),
      ...(one.macs[0] === undefined ? {} : { serverMAC: one.macs[0] }),
      ...(one.macs.length < 2 ? {} : { otherMACs: one.macs.slice(1, 5) }),
      ...(one.interfaces[0] === undefined ? {} : { interface: cut(one.interfaces[0], 16) }),
    })),
  };
}

/** Xen, its domains and the channel for migrations. `verified`: receivers reached since the status was written. */
export function describeXen(
  status: XenHostStatus,
  { toolstack, domains, relocation }: HostFacts,
  verified: ReadonlyMap<string, string>,
): void {
  if (toolstack.state === "known" && toolstack.value.kind !== "None") {
    const { kind, info } = toolstack.value;
    status.xen = {
      toolstack: kind,
      ...(info === undefined
        ? {}
        : {
            version: cut(`${info.major}.${info.minor}${info.extra}`, 32),
            totalMemory: mebibytes(info.totalMemory),
            freeMemory: mebibytes(info.freeMemory),
            cpus: info.cpus,
            virtualisation: cut(info.virtualisation.join(" "), 256),
          }),
    };
  } else delete status.xen;
  if (domains.state === "known")
    status.domains = distinct(domains.value.domains, ({ uuid, name }) => `${uuid} ${name}`, 256).map((one) => ({
      uuid: cut(one.uuid, 36),
      name: cut(one.name, 255) || "-",
      id: one.id,
      state: domainState(one.state),
      memory: mebibytes(one.memory),
      vcpus: one.vcpus,
    }));
  else delete status.domains;
  const known = new Map((status.relocation?.verified ?? []).map(({ hostRef: { name }, digest }) => [name, digest]));
  for (const [name, digest] of verified) known.set(name, digest);
  const publicKey = relocation.state === "known" ? relocation.value.publicKey : (status.relocation?.publicKey ?? "");
  if (publicKey === "" && known.size === 0) delete status.relocation;
  else
    status.relocation = {
      ...(publicKey === "" ? {} : { publicKey: cut(publicKey, 1024) }),
      verified: [...known].slice(-64).map(([name, digest]) => ({ hostRef: { name }, digest })),
    };
}
