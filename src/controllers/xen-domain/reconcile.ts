import { finalizer } from "../../api/common.ts";
import { type XenDomain, xenDomains } from "../../api/kinds.ts";
import { quantityBytes } from "../../api/quantity.ts";
import type { XenDomainSpec, XenDomainStatus } from "../../api/xen-domain.ts";
import { InvalidValue } from "../../host/values.ts";
import { type ConditionUpdate, summarise } from "../../runtime/conditions.ts";
import { addFinalizer, hasFinalizer, isDeleting, removeFinalizer } from "../../runtime/finalizers.ts";
import { type KubeApi, keyOf } from "../../runtime/kube-api.ts";
import { againAfter, done, type ReconcileContext, type Reconciler } from "../../runtime/reconciler.ts";
import { type StatusDraft, withStatus } from "../../runtime/status-patch.ts";
import { announce } from "../announce.ts";
import { abandon, conclude, invalidSpec, suspended } from "../conclude.ts";
import { type Directives, directivesOf } from "../directives.ts";
import { printed, withheld } from "../draft.ts";
import { no, unknown, yes } from "../finding.ts";
import { isSameRef, type ObjectRef, refTo } from "../identity.ts";
import { domainSpec } from "../specs.ts";
import type { Controlled } from "../watch.ts";
import { type Handed, handOver, merged, soonest } from "../work.ts";
import type { Means, World } from "../world.ts";
import { Absences } from "./absences.ts";
import { derivedUuid } from "./derived-uuid.ts";
import { describeDomain } from "./describe.ts";
import { Doubts } from "./doubts.ts";
import { rebootMs } from "./ensure-power.ts";
import { heldConditions } from "./held.ts";
import { keepMigrations, migrationsOf } from "./keep-migrations.ts";
import { type DomainObservation, factsOf, survey } from "./observation.ts";
import { observeDomain } from "./observe.ts";
import { type DomainPlan, planDomain } from "./plan.ts";
import { release, whatStays } from "./release.ts";
import { Starts } from "./starts.ts";
import { watchDomains } from "./watches.ts";

const owned = ["DisksReady", "Running", "PendingRestart"] as const;
const nothing: Handed = { started: [], held: [], againSeconds: undefined };

/** Makes one XenDomain true: its images, its configurations, and that it runs on one host, or on none. */
export const controlDomains = (means: Means): Controlled => watchDomains(means.world, domainReconciler(means));

function domainReconciler(options: Means): Reconciler {
  const { api, world, events } = options;
  const store = world.stores.domains;
  const absences = new Absences(world.ledger);
  const doubts = new Doubts(world);
  const starts = new Starts(world.ledger);
  return {
    async reconcile(key, context) {
      const domain = store.get(key);
      if (domain === undefined || (isDeleting(domain) && !hasFinalizer(domain, finalizer))) {
        world.ledger.forget(refTo("XenDomain", key.namespace, key.name));
        return done;
      }
      const directives = directivesOf(domain.metadata);
      const parsed = domainSpec(domain);
      if (isDeleting(domain) && directives.abandoned)
        return await abandon(options, xenDomains, domain, leftBy(world, domain), context);
      const derived = parsed.ok && parsed.spec.uuid === undefined ? derivedUuid(world, domain, parsed.spec) : undefined;
      if (derived !== undefined && !isDeleting(domain) && !directives.dryRun) {
        store.observe(await nameForever(api, domain, derived, context.signal));
        return done;
      }
      const initial: XenDomainStatus = structuredClone(domain.status ?? {});
      const before = domain.status?.conditions;
      const write = { api, kind: xenDomains, object: domain, store, leading: context.leading, initial };
      return await withStatus(write, async (draft) => {
        const outcome = parsed.ok
          ? await converge(options, domain, parsed.spec, directives, draft, context, { absences, doubts, starts })
          : {
              handed: nothing,
              conditions: invalidSpec(domain, owned, parsed.message),
              released: false,
              againSeconds: undefined,
            };
        conclude(draft.status, domain, {
          directives,
          conditions: outcome.conditions,
          owned,
          ready: () => ready(draft.status, domain, parsed.ok ? parsed.spec : undefined),
          now: world.clock.now(),
        });
        announce(events, xenDomains, domain, {
          before,
          after: draft.status.conditions,
          log: context.log,
        });
        if (outcome.released) {
          await draft.flush();
          await removeFinalizer({ api, kind: xenDomains, object: domain, finalizer, signal: context.signal });
        }
        const againSeconds = soonest([outcome.handed.againSeconds, outcome.againSeconds]);
        return againSeconds === undefined ? done : againAfter(againSeconds);
      });
    },
  };
}

/** The UUID of a domain whose author left it open is written down before anything is built. */
async function nameForever(api: KubeApi, domain: XenDomain, uuid: string, signal: AbortSignal): Promise<XenDomain> {
  const { resourceVersion } = domain.metadata;
  return await api.mergePatch(
    xenDomains,
    keyOf(domain),
    { metadata: resourceVersion === undefined ? {} : { resourceVersion }, spec: { uuid } },
    signal,
  );
}

interface Outcome {
  readonly handed: Handed;
  readonly conditions: readonly ConditionUpdate[];
  readonly released: boolean;
  /** When time alone changes something. */
  readonly againSeconds: number | undefined;
}

/** What the controller remembers of earlier judgements. */
interface Memory {
  readonly absences: Absences;
  readonly doubts: Doubts;
  readonly starts: Starts;
}

async function converge(
  options: Means,
  domain: XenDomain,
  spec: XenDomainSpec,
  directives: Directives,
  draft: StatusDraft<XenDomainStatus>,
  context: ReconcileContext,
  { absences, doubts, starts }: Memory,
): Promise<Outcome> {
  const { world } = options;
  const { namespace = "", name, uid = "" } = domain.metadata;
  const id = refTo("XenDomain", namespace, name);
  const seen = observeDomain(world, domain, spec, spec.uuid ?? derivedUuid(world, domain, spec) ?? uid, {
    doubts,
    starts,
  });
  const ran = (domain.status?.hostRef ?? domain.status?.configuration) !== undefined;
  const absentMs = absences.look(id, survey(seen), ran, world.clock.monotonic());
  const observation = { ...seen, absentMs };
  if (isDeleting(domain)) starts.end(id);
  if (isDeleting(domain)) return await letGo(options, domain, observation, directives, draft, context);
  const acting = !directives.paused && !directives.dryRun;
  const whole = planned(() => planDomain(observation));
  const { plan, waits } = inTurn(world, domain, observation, whole, acting ? starts : undefined);
  describeDomain(draft.status, observation, acting ? plan.steps : []);
  keepMigrations(draft.status, migrationsOf(world, namespace, observation.uuid));
  const handed = await act(options, domain, observation, plan, directives, draft, context);
  // One that has failed lets others have its turn until it is tried again.
  if (handed.held.some(({ step }) => step.action === "start-domain") && !isBeingStarted(observation, starts.hostOf(id)))
    starts.end(id);
  const conditions = merged(plan.conditions, heldConditions(handed.held));
  const againSeconds = soonest([dueIn(observation), waits ? turnSeconds : undefined]);
  return { handed, conditions, released: false, againSeconds };
}

/** How often a domain that waits for its turn asks again, seconds. */
const turnSeconds = 2;

/** The plan without a start whose turn has not come. `starts`: undefined while nothing is done for the domain. */
function inTurn(
  { clock }: World,
  { metadata }: XenDomain,
  domain: DomainObservation,
  plan: DomainPlan,
  starts: Starts | undefined,
): { readonly plan: DomainPlan; readonly waits: boolean } {
  const { namespace = "", name, creationTimestamp } = metadata;
  const id = refTo("XenDomain", namespace, name);
  const start = plan.steps.find(({ action }) => action === "start-domain");
  if (start === undefined || starts === undefined) {
    starts?.end(id);
    return { plan, waits: false };
  }
  const host = domain.hosts.find((one) => start.host === `XenHost/${one.name}`)?.name ?? "";
  const on = refTo("XenHost", namespace, host);
  const without = (condition?: ConditionUpdate) => ({
    plan: {
      conditions: merged(plan.conditions, condition === undefined ? [] : [condition]),
      steps: plan.steps.filter((step) => step !== start),
    },
    waits: true,
  });
  // What has been begun on one host is not begun on another one that has more room by now.
  const begun = starts.hostOf(id);
  if (begun !== undefined && !isSameRef(begun, on) && isBeingStarted(domain, begun)) return without();
  const request = {
    host: on,
    uuid: domain.uuid,
    mebibytes: Math.ceil(quantityBytes(domain.spec.memory) / 2 ** 20),
    rank: { priority: domain.spec.priority, created: creationTimestamp ?? "", name: `${namespace}/${name}` },
    again: domain.recorded.host !== undefined,
  };
  const wait = starts.ask(id, request, clock.monotonic());
  if (wait === undefined) return { plan, waits: false };
  return without(no("Running", "StartQueued", `It is to be started on ${host}: ${wait}`));
}

/** Its start has been handed over there, and no look has shown yet how it ended. */
const isBeingStarted = ({ hosts }: DomainObservation, host: ObjectRef | undefined): boolean =>
  hosts.some(({ name, machine }) => host?.name === name && machine.state === "Found" && machine.busy);

/** A reboot that must be waited for, or a shutdown that may take so long and no longer. */
function dueIn(domain: DomainObservation): number | undefined {
  if (domain.recorded.shutdownSince !== undefined) {
    const left = domain.recorded.shutdownSince + domain.spec.shutdown.timeoutSeconds * 1000 - domain.now;
    return left > 0 ? left / 1000 + 1 : undefined;
  }
  const { absentMs } = domain;
  return absentMs !== undefined && absentMs < rebootMs ? Math.ceil((rebootMs - absentMs) / 1000) : undefined;
}

async function letGo(
  options: Means,
  domain: XenDomain,
  observation: DomainObservation,
  directives: Directives,
  draft: StatusDraft<XenDomainStatus>,
  context: ReconcileContext,
): Promise<Outcome> {
  const left = release(observation);
  const stopped = suspended(directives);
  if (left.kind === "Released")
    return { handed: nothing, conditions: stopped, released: stopped.length === 0, againSeconds: undefined };
  describeDomain(draft.status, observation, left.finding.steps);
  const handed = await act(options, domain, observation, left.finding, directives, draft, context);
  const failed = heldConditions(handed.held).map(({ reason, message }) => yes("DeletionBlocked", reason, message));
  const conditions = merged(left.finding.conditions, failed, stopped);
  return { handed, conditions, released: false, againSeconds: dueIn(observation) };
}

/** A value that passed the schema and that no host can be given all the same. */
function planned(plan: () => DomainPlan): DomainPlan {
  try {
    return plan();
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    return { conditions: owned.map((type) => unknown(type, "InvalidSpec", error.message)), steps: [] };
  }
}

async function act(
  { api, world }: Means,
  domain: XenDomain,
  observation: DomainObservation,
  { steps }: Pick<DomainPlan, "steps">,
  directives: Directives,
  draft: StatusDraft<XenDomainStatus>,
  context: ReconcileContext,
): Promise<Handed> {
  if (withheld(draft.status, directives, () => printed(steps))) return nothing;
  if (steps.length > 0 && !isDeleting(domain) && !hasFinalizer(domain, finalizer))
    world.stores.domains.observe(
      await addFinalizer({ api, kind: xenDomains, object: domain, finalizer, signal: context.signal }),
    );
  // What it is started with, and since when it is asked to shut down, must survive a crash.
  if (steps.some(({ action }) => action === "start-domain" || action === "stop-domain")) await draft.flush();
  context.signal.throwIfAborted();
  const { namespace = "", name } = domain.metadata;
  const found = observation.hosts.flatMap((host) =>
    host.machine.state === "Found" ? [{ host, machine: host.machine }] : [],
  );
  const witnesses = [...new Set(found.map(({ machine }) => machine.watched))];
  const parts = found.map(({ host, machine }) => ({
    host: machine.watched,
    steps: steps.filter((step) => step.host === `XenHost/${host.name}`),
    basis: JSON.stringify(basisOf(observation, host)),
    witnesses,
  }));
  return handOver(world, refTo("XenDomain", namespace, name), parts, context.log);
}

/** The facts a plan rests on: when they change, what failed is worth another try. */
function basisOf({ uuid }: DomainObservation, host: DomainObservation["hosts"][number]): unknown {
  const facts = factsOf(host);
  if (facts === undefined) return undefined;
  const { toolstack, domains, images, domainLocks, domainConfigurations } = facts;
  return [
    toolstack.state === "known" ? [toolstack.value.info?.freeMemory, toolstack.value.bridges] : toolstack.state,
    domains.state === "known" ? domains.value.domains.find((one) => one.uuid === uuid)?.state : domains.state,
    images,
    domainLocks,
    domainConfigurations,
  ];
}

function ready(status: XenDomainStatus, domain: XenDomain, spec: XenDomainSpec | undefined): ConditionUpdate {
  if (isDeleting(domain)) return no("Ready", "Deleting", "The domain is being deleted");
  const running = status.conditions?.find(({ type }) => type === "Running");
  if (spec?.powerState === "Halted") {
    if (running?.status === "False" && running.reason === "Halted") return yes("Ready", "Halted", running.message);
    return {
      type: "Ready",
      status: running?.status === "Unknown" ? "Unknown" : "False",
      reason: running?.reason ?? "Pending",
      message: running?.message ?? "Not looked at yet",
    };
  }
  return summarise(status.conditions ?? [], {
    type: "Ready",
    required: ["DisksReady", "Running"],
    readyMessage: running?.message ?? "It runs",
  });
}

function leftBy(world: World, domain: XenDomain): string {
  const parsed = domainSpec(domain);
  const uuid = (parsed.ok ? parsed.spec.uuid : undefined) ?? domain.metadata.uid ?? "";
  return parsed.ok ? whatStays(observeDomain(world, domain, parsed.spec, uuid)) : "The domain may still run";
}
