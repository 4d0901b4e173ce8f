import type { AoeVolumeSpec, AoeVolumeStatus } from "../../api/aoe-volume.ts";
import { type AoeVolume, aoeVolumes } from "../../api/kinds.ts";
import { formatQuantity } from "../../api/quantity.ts";
import { type ConditionUpdate, summarise } from "../../runtime/conditions.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { heldBack } from "../conclude.ts";
import { convergence } from "../converge.ts";
import { type Finding, no, stop, yes } from "../finding.ts";
import type { Held, Job } from "../gate.ts";
import type { Machine } from "../hosts/machine.ts";
import { explainOutcome, isOn, type Step } from "../hosts/step.ts";
import { aoeServer, hostText, type ObjectRef, refsIn } from "../identity.ts";
import { type Pass, reconcilerOf } from "../reconciler.ts";
import { volumeSpec } from "../specs.ts";
import type { Controlled } from "../watch.ts";
import type { Means, World } from "../world.ts";
import { backingFact, givenUp } from "./ensure-address.ts";
import { clientStatuses } from "./ensure-clients.ts";
import { runOf, servedExport } from "./ensure-export.ts";
import { readyServer } from "./ensure-server.ts";
import { interfaceOf, keeperOf, targetOf } from "./export-parameters.ts";
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
    saying: stop,
    needsFinalizer: (seen) => servedExport(seen) !== undefined,
    async prepare({ ref, object, spec }, seen, plan) {
      if (plan.askServer === true) askServer(world, ref, object, spec);
      return { seen, plan };
    },
    describe({ object, draft }, seen) {
      if (!isDeleting(object)) describe(draft.status, seen);
    },
    jobs: (pass, seen, steps) => jobs(world, pass, seen, steps),
    unhelpful: (held, seen) => held.flatMap((one) => conditionsOf(one, seen)),
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
    if (freshness.holds(volume, server, "Compare")) freshness.demand(volume, [server], "Compare", "WithoutSegments");
}

/** The conditions that follow from a step without effect. */
function conditionsOf({ step, outcome }: Held, { server }: VolumeObservation): ConditionUpdate[] {
  const { reason, message } = explainOutcome(step, outcome);
  if (!isOn(step, aoeServer(server.name))) return [no("Attached", reason, `${hostText(step.host)}: ${message}`)];
  // A running export that may not be restarted now is still an export.
  if (reason === "RestartForbidden") return [yes("Exported", "ClientHoldsDevice", message)];
  const conflict = reason === "AddressTaken" || reason === "BackingExported";
  return [no("Exported", reason, message), ...(conflict ? [yes("Conflicted", reason, message)] : [])];
}

function jobs(
  world: World,
  { ref, object, spec }: Pass<AoeVolume, AoeVolumeSpec, AoeVolumeStatus>,
  seen: VolumeObservation,
  steps: readonly Step[],
): Job[] {
  const machines = machinesOf(world, object, spec);
  const others = seen.bystanders.flatMap((one) => world.machines.of(one.ref) ?? []);
  const witnesses = [...new Set([...machines, ...others])];
  return machines.map((machine) => {
    // One machine may be an AoeServer and a XenHost at once.
    const own = [...machine.members.keys()].filter(({ namespace }) => namespace === ref.namespace);
    const mine = own.flatMap((member) => steps.filter((step) => isOn(step, member)));
    const basis = mine.length === 0 ? "" : basisOf(seen, machine);
    return { work: ref, machine, steps: mine, basis, witnesses };
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

/** Writes the fields of the status other than conditions. */
function describe(status: AoeVolumeStatus, observation: VolumeObservation): void {
  const target = targetOf(observation.spec);
  status.target = target;
  status.devicePath = `/dev/etherd/${target}`;
  const clients = clientStatuses(observation).filter(
    ({ hostRef: { name }, state }) => state !== "Missing" || isListed(observation, name),
  );
  if (clients.length > 0) status.clients = clients;
  else delete status.clients;
  const served = servedExport(observation);
  if (served === undefined || observation.server.state !== "Found") return;
  const { export: current, pid, sizeBytes, backing, mac } = served;
  const known = observation.recorded.backing?.identity;
  if (current.recorded !== "" && (known === undefined || known === givenUp(observation)))
    status.backing = { identity: current.recorded, path: current.backing };
  const unit = keeperOf(current);
  status.size = formatQuantity(sizeBytes);
  status.server = {
    ...(unit === "" ? {} : { unit }),
    run: runOf(pid),
    interface: interfaceOf(observation.spec, observation.server.spec),
    ...(mac === undefined ? {} : { mac }),
    backing,
  };
}

const isListed = ({ clients }: VolumeObservation, name: string) =>
  clients.some((client) => client.name === name && client.listed);

function ready(
  status: AoeVolumeStatus,
  { object, directives }: Pick<Pass<AoeVolume, unknown, AoeVolumeStatus>, "object" | "directives">,
): ConditionUpdate {
  if (isDeleting(object)) return no("Ready", "Deleting", "The volume is being deleted");
  const summary = summarise(status.conditions ?? [], {
    type: "Ready",
    required: ["Exported", "Attached"],
    negative: ["Conflicted"],
    readyMessage: `${status.target} is served and seen by all its clients`,
  });
  if (summary.status !== "True") return heldBack(summary, directives);
  const exported = status.conditions?.find(({ type }) => type === "Exported");
  return exported?.reason === "Exported"
    ? summary
    : { type: "Ready", status: "False", reason: exported?.reason ?? "Pending", message: exported?.message ?? "" };
}

function leftBy(world: World, volume: AoeVolume): string {
  const parsed = volumeSpec(volume);
  return parsed.ok ? whatIsLeft(observeVolume(world, volume, parsed.spec)) : "Its export may still run";
}
