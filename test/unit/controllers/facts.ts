import type { HostView } from "../../../src/controllers/hosts/view.ts";
import type { AoeDriver, Fact, HostFacts } from "../../../src/host/facts.ts";

/** A known fact. */
export const known = <T>(value: T): Fact<T> => ({ state: "known", value });

/** Facts of a host that answers: everything that a test does not give is absent. */
export const facts = (given: Partial<HostFacts> = {}): HostFacts => everywhere({ state: "absent" }, given);

/** Facts of a host of which only what a test gives is known. */
export const silent = (given: Partial<HostFacts> = {}): HostFacts =>
  everywhere({ state: "unknown", why: "not asked" }, given);

const everywhere = (fact: Exclude<Fact<never>, { state: "known" }>, given: Partial<HostFacts>): HostFacts => ({
  ...{ identity: fact, system: fact, packages: fact, tools: fact, interfaces: fact, blockDevices: fact, mounts: fact },
  ...{ backings: fact, logicalVolumes: fact, exports: fact, aoe: fact, aoeDevices: fact, responders: fact, o2cb: fact },
  ...{ sharedDevices: fact, mountPoints: fact, formats: fact, kernelTroubles: fact, toolstack: fact, domains: fact },
  ...{ relocation: fact, migrations: fact, images: fact, domainLocks: fact, domainConfigurations: fact },
  ...given,
});

/** A host that answers with these facts. */
export const reachable = (given: Partial<HostFacts> = {}): HostView => ({
  state: "Reachable",
  snapshot: { facts: facts(given), startedAt: 0, time: 0 },
});

/** A host that does not answer. */
export const unreachable: HostView = {
  state: "Unreachable",
  reason: "Unreachable",
  message: "no route to host",
  last: undefined,
};

/** The AoE driver of a node, which gives a device up after so many seconds; 0: never. */
export function driver(deadSeconds: number): Partial<HostFacts> {
  const aoe: AoeDriver = {
    ...{ kernelConfig: "Module", loaded: true, version: "85", interfaces: ["eth1"], persistedInterfaces: ["eth1"] },
    ...{ persisted: true, deadSeconds },
  };
  return { aoe: known(aoe) };
}
