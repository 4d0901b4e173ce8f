import type { AoeVolumeSpec, AoeVolumeStatus } from "../../api/aoe-volume.ts";
import { finalizer } from "../../api/common.ts";
import { type AoeVolume, aoeVolumes } from "../../api/kinds.ts";
import type { Reason } from "../../api/reasons.ts";
import { InvalidValue } from "../../host/values.ts";
import { type ConditionUpdate, hasCondition, summarise } from "../../runtime/conditions.ts";
import { addFinalizer, hasFinalizer, isDeleting, removeFinalizer } from "../../runtime/finalizers.ts";
import { againAfter, done, type ReconcileContext, type Reconciler } from "../../runtime/reconciler.ts";
import { type StatusDraft, withStatus } from "../../runtime/status-patch.ts";
import { announce } from "../announce.ts";
import { abandon, conclude, invalidSpec, suspended } from "../conclude.ts";
import { type Directives, directivesOf } from "../directives.ts";
import { printed, withheld } from "../draft.ts";
import { type Finding, no, stop, unknown, yes } from "../finding.ts";
import type { Machine } from "../hosts/machine.ts";
import type { Step } from "../hosts/step.ts";
import { type RefMap, refOf, refTo } from "../identity.ts";
import { explainOutcome } from "../outcomes.ts";
import { volumeSpec } from "../specs.ts";
import type { Controlled } from "../watch.ts";
import { type Handed, handOver, merged, type Part, soonest } from "../work.ts";
import type { Means, World } from "../world.ts";
import { givenUp } from "./backing-identity.ts";
import { backingFact } from "./ensure-address.ts";
import { clientStatuses } from "./ensure-clients.ts";
import { servedExport } from "./ensure-export.ts";
import { readyServer } from "./ensure-server.ts";
import { interfaceOf, keeperOf, targetOf } from "./export-parameters.ts";
import type { VolumeObservation } from "./observation.ts";
import { observeVolume } from "./observe.ts";
import { byHost, planVolume } from "./plan.ts";
import { release, whatIsLeft } from "./release.ts";
import { machinesOf, watchVolumes } from "./watches.ts";

const owned = ["Exported", "Attached", "Conflicted"] as const;
const nothing: Handed = { started: [], held: [], againSeconds: undefined };

/** Makes one AoeVolume true: exported by its server, seen by its clients, and gone when it is deleted. */
export function controlVolumes(means: Means): Controlled {
  const outdone = means.world.ledger.page<true>();
  return watchVolumes(means.world, outdone, volumeReconciler(means, outdone));
}

function volumeReconciler(options: Means, outdone: RefMap<true>): Reconciler {
  const { api, world, events } = options;
  const store = world.stores.volumes;
  return {
    async reconcile(key, context) {
      const volume = store.get(key);
      if (volume === undefined || (isDeleting(volume) && !hasFinalizer(volume, finalizer))) return done;
      const directives = directivesOf(volume.metadata);
      if (isDeleting(volume) && directives.abandoned)
        return await abandon(options, aoeVolumes, volume, leftBy(world, volume), context);
      const write = { api, kind: aoeVolumes, object: volume, store, leading: context.leading };
      const before = volume.status?.conditions;
      return await withStatus({ ...write, initial: volume.status ?? {} }, async (draft) => {
        const parsed = volumeSpec(volume);
        const outcome = parsed.ok
          ? await converge(options, volume, parsed.spec, directives, draft, context, outdone)
          : { handed: nothing, conditions: invalidSpec(volume, owned, parsed.message), released: false };
        conclude(draft.status, volume, {
          directives,
          conditions: outcome.conditions,
          owned,
          ready: () => ready(draft.status, volume, directives),
          now: world.clock.now(),
        });
        announce(events, aoeVolumes, volume, {
          before,
          after: draft.status.conditions,
          log: context.log,
        });
        if (outcome.released) {
          await draft.flush();
          await removeFinalizer({ api, kind: aoeVolumes, object: volume, finalizer, signal: context.signal });
        }
        const againSeconds = soonest([outcome.handed.againSeconds, waitForHolders(outcome.conditions)]);
        return againSeconds === undefined ? done : againAfter(againSeconds);
      });
    },
  };
}

/** The first answer of a host that has nothing to do with the volume wakes nobody. */
const waitForHolders = (conditions: readonly ConditionUpdate[]) =>
  conditions.some(({ reason }) => reason === "ClientUnknown") ? 15 : undefined;

interface Outcome {
  readonly handed: Handed;
  readonly conditions: readonly ConditionUpdate[];
  readonly released: boolean;
}

async function converge(
  options: Means,
  volume: AoeVolume,
  spec: AoeVolumeSpec,
  directives: Directives,
  draft: StatusDraft<AoeVolumeStatus>,
  context: ReconcileContext,
  outdone: RefMap<true>,
): Promise<Outcome> {
  const { world } = options;
  const observation = observeVolume(world, volume, spec);
  if (observation.rival === undefined) outdone.delete(refOf("AoeVolume", volume));
  else outdone.set(refOf("AoeVolume", volume), true);
  if (isDeleting(volume)) {
    const left = planned(() => release(observation));
    if ("conditions" in left) return { handed: nothing, conditions: left.conditions, released: false };
    if (left.kind === "Released")
      return { handed: nothing, conditions: suspended(directives), released: suspended(directives).length === 0 };
    const handed = await act(options, volume, observation, left.finding.steps, directives, draft, context);
    const failed = handed.held.map(({ step, outcome }) => yes("DeletionBlocked", ...reasonAndMessage(step, outcome)));
    return { handed, conditions: merged(left.finding.conditions, failed, suspended(directives)), released: false };
  }
  const plan = planned(() => planVolume(observation));
  if (plan.askServer === true) askServer(world, volume, spec);
  describe(draft.status, observation);
  const handed = await act(options, volume, observation, plan.steps, directives, draft, context);
  return { handed, conditions: merged(plan.conditions, handed.held.flatMap(conditionsOf)), released: false };
}

function askServer(
  world: World,
  { metadata: { namespace = "", name } }: AoeVolume,
  { serverRef }: AoeVolumeSpec,
): void {
  const server = world.machines.of(refTo("AoeServer", namespace, serverRef.name));
  const volume = refTo("AoeVolume", namespace, name);
  if (server !== undefined && world.freshness.holds(volume, server, "Compare"))
    world.freshness.demand(volume, [server], "Compare", "WithoutSegments");
}

/** A value that passed the schema and that no host can be given all the same. */
function planned<T>(plan: () => T): T | Finding {
  try {
    return plan();
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    return stop(owned.map((type) => unknown(type, "InvalidSpec", error.message)));
  }
}

function reasonAndMessage(...[step, outcome]: Parameters<typeof explainOutcome>): [Reason, string] {
  const { reason, message } = explainOutcome(step, outcome);
  return [reason, message];
}

/** What a step that did not help means for the conditions. */
function conditionsOf({ step, outcome }: Handed["held"][number]): ConditionUpdate[] {
  const [reason, message] = reasonAndMessage(step, outcome);
  if (!step.host.startsWith("AoeServer/")) return [no("Attached", reason, `${step.host}: ${message}`)];
  // An export that runs and may not be restarted now is still an export.
  if (reason === "RestartForbidden") return [yes("Exported", "ClientHoldsDevice", message)];
  const conflict = reason === "AddressTaken" || reason === "BackingExported";
  return [no("Exported", reason, message), ...(conflict ? [yes("Conflicted", reason, message)] : [])];
}

async function act(
  { api, metrics, world }: Means,
  volume: AoeVolume,
  observation: VolumeObservation,
  steps: readonly Step[],
  directives: Directives,
  draft: StatusDraft<AoeVolumeStatus>,
  context: ReconcileContext,
): Promise<Handed> {
  if (withheld(draft.status, directives, () => printed(steps))) return nothing;
  const running = servedExport(observation) !== undefined;
  // Before the first side effect, and before an export that runs already is taken for ours.
  if ((steps.length > 0 || running) && !isDeleting(volume) && !hasFinalizer(volume, finalizer))
    world.stores.volumes.observe(
      await addFinalizer({ api, kind: aoeVolumes, object: volume, finalizer, signal: context.signal }),
    );
  context.signal.throwIfAborted();
  const { namespace = "", name } = volume.metadata;
  const id = refTo("AoeVolume", namespace, name);
  const handed = handOver(world, id, parts(world, volume, observation, steps), context.log);
  if (hasCondition(volume.status?.conditions, "Ready", "True", volume.metadata.generation))
    for (const { action } of handed.started) metrics.repairs.inc({ kind: "AoeVolume", action });
  return handed;
}

function parts(world: World, volume: AoeVolume, observation: VolumeObservation, steps: readonly Step[]): Part[] {
  const { namespace = "" } = volume.metadata;
  const grouped = byHost(steps);
  const hosts = machinesOf(world, volume, observation.spec);
  const others = observation.bystanders.flatMap(({ ref }) => world.machines.of(ref) ?? []);
  const witnesses = [...new Set([...hosts, ...others])];
  return hosts.flatMap((host: Machine) => {
    // One machine may be AoeServer and XenHost at once.
    const own = [...host.members.keys()].filter((member) => member.namespace === namespace);
    const mine = own.flatMap(({ kind, name }) => grouped.get(`${kind}/${name}`) ?? []);
    return [{ host, steps: mine, basis: mine.length === 0 ? "" : basisOf(observation, host), witnesses }];
  });
}

/** The facts a plan rests on: when they change, what failed is worth another try. */
function basisOf(observation: VolumeObservation, host: Machine): string {
  const server = readyServer(observation);
  const view = host.agent.view;
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

/** What the status keeps besides conditions. */
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
  status.sizeBytes = String(sizeBytes);
  status.server = {
    ...(unit === "" ? {} : { unit }),
    pid,
    interface: interfaceOf(observation.spec, observation.server.spec),
    ...(mac === undefined ? {} : { mac }),
    backing,
  };
}

const isListed = ({ clients }: VolumeObservation, name: string) =>
  clients.some((client) => client.name === name && client.listed);

function ready(status: AoeVolumeStatus, volume: AoeVolume, directives: Directives): ConditionUpdate {
  if (isDeleting(volume)) return no("Ready", "Deleting", "The volume is being deleted");
  const summary = summarise(status.conditions ?? [], {
    type: "Ready",
    required: ["Exported", "Attached"],
    negative: ["Conflicted"],
    readyMessage: `${status.target} is served and seen by all its clients`,
  });
  if (summary.status !== "True") {
    if (directives.paused && summary.reason === "Progressing") return { ...summary, reason: "Paused" };
    if (directives.dryRun && summary.reason === "Progressing") return { ...summary, reason: "DryRun" };
    return summary;
  }
  const exported = status.conditions?.find(({ type }) => type === "Exported");
  return exported?.reason === "Exported"
    ? summary
    : { type: "Ready", status: "False", reason: exported?.reason ?? "Pending", message: exported?.message ?? "" };
}

function leftBy(world: World, volume: AoeVolume): string {
  const parsed = volumeSpec(volume);
  return parsed.ok ? whatIsLeft(observeVolume(world, volume, parsed.spec)) : "Its export may still run";
}
