import type { AoeVolumeSpec, AoeVolumeStatus } from "../../api/aoe-volume.ts";
import { type AoeVolume, aoeVolumes } from "../../api/kinds.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { convergence } from "../converge.ts";
import { endApproval } from "../directives.ts";
import { type Finding, stop } from "../finding.ts";
import type { Job } from "../gate.ts";
import type { Machine } from "../hosts/machine.ts";
import { isOn, type Step } from "../hosts/step.ts";
import { type ObjectRef, refsIn } from "../identity.ts";
import { type Pass, reconcilerOf } from "../reconciler.ts";
import { volumeSpec } from "../specs.ts";
import type { Controlled } from "../watch.ts";
import type { Means, World } from "../world.ts";
import { conditionsOf, describe, ready } from "./describe.ts";
import { backingFact, isGivingUpOver } from "./ensure-address.ts";
import { servedExport } from "./ensure-export.ts";
import { readyServer } from "./ensure-server.ts";
import type { VolumeObservation } from "./observation.ts";
import { observeVolume } from "./observe.ts";
import { planVolume } from "./plan.ts";
import { release, whatIsLeft } from "./release.ts";
import { machinesOf, watchVolumes } from "./watches.ts";

const owned = ["Exported", "Attached", "Conflicted"] as const;

/** Reconciles AoeVolumes: exported by their server, seen by their clients, and removed on deletion. */
export function controlVolumes(means: Means): Controlled {
  const { world } = means;
  const shared = { kind: aoeVolumes, store: world.stores.volumes, owned };
  const outdone = world.ledger.page<true>();
  const converge = convergence<AoeVolume, AoeVolumeSpec, AoeVolumeStatus, VolumeObservation, Finding>(means, {
    ...shared,
    observe({ ref, object, spec }) {
      const seen = observeVolume(world, object, spec);
      if (seen.rival === undefined) outdone.delete(ref);
      else outdone.set(ref, true);
      return seen;
    },
    plan: planVolume,
    release,
    planWith: stop,
    needsFinalizer: (seen) => servedExport(seen) !== undefined,
    async prepare({ ref, object, spec }, seen, plan) {
      if (plan.askServer === true) askServer(world, ref, object, spec);
      return { seen, plan };
    },
    describe({ object, draft, directives }, seen) {
      if (!isDeleting(object)) describe(draft.status, seen);
      endApproval(draft.status, directives, isGivingUpOver(seen));
    },
    jobs: (pass, seen, steps) => jobs(world, pass, seen, steps),
    conditionsOfHeld: (held, seen) => held.flatMap((one) => conditionsOf(one, seen)),
    // The first answer of a host that has nothing to do with the volume does not wake it, so look again.
    again: (_pass, _seen, { conditions }) => [
      conditions.some(({ reason }) => reason === "ClientUnknown") ? 15 : undefined,
    ],
  });
  const reconciler = reconcilerOf<AoeVolume, AoeVolumeSpec, AoeVolumeStatus>(
    means,
    { ...shared, parse: volumeSpec, converge, ready, abandoned: (volume) => ({ left: leftBy(world, volume) }) },
    () => ({}),
  );
  return watchVolumes(world, outdone, reconciler);
}

/** Requests a probe of the server, because its last one is older than what it is compared with. */
function askServer({ machines, freshness }: World, volume: ObjectRef, object: AoeVolume, spec: AoeVolumeSpec): void {
  for (const server of refsIn(object, "AoeServer", [spec.serverRef.name]).flatMap((one) => machines.of(one) ?? []))
    if (freshness.isFresh(volume, server, "Compare")) freshness.demand(volume, [server], "Compare", "WithoutSegments");
}

/** The steps as jobs: one for each machine of the volume. */
function jobs(
  world: World,
  { ref, object, spec }: Pass<AoeVolume, AoeVolumeSpec, AoeVolumeStatus>,
  seen: VolumeObservation,
  steps: readonly Step[],
): Job[] {
  const machines = machinesOf(world, object, spec);
  const others = seen.bystanders.flatMap((one) => world.machines.of(one.ref) ?? []);
  const confirmedBy = [...new Set([...machines, ...others])];
  return machines.map((machine) => {
    // One machine may be an AoeServer and a XenHost at once.
    const own = [...machine.members.keys()].filter(({ namespace }) => namespace === ref.namespace);
    const mine = own.flatMap((member) => steps.filter((step) => isOn(step, member)));
    const basis = mine.length === 0 ? "" : basisOf(seen, machine);
    return { work: ref, machine, steps: mine, basis, confirmedBy };
  });
}

/** The facts on which the steps rest: when they change, a failed step is worth another try. */
function basisOf(observation: VolumeObservation, machine: Machine): string {
  const server = readyServer(observation);
  const view = machine.agent.view;
  if (server === undefined || view.state !== "Reachable") return view.state;
  const { aoe, interfaces, blockDevices, mounts } = view.snapshot.facts;
  const backing = backingFact(observation, server.facts);
  const device =
    blockDevices.state === "known"
      ? blockDevices.value.filter(({ device: id }) => `block:${id}` === backing?.identity)
      : [];
  const mounted =
    mounts.state === "known" ? mounts.value.filter(({ device: id }) => `block:${id}` === backing?.identity) : [];
  return JSON.stringify([aoe, interfaces, backing, device, mounted, servedExport(observation)?.pid]);
}

function leftBy(world: World, volume: AoeVolume): string {
  const parsed = volumeSpec(volume);
  return parsed.ok ? whatIsLeft(observeVolume(world, volume, parsed.spec)) : "The export of the volume may still run";
}
