import { type XenDomain, xenDomains } from "../../api/kinds.ts";
import { quantityBytes } from "../../api/quantity.ts";
import type { XenDomainSpec, XenDomainStatus } from "../../api/xen-domain.ts";
import { type ConditionUpdate, summarise } from "../../runtime/conditions.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { type KubeApi, keyOf, keyString } from "../../runtime/kube-api.ts";
import { done } from "../../runtime/reconciler.ts";
import { convergence, merged } from "../converge.ts";
import { no, yes } from "../finding.ts";
import { type Job, rests } from "../gate.ts";
import { isOn, type Step } from "../hosts/step.ts";
import { isSameRef, type ObjectRef, refTo, xenHost } from "../identity.ts";
import { type Pass, reconcilerOf } from "../reconciler.ts";
import { domainSpec } from "../specs.ts";
import type { Controlled } from "../watch.ts";
import type { Means, World } from "../world.ts";
import { Absences } from "./absences.ts";
import { derivedUuid } from "./derived-uuid.ts";
import { describeDomain } from "./describe.ts";
import { Doubts } from "./doubts.ts";
import { rebootMs } from "./ensure-power.ts";
import { heldConditions } from "./held.ts";
import { type DomainObservation, factsOf, hasRun, survey } from "./observation.ts";
import { observeDomain } from "./observe.ts";
import { type DomainPlan, planDomain } from "./plan.ts";
import { migrationsOf, recordMigrations } from "./record-migrations.ts";
import { release, whatStays } from "./release.ts";
import { Starts } from "./starts.ts";
import { watchDomains } from "./watches.ts";

type DomainPass = Pass<XenDomain, XenDomainSpec, XenDomainStatus>;

const owned = ["DisksReady", "Running", "PendingRestart"] as const;

/** Makes one XenDomain true: its images, its configurations, and that it runs on one host, or on none. */
export function controlDomains(means: Means): Controlled {
  const { api, world } = means;
  const shared = { kind: xenDomains, store: world.stores.domains, owned };
  const absences = new Absences(world.ledger);
  const [doubts, leftovers] = [new Doubts(world), new Doubts(world)];
  const starts = new Starts(world.ledger);
  const acts = ({ directives }: Pick<DomainPass, "directives">) => !directives.paused && !directives.dryRun;
  const converge = convergence<XenDomain, XenDomainSpec, XenDomainStatus, DomainObservation, DomainPlan>(means, {
    ...shared,
    observe({ ref, object, spec }) {
      const uuid = spec.uuid ?? derivedUuid(world, object, spec) ?? object.metadata.uid ?? "";
      const seen = observeDomain(world, object, spec, uuid, { doubts, leftovers, starts });
      if (isDeleting(object)) starts.end(ref);
      return { ...seen, absentMs: absences.look(ref, survey(seen), hasRun(seen), world.clock.monotonic()) };
    },
    plan: planDomain,
    release,
    saying: (conditions) => ({ conditions, steps: [] }),
    async prepare(pass, seen, plan) {
      return { seen, plan: inTurn(world, pass, seen, plan, acts(pass) ? starts : undefined) };
    },
    describe(pass, seen, { steps }) {
      const { draft, object } = pass;
      const meant = isDeleting(object) || acts(pass) ? steps : [];
      describeDomain(
        draft.status,
        seen,
        meant.filter((step) => !isObserved(seen, step)),
      );
      if (!isDeleting(object))
        recordMigrations(draft.status, migrationsOf(world, object.metadata.namespace ?? "", seen.uuid));
    },
    // What it is started with, and since when it is asked to shut down, must survive a crash.
    survives: (steps) => steps.some(({ action }) => action === "start-domain" || action === "stop-domain"),
    jobs: ({ ref }, seen, steps) => {
      const incomplete = starts.isWaiting(ref);
      return jobs(ref, seen, steps).map((job) => ({ ...job, incomplete }));
    },
    // A migration has it stopped and started as well.
    repairs: false,
    unhelpful: heldConditions,
    again({ ref, object }, seen, { plan, handed }) {
      const failed = handed.held.some(({ step }) => step.action === "start-domain");
      // One that has failed lets others have its turn until it is tried again.
      if (!isDeleting(object) && failed && !isBeingStarted(seen, starts.hostOf(ref))) starts.end(ref);
      return [dueIn(seen), plan.waits === true ? turnSeconds : undefined];
    },
  });
  const reconciler = reconcilerOf<XenDomain, XenDomainSpec, XenDomainStatus>(
    means,
    {
      ...shared,
      parse: domainSpec,
      async early({ object, spec, directives, context }) {
        const derived = spec !== undefined && spec.uuid === undefined ? derivedUuid(world, object, spec) : undefined;
        if (derived === undefined || isDeleting(object) || directives.dryRun) return undefined;
        shared.store.observe(await nameForever(api, object, derived, context.signal));
        return done;
      },
      converge,
      ready,
      abandoned: (domain) => ({ left: leftBy(world, domain) }),
    },
    () => ({}),
  );
  return watchDomains(world, reconciler);
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

/** How often a domain that waits for its turn asks again, seconds. */
const turnSeconds = 2;

/** The plan without a start whose turn has not come. `starts`: undefined while nothing is done for the domain. */
function inTurn(
  world: World,
  { ref, object }: DomainPass,
  domain: DomainObservation,
  plan: DomainPlan,
  starts: Starts | undefined,
): DomainPlan {
  const start = plan.steps.find(({ action }) => action === "start-domain");
  if (start === undefined || starts === undefined || isObserved(domain, start)) {
    starts?.end(ref);
    return plan;
  }
  const on = refTo(start.host.kind, ref.namespace, start.host.name);
  const without = (condition?: ConditionUpdate): DomainPlan => ({
    conditions: merged(plan.conditions, condition === undefined ? [] : [condition]),
    steps: plan.steps.filter((step) => step !== start),
    waits: true,
  });
  // What has been begun on one host is not begun on another one that has more room by now.
  const begun = starts.hostOf(ref);
  if (begun !== undefined && !isSameRef(begun, on) && isBeingStarted(domain, begun)) return without();
  // One that has failed takes no turn before it is tried again; the gate says why it was not started.
  const [job] = jobs(ref, domain, plan.steps).filter(({ steps }) => steps.includes(start));
  if (begun === undefined && job !== undefined && rests(world, job)) {
    starts.end(ref);
    return plan;
  }
  const request = {
    host: on,
    uuid: domain.uuid,
    mebibytes: Math.ceil(quantityBytes(domain.spec.memory) / 2 ** 20),
    rank: {
      priority: domain.spec.priority,
      created: object.metadata.creationTimestamp ?? "",
      name: keyString(keyOf(object)),
    },
    again: domain.recorded.host !== undefined,
  };
  const wait = starts.ask(ref, request, world.clock.monotonic());
  if (wait === undefined) return plan;
  return without(no("Running", "StartQueued", `It will be started on ${on.name}: ${wait}`));
}

/** The step is not done: its machine is looked at only. */
const isObserved = ({ hosts }: DomainObservation, step: Step): boolean =>
  hosts.some(
    ({ name, machine }) =>
      isOn(step, xenHost(name)) && machine.state === "Found" && machine.watched.observer !== undefined,
  );

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

function jobs(domain: ObjectRef, seen: DomainObservation, steps: DomainPlan["steps"]): Job[] {
  const found = seen.hosts.flatMap((host) =>
    host.machine.state === "Found" ? [{ host, machine: host.machine.watched }] : [],
  );
  const witnesses = [...new Set(found.map(({ machine }) => machine))];
  return found.map(({ host, machine }) => ({
    work: domain,
    machine,
    steps: steps.filter((step) => isOn(step, xenHost(host.name))),
    basis: JSON.stringify(basisOf(seen, host)),
    witnesses,
  }));
}

/** The facts a plan rests on: when they change, what failed is worth another try. */
function basisOf({ uuid }: DomainObservation, host: DomainObservation["hosts"][number]): unknown {
  const facts = factsOf(host);
  if (facts === undefined) return undefined;
  const { toolstack, domains, images, domainLocks, domainConfigurations, o2cb } = facts;
  return [
    toolstack.state === "known" ? [toolstack.value.info?.freeMemory, toolstack.value.bridges] : toolstack.state,
    domains.state === "known" ? domains.value.domains.find((one) => one.uuid === uuid)?.state : domains.state,
    images,
    domainLocks,
    domainConfigurations,
    // The lease of a host that died is free once it has been evicted.
    o2cb.state === "known" ? o2cb.value.active?.liveNodes : o2cb.state,
  ];
}

function ready(
  status: XenDomainStatus,
  { object, spec }: Pick<Pass<XenDomain, XenDomainSpec | undefined, XenDomainStatus>, "object" | "spec">,
): ConditionUpdate {
  if (isDeleting(object)) return no("Ready", "Deleting", "The domain is being deleted");
  const running = status.conditions?.find(({ type }) => type === "Running");
  if (spec?.powerState === "Halted") {
    if (running?.status === "False" && running.reason === "Halted") return yes("Ready", "Halted", running.message);
    return {
      type: "Ready",
      status: running?.status === "Unknown" ? "Unknown" : "False",
      reason: running?.reason ?? "Pending",
      message: running?.message ?? "Not checked yet",
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
