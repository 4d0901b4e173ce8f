import { type XenDomain, xenDomains } from "../../api/kinds.ts";
import type { XenDomainSpec, XenDomainStatus } from "../../api/xen-domain.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { type KubeApi, keyOf } from "../../runtime/kube-api.ts";
import { done } from "../../runtime/reconciler.ts";
import { convergence } from "../converge.ts";
import { endApproval, suspends } from "../directives.ts";
import type { StepResult } from "../hosts/step.ts";
import type { ObjectRef } from "../identity.ts";
import { type Pass, reconcilerOf } from "../reconciler.ts";
import { domainSpec } from "../specs.ts";
import type { Controlled } from "../watch.ts";
import type { Means, World } from "../world.ts";
import { Absences } from "./absences.ts";
import { derivedUuid } from "./derived-uuid.ts";
import { describeDomain } from "./describe.ts";
import { Doubts } from "./doubts.ts";
import { mayReboot, rebootMs } from "./ensure-power.ts";
import { heldConditions } from "./held.ts";
import { isGivingUpOver } from "./images.ts";
import { jobs } from "./jobs.ts";
import { type DomainObservation, hasRun, survey } from "./observation.ts";
import { observeDomain } from "./observe.ts";
import { type DomainPlan, planDomain } from "./plan.ts";
import { ready } from "./ready.ts";
import { migrationsOf, recordMigrations } from "./record-migrations.ts";
import { release, whatStays } from "./release.ts";
import { Shutdowns } from "./shutdowns.ts";
import { Starts } from "./starts.ts";
import { inTurn, isBeingStarted, isObserved, turnSeconds } from "./turns.ts";
import { machinesOf, watchDomains } from "./watches.ts";

type DomainPass = Pass<XenDomain, XenDomainSpec, XenDomainStatus>;

const owned = ["DisksReady", "Running", "PendingRestart"] as const;

/** Reconciles XenDomains: their images and configurations, and that they run on one host, or on none. */
export function controlDomains(means: Means): Controlled {
  const { api, world } = means;
  const shared = { kind: xenDomains, store: world.stores.domains, owned };
  const absences = new Absences(world.ledger);
  const [doubts, leftovers] = [new Doubts(world), new Doubts(world)];
  const [starts, shutdowns] = [new Starts(world.ledger), new Shutdowns(world.ledger)];
  const acts = ({ directives }: Pick<DomainPass, "directives">) => !suspends(directives);
  const converge = convergence<XenDomain, XenDomainSpec, XenDomainStatus, DomainObservation, DomainPlan>(means, {
    ...shared,
    observe({ ref, object, spec, directives }) {
      const uuid = spec.uuid ?? derivedUuid(world, object, spec) ?? object.metadata.uid ?? "";
      const seen = observeDomain(world, object, spec, uuid, { doubts, leftovers, starts });
      if (isDeleting(object) || (suspends(directives) && !isBeingStarted(seen, starts.hostOf(ref)))) starts.end(ref);
      const now = world.clock.monotonic();
      // A probe from before the end of its start says nothing about its absence.
      const isStarting = isBeingStarted(seen, starts.hostOf(ref));
      const absentMs = isStarting ? undefined : absences.look(ref, survey(seen), hasRun(seen), now);
      return { ...seen, absentMs, askedMs: shutdowns.look(ref, resultsOf(ref, seen), now) };
    },
    plan: planDomain,
    release,
    planWith: (conditions) => ({ conditions, steps: [] }),
    async prepare(pass, seen, plan) {
      return { seen, plan: inTurn(world, pass, seen, plan, acts(pass) ? starts : undefined) };
    },
    describe(pass, seen, { steps }) {
      const { draft, object, ref } = pass;
      const meant = acts(pass) ? steps : [];
      if (!meant.some(({ action }) => action === "stop-domain")) shutdowns.end(ref, world.clock.monotonic());
      describeDomain(
        draft.status,
        seen,
        meant.filter((step) => !isObserved(seen, step)),
      );
      const { approved } = pass.directives;
      endApproval(draft.status, pass.directives, isGivingUpOver(world, seen, approved, object.status?.disks));
      if (!isDeleting(object))
        recordMigrations(draft.status, migrationsOf(world, object.metadata.namespace ?? "", seen.uuid));
    },
    // The configuration of a start, and the time of a shutdown request, must survive a crash.
    storesBefore: (steps) => steps.some(({ action }) => action === "start-domain" || action === "stop-domain"),
    jobs: ({ ref }, seen, steps) => {
      const incomplete = starts.isWaiting(ref);
      return jobs(ref, seen, steps).map((job) => ({ ...job, incomplete }));
    },
    // Stops and starts of a migration are no repairs.
    repairs: false,
    conditionsOfHeld: heldConditions,
    again({ ref, object }, seen, { plan, handed }) {
      const failed = handed.held.some(({ step }) => step.action === "start-domain");
      // After a failure others get its turn, until it is tried again.
      if (!isDeleting(object) && failed && !isBeingStarted(seen, starts.hostOf(ref))) starts.end(ref);
      return [dueIn(seen), plan.waits === true ? turnSeconds : undefined];
    },
  });
  const reconciler = reconcilerOf<XenDomain, XenDomainSpec, XenDomainStatus>(
    means,
    {
      ...shared,
      parse: domainSpec,
      async early({ ref, object, spec, directives, context }) {
        if (!machinesOf(world, object).every((machine) => world.freshness.isFresh(ref, machine, "Moved"))) return done;
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

/** Records the UUID of a domain whose spec has none, before anything is built. */
async function nameForever(api: KubeApi, domain: XenDomain, uuid: string, signal: AbortSignal): Promise<XenDomain> {
  const { resourceVersion } = domain.metadata;
  return await api.mergePatch(
    xenDomains,
    keyOf(domain),
    { metadata: resourceVersion === undefined ? {} : { resourceVersion }, spec: { uuid } },
    signal,
  );
}

/** The seconds until a reboot must be over, or until the time for a shutdown is over. */
function dueIn(domain: DomainObservation): number | undefined {
  const { askedMs, absentMs = 0, spec } = domain;
  if (askedMs !== undefined) {
    const left = spec.shutdown.timeoutSeconds * 1000 - askedMs;
    return left > 0 ? left / 1000 + 1 : undefined;
  }
  return mayReboot(domain) ? Math.max(1, Math.ceil((rebootMs - absentMs) / 1000)) : undefined;
}

/** What the last steps for the domain did, on all its hosts. */
const resultsOf = (domain: ObjectRef, { hosts }: DomainObservation): StepResult[] =>
  hosts.flatMap(({ machine }) => (machine.state === "Found" ? machine.watched.agent.results(domain) : []));

function leftBy(world: World, domain: XenDomain): string {
  const parsed = domainSpec(domain);
  const uuid = (parsed.ok ? parsed.spec.uuid : undefined) ?? domain.metadata.uid ?? "";
  return parsed.ok ? whatStays(observeDomain(world, domain, parsed.spec, uuid)) : "The domain may still run";
}
