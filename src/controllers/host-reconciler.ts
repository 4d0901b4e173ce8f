import { finalizer } from "../api/common.ts";
import type { Condition } from "../api/conditions.ts";
import { type HostStatus, probeTimeBoundSeconds } from "../api/host-status.ts";
import type { Metadata } from "../api/kinds.ts";
import type { ParsedSpec } from "../api/parse.ts";
import type { Reason } from "../api/reasons.ts";
import type { SshSpec } from "../api/ssh.ts";
import { claimMachine } from "../host/actions.ts";
import type { HostFacts } from "../host/facts.ts";
import { InvalidValue } from "../host/values.ts";
import { type ConditionUpdate, hasCondition, rfc3339, summarise } from "../runtime/conditions.ts";
import { addFinalizer, hasFinalizer, isDeleting, removeFinalizer } from "../runtime/finalizers.ts";
import { type Kind, type KubeObject, keyOf } from "../runtime/kube-api.ts";
import { againAfter, done, type ReconcileContext, type Reconciler } from "../runtime/reconciler.ts";
import { withStatus } from "../runtime/status-patch.ts";
import type { ReadonlyStore } from "../runtime/store.ts";
import { announce } from "./announce.ts";
import { type Directives, directivesOf } from "./directives.ts";
import { news, printed, say } from "./draft.ts";
import { no, unknown, yes } from "./finding.ts";
import { type Ended, type Gone, hasEnded } from "./gone.ts";
import { factsStatus } from "./host-facts.ts";
import { addressOf } from "./hosts/endpoint.ts";
import type { Machine } from "./hosts/machine.ts";
import { type Claiming, claimingOf } from "./hosts/machine-claims.ts";
import { exclusive, type Step } from "./hosts/step.ts";
import { currentFacts, lastSnapshot, machineOf, pending } from "./hosts/view.ts";
import { refTo } from "./identity.ts";
import { explainOutcome } from "./outcomes.ts";
import { reachable } from "./reach.ts";
import { sayStalled } from "./stalled.ts";
import { unreadable, unreadableType } from "./unreadable.ts";
import { type Handed, handOver, merged } from "./work.ts";
import type { Means } from "./world.ts";

/** An AoeServer or XenHost, as far as both are machines. */
export interface HostKind<
  T extends KubeObject & { metadata: Metadata; status?: Status },
  Spec extends { ssh: SshSpec },
  Status extends HostStatus,
> {
  readonly kind: Kind<T> & { readonly kind: "AoeServer" | "XenHost" };
  readonly store: ReadonlyStore<T>;
  readonly parse: (object: T) => ParsedSpec<Spec>;
  /** The condition that says whether the machine is prepared. */
  readonly prepared: "Prepared" | "AoeReady";
  readonly preparedMessage: string;
  readonly plan: (host: string, spec: Spec, facts: HostFacts, object: T) => HostPlan;
  /** Conditions beside `Reachable` and the prepared one: what they are while nothing is known of the host. */
  readonly aspects: readonly string[];
  /** Which condition a step that did not help speaks of; the prepared one where this says nothing. */
  readonly conditionOf?: (action: string) => string | undefined;
  /** The part of the status that only this kind has. */
  readonly describe: (status: Status, facts: HostFacts, object: T) => void;
  /** Who keeps the object from being deleted, and what the user can do. */
  readonly blockers: (object: T) => { readonly reason: Reason; readonly message: string } | undefined;
  readonly left: (object: T) => string;
  /** What is proved of the machine while it cannot be asked. */
  readonly gone?: (object: T) => Gone;
  /** What the status keeps of a proof that it is gone. */
  readonly describeGone?: (status: Status, ended: Ended) => void;
}

export interface HostPlan {
  readonly steps: readonly Step[];
  readonly problem: { readonly reason: Reason; readonly message: string } | undefined;
  /** What is said of the aspects. */
  readonly conditions?: readonly ConditionUpdate[];
  /** Aspects without which the host is not ready. */
  readonly required?: readonly string[];
}

const nothing: Handed = { started: [], held: [], againSeconds: undefined };

/** Makes one machine ready for its part: reached, known, prepared; and lets go of it when nothing needs it any more. */
export function hostReconciler<
  T extends KubeObject & { metadata: Metadata; status?: Status },
  Spec extends { ssh: SshSpec },
  Status extends HostStatus,
>(options: Means, host: HostKind<T, Spec, Status>, empty: () => Status): Reconciler {
  const { api, world, events } = options;
  const { kind, store } = host;
  return {
    async reconcile(key, context) {
      let object = store.get(key);
      if (object === undefined || (isDeleting(object) && !hasFinalizer(object, finalizer))) return done;
      const directives = directivesOf(object.metadata);
      const gone = isDeleting(object) ? host.gone?.(object) : undefined;
      const alive = gone?.kind === "Beats" ? gone.message : undefined;
      if (isDeleting(object) && directives.abandoned && alive === undefined) {
        events.record(kind, object, {
          type: "Warning",
          reason: "Abandoned",
          action: "Delete",
          note: host.left(object),
        });
        await removeFinalizer({ api, kind, object, finalizer, signal: context.signal });
        return done;
      }
      const parsed = host.parse(object);
      if (parsed.ok && !isDeleting(object) && !hasFinalizer(object, finalizer)) {
        object = await addFinalizer({ api, kind, object, finalizer, signal: context.signal });
        store.observe(object);
      }
      const current = object;
      const blocker = isDeleting(current) ? (abandonRefused(directives, alive) ?? host.blockers(current)) : undefined;
      if (isDeleting(current) && blocker === undefined) {
        await removeFinalizer({ api, kind, object: current, finalizer, signal: context.signal });
        return done;
      }
      const before = current.status?.conditions;
      const initial = current.status ?? empty();
      return await withStatus(
        { api, kind, object: current, store, leading: context.leading, initial },
        async (draft) => {
          const watched = world.machines.of(refTo(kind.kind, key.namespace, key.name));
          const { status } = draft;
          const { ssh } = parsed.ok ? parsed.spec : { ssh: undefined };
          if (
            ssh?.hostKeyPolicy === "TrustOnFirstUse" &&
            status.hostKey === undefined &&
            watched?.trustedKey !== undefined
          ) {
            status.hostKey = watched.trustedKey;
            await draft.flush();
          }
          const machine = machineToRecord(status, watched, directives);
          if (machine !== undefined) {
            status.machineID = machine;
            await draft.flush();
          }
          const outcome = parsed.ok
            ? judge(options, host, current, parsed.spec, directives, status, watched, context)
            : { conditions: invalid(host, parsed.message), handed: nothing, required: [] };
          const stuck = blocker && yes("DeletionBlocked", blocker.reason, blocker.message);
          conclude(
            status,
            host,
            current,
            directives,
            merged(outcome.conditions, stuck === undefined ? [] : [stuck]),
            outcome.required,
            world.clock.now(),
          );
          const probe = probeTime(status, current.status, watched, world.clock.now());
          if (probe.time !== undefined) status.lastProbeTime = rfc3339(probe.time);
          announce(events, kind, current, { before, after: status.conditions, log: context.log });
          const again = Math.min(outcome.handed.againSeconds ?? Number.POSITIVE_INFINITY, probe.againSeconds);
          return Number.isFinite(again) ? againAfter(again) : done;
        },
      );
    },
  };
}

function abandonRefused(
  { abandoned }: Directives,
  alive: string | undefined,
): ReturnType<HostKind<never, never, never>["blockers"]> {
  if (!abandoned || alive === undefined) return undefined;
  return { reason: "HeartbeatHeard", message: `xensan.dev/abandon is refused: ${alive}. Switch the machine off first` };
}

/** What is proved of a machine that cannot be asked stands beside why it cannot. */
function told(reached: ReturnType<typeof reachable>, gone: Gone | undefined): ReturnType<typeof reachable> {
  if (gone === undefined) return reached;
  if (gone.kind === "Beats") return { ...reached, message: `${reached.message}. ${gone.message}` };
  if (!hasEnded(gone)) return gone.why === "" ? reached : { ...reached, message: `${reached.message} ${gone.why}` };
  return { ...reached, reason: gone.kind, message: `${gone.message}: nothing waits for it (${reached.message})` };
}

/** Seconds between the looks of those who may prove that a host is dead, and of those who still hear it. */
const [proofSeconds, heardSeconds] = [10, 30];

/** Has others look at the heartbeat of a host that cannot be asked, more often than at other times; when to ask again. */
function lookForProof(gone: Gone): number | undefined {
  if (hasEnded(gone) || gone.witnesses === undefined) return undefined;
  const pause = gone.kind === "Beats" ? heardSeconds : proofSeconds;
  for (const { agent } of gone.witnesses) if (agent.sinceLookSeconds >= pause) agent.ask("WithoutSegments");
  return proofSeconds;
}

/** At the first look what the machine says; later what a person approved: `Machine:ID`. */
function machineToRecord(
  { machineID }: HostStatus,
  watched: Machine | undefined,
  { approved }: Directives,
): string | undefined {
  const [, accepted] = /^Machine:([A-Za-z0-9-]{1,64})$/.exec(approved ?? "") ?? [];
  if (machineID !== undefined) return accepted === machineID ? undefined : accepted;
  return watched === undefined ? undefined : machineOf(watched.agent.view);
}

/** A quiet host's status is written this often, seconds: within the bound that the schema states of `lastProbeTime`. */
const probeTimeSeconds = probeTimeBoundSeconds - 60;

/** The time to write, wall-clock milliseconds: with other changes, or when the stored one grows old; and when that will be. */
function probeTime(
  status: HostStatus,
  stored: HostStatus | undefined,
  watched: Machine | undefined,
  now: number,
): { readonly time: number | undefined; readonly againSeconds: number } {
  const view = watched?.agent.view;
  const last = lastSnapshot(view);
  if (last === undefined) return { time: undefined, againSeconds: Number.POSITIVE_INFINITY };
  const written = stored?.lastProbeTime === undefined ? Number.NEGATIVE_INFINITY : Date.parse(stored.lastProbeTime);
  // Seconds are written, so a look may be a little newer than its own time.
  if (last.time - written < 1000) {
    const againSeconds = view?.state === "Reachable" ? probeTimeSeconds : Number.POSITIVE_INFINITY;
    return { time: undefined, againSeconds };
  }
  const left = written + probeTimeSeconds * 1000 - now;
  return differs(status, stored) || left <= 0
    ? { time: last.time, againSeconds: probeTimeSeconds }
    : { time: undefined, againSeconds: left / 1000 };
}

const differs = (status: HostStatus, stored: HostStatus | undefined) =>
  JSON.stringify({ ...status, lastProbeTime: undefined }) !== JSON.stringify({ ...stored, lastProbeTime: undefined });

function judge<
  T extends KubeObject & { metadata: Metadata; status?: Status },
  Spec extends { ssh: SshSpec },
  Status extends HostStatus,
>(
  { metrics, world }: Means,
  host: HostKind<T, Spec, Status>,
  object: T,
  spec: Spec,
  directives: Directives,
  status: Status,
  watched: Machine | undefined,
  context: ReconcileContext,
): { conditions: ConditionUpdate[]; handed: Handed; required: readonly string[] } {
  const view = watched?.agent.view ?? pending;
  const gone = host.gone?.(object);
  const reached = told(reachable(view, addressOf(spec.ssh)), gone);
  const facts = currentFacts(view);
  const { namespace, name } = keyOf(object);
  const id = refTo(host.kind.kind, namespace, name);
  delete status.plan;
  if (facts === undefined || watched === undefined) {
    const unseen = [host.prepared, ...host.aspects].map((type) => unknown(type, reached.reason, reached.message));
    if (gone !== undefined && hasEnded(gone)) host.describeGone?.(status, gone);
    return {
      conditions: [reached, ...unseen],
      handed: { ...nothing, againSeconds: gone && lookForProof(gone) },
      required: host.aspects,
    };
  }
  status.facts = factsStatus(facts);
  host.describe(status, facts, object);
  const left = unreadable(facts);
  const seen = left === undefined ? [reached] : [reached, left];
  const claiming = claimingOf(watched, id);
  const subject = `${host.kind.kind}/${name}`;
  const plan =
    claiming.kind === "Elsewhere"
      ? { steps: [], problem: { reason: "ClaimedElsewhere" as const, message: claiming.message } }
      : claimed(
          subject,
          claiming,
          planned(() => host.plan(subject, spec, facts, object)),
        );
  const { steps, problem, conditions: aspects = [], required = [] }: HostPlan = plan;
  const condition =
    problem === undefined
      ? yes(host.prepared, host.prepared, host.preparedMessage)
      : no(host.prepared, steps.length > 0 ? "Progressing" : problem.reason, problem.message);
  if (directives.dryRun) status.plan = printed(steps);
  const withheld = directives.paused || directives.dryRun || isDeleting(object);
  const fresh = world.freshness.holds(id, watched);
  // What is missing is put there as soon as a look has begun after the spec was written.
  if (!withheld && !fresh) return { conditions: [reached, condition, ...aspects], handed: nothing, required };
  if (withheld)
    return {
      conditions: [
        ...seen,
        problem === undefined ? condition : no(host.prepared, problem.reason, problem.message),
        ...aspects,
      ],
      handed: nothing,
      required,
    };
  context.signal.throwIfAborted();
  const basis = JSON.stringify([
    facts.interfaces,
    facts.aoe,
    [...(facts.tools.state === "known" ? facts.tools.value : [])],
  ]);
  const handed = handOver(world, id, [{ host: watched, steps, basis, witnesses: [] }], context.log);
  if (hasCondition(object.status?.conditions, "Ready", "True", object.metadata.generation))
    for (const { action } of handed.started) metrics.repairs.inc({ kind: host.kind.kind, action });
  const failed = handed.held.map(({ step, outcome }) => {
    const { reason, message } = explainOutcome(step, outcome);
    return no(host.conditionOf?.(step.action) ?? host.prepared, reason, message);
  });
  return { conditions: merged([...seen, condition, ...aspects], failed), handed, required };
}

/** Whatever acts there claims the machine; where nothing is to be done, that is. */
function claimed(subject: string, claiming: Claiming, plan: HostPlan): HostPlan {
  if (claiming.kind !== "Free" || plan.steps.length > 0) return plan;
  return { ...plan, steps: [exclusive(subject, claimMachine())] };
}

/** A value that passed the schema and that no host can be given all the same. */
function planned(plan: () => HostPlan): HostPlan {
  try {
    return plan();
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    return { steps: [], problem: { reason: "InvalidSpec", message: error.message } };
  }
}

function invalid<
  T extends KubeObject & { metadata: Metadata; status?: Status },
  Spec extends { ssh: SshSpec },
  Status extends HostStatus,
>(host: HostKind<T, Spec, Status>, message: string): ConditionUpdate[] {
  return [
    unknown("Reachable", "InvalidSpec", message),
    ...[host.prepared, ...host.aspects].map((type) => unknown(type, "InvalidSpec", message)),
    no("Ready", "InvalidSpec", message),
  ];
}

function conclude<
  T extends KubeObject & { metadata: Metadata; status?: Status },
  Spec extends { ssh: SshSpec },
  Status extends HostStatus,
>(
  status: Status,
  host: HostKind<T, Spec, Status>,
  object: T,
  directives: Directives,
  conditions: readonly ConditionUpdate[],
  required: readonly string[],
  now: number,
): void {
  const { generation } = object.metadata;
  const context = { now, generation };
  const paused = yes("Paused", "Paused", "The annotation xensan.dev/paused keeps xensan from changing anything");
  // Of a host that says nothing now, what it said last stands.
  const readable = !conditions.some(
    ({ type, status }) => type === unreadableType || (type === "Reachable" && status !== "True"),
  );
  const gone = [
    ...(directives.paused ? [] : ["Paused"]),
    ...(isDeleting(object) ? [] : ["DeletionBlocked"]),
    ...(readable ? [unreadableType] : []),
  ];
  const draft: { conditions?: Condition[] | undefined } = status;
  const fresh = news(conditions, object.status?.conditions, generation);
  say(draft, [...fresh, ...(directives.paused ? [paused] : [])], context, gone);
  if (generation !== undefined) status.observedGeneration = generation;
  const summary = isDeleting(object)
    ? no("Ready", "Deleting", "The host is being deleted")
    : summarise(status.conditions ?? [], {
        type: "Ready",
        required: ["Reachable", host.prepared, ...required],
        readyMessage: host.preparedMessage,
      });
  if (!conditions.some(({ type }) => type === "Ready")) say(draft, [summary], context);
  sayStalled(draft, context);
}
