import { cut, distinct } from "../api/fit-status.ts";
import type { HostFactsStatus } from "../api/host-status.ts";
import { formatQuantity } from "../api/quantity.ts";
import type { Fact, HostFacts, NetworkInterface } from "../host/facts.ts";

/**
 * `status.facts`: the facts of a host that people want to see, bounded. Facts that change all the time are left out,
 * and so are empty texts: an unknown value is absent.
 */
export function factsStatus(facts: HostFacts): HostFactsStatus {
  const identity = known(facts.identity);
  const system = known(facts.system);
  const packages = known(facts.packages);
  const interfaces = known(facts.interfaces);
  const devices = known(facts.blockDevices);
  const versions = { vblade: packages?.get("vblade"), aoetools: packages?.get("aoetools") };
  return {
    ...(identity === undefined
      ? {}
      : {
          hostname: cut(identity.hostname, 253),
          ...(identity.machineId === undefined ? {} : { machineID: identity.machineId }),
          ...(identity.bootId === undefined ? {} : { bootID: identity.bootId }),
        }),
    ...(system === undefined
      ? {}
      : { os: cut(system.os, 253), kernel: cut(system.kernel, 253), initSystem: cut(system.init, 32) }),
    ...(versions.vblade === undefined ? {} : { vbladeVersion: cut(versions.vblade, 64) }),
    ...(versions.aoetools === undefined ? {} : { aoetoolsVersion: cut(versions.aoetools, 64) }),
    ...(interfaces === undefined
      ? {}
      : {
          interfaces: distinct(interfaces, ({ name }) => name, 64).map((one) => ({
            name: one.name,
            ...(one.mac === "" ? {} : { mac: one.mac }),
            mtu: one.mtu,
            link: link(one),
          })),
        }),
    ...(devices === undefined
      ? {}
      : {
          blockDevices: distinct(devices, ({ path }) => path, 128).map((one) => ({
            path: cut(one.path, 512),
            size: formatQuantity(one.sizeBytes),
            ...(one.type === "" ? {} : { type: cut(one.type, 32) }),
            ...(one.signature === undefined || one.signature === "" ? {} : { signature: cut(one.signature, 64) }),
            ...(one.mountPoints[0] === undefined ? {} : { mountPoint: cut(one.mountPoints[0], 512) }),
          })),
        }),
  };
}

const known = <T>(fact: Fact<T>): T | undefined => (fact.state === "known" ? fact.value : undefined);

function link({ adminUp, carrier }: NetworkInterface): string {
  if (!adminUp) return "Down";
  return carrier === false ? "NoCarrier" : "Up";
}
