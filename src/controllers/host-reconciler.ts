import { finalizer } from "../api/common.ts";
import { type HostStatus, probeTimeBoundSeconds } from "../api/host-status.ts";
import type { ParsedSpec } from "../api/parse.ts";
import type { Reason } from "../api/reasons.ts";
import type { SshSpec } from "../api/ssh.ts";
import { claimMachine } from "../host/actions.ts";
import type { HostFacts } from "../host/facts.ts";
import { unlessInvalid } from "../host/values.ts";
import { type ConditionUpdate, rfc3339, summarise } from "../runtime/conditions.ts";
import { isDeleting, removeFinalizer } from "../runtime/finalizers.ts";
import type { Kind } from "../runtime/kube-api.ts";
import { done, type Reconciler } from "../runtime/reconciler.ts";
import type { ReadonlyStore } from "../runtime/store.ts";
import { act, merged } from "./converge.ts";
import { approvedOf, type Directives, endApproval, suspends } from "./directives.ts";
import { no, unknown, yes } from "./finding.ts";
import { printed } from "./gate.ts";
import { type Ended, type Gone, hasEnded } from "./gone/gone.ts";
import { factsStatus } from "./host-facts.ts";
import { addressOf } from "./hosts/endpoint.ts";
import { type Claiming, claimingOf, heldClaims, type Machine } from "./hosts/machine.ts";
import { exclusive, explainOutcome, type Step } from "./hosts/step.ts";
import { currentFacts, lastSnapshot, machineOf, pending } from "./hosts/view.ts";
import type { ObjectRef } from "./identity.ts";
import { reachable } from "./reach.ts";
import { type Declared, type Pass, type PassResult, reconcilerOf } from "./reconciler.ts";
import { unreadable, unreadableType } from "./unreadable.ts";
import type { Means } from "./world.ts";

interface Problem {
  readonly reason: Reason;
  readonly message: string;
}

/** What AoeServer and XenHost add to the reconciler of hosts. */
export interface HostKind<
  T extends Declared<Status>,
  Spec extends { readonly ssh: SshSpec },
  Status extends HostStatus,
  Seen,
> {
  readonly kind: Kind<T>;
  readonly store: ReadonlyStore<T>;
  readonly parse: (object: T) => ParsedSpec<Spec>;
  /** The condition that says whether the machine is prepared. */
  readonly prepared: "Prepared" | "AoeReady";
  readonly preparedMessage: string;
  /** `facts`: of the last look, which was answered. */
  readonly observe: (pass: Pass<T, Spec, Status>, facts: HostFacts) => Seen;
  /** A pure function of what was observed. */
  readonly plan: (seen: Seen) => HostPlan;
  /** Conditions besides `Reachable` and the prepared one; Unknown while nothing is known of the host. */
  readonly aspects: readonly string[];
  /** The condition that a step without effect changes; the prepared one where this returns undefined. */
  readonly conditionOf?: (action: string) => string | undefined;
  /** The part of the status that only this kind has. */
  readonly describe: (status: Status, seen: Seen) => void;
  /** What is done apart from the machine, before its state is considered. */
  readonly before?: (pass: Pick<Pass<T, unknown, Status>, "object" | "directives" | "context">) => Promise<void>;
  /** Seconds until the next reconcile at the latest. */
  readonly again?: (object: T) => number | undefined;
  /** What keeps the object from being deleted, and what the user can do. */
  readonly blockers: (object: T) => Problem | undefined;
  readonly left: (object: T) => string;
  /** Why a deleted object stays although xensan.dev/abandon is set. */
  readonly abandonRefused?: (object: T) => Problem | undefined;
  /** What is proved about the machine while it does not answer. */
  readonly gone?: (object: T) => Gone;
  /** Writes the proof that the machine is gone into the status. */
  readonly describeGone?: (status: Status, ended: Ended) => void;
}

/** The steps that prepare a host, and the problem that prevents it. */
export interface HostPlan {
  readonly steps: readonly Step[];
  readonly problem: Problem | undefined;
  /** The conditions of the aspects. */
  readonly conditions?: readonly ConditionUpdate[];
  /** Aspects without which the host is not ready. */
  readonly required?: readonly string[];
}

/** Makes one machine ready for its part: reached, known, prepared; and released when nothing needs it any more. */
export function hostReconciler<
  T extends Declared<Status>,
  Spec extends { readonly ssh: SshSpec },
  Status extends HostStatus,
  Seen,
>(means: Means, host: HostKind<T, Spec, Status, Seen>, empty: () => Status): Reconciler {
  const { api, world } = means;
  const { kind, store, parse } = host;
  const owned = ["Reachable", host.prepared, ...host.aspects];

  const refusal = (object: T, { abandoned }: Directives) =>
    isDeleting(object) && abandoned ? host.abandonRefused?.(object) : undefined;

  /** Why a deleted object stays. */
  function stuck({ object, directives }: Pick<Pass<T, unknown, Status>, "object" | "directives">): ConditionUpdate[] {
    if (!isDeleting(object)) return [];
    const blocker = refusal(object, directives) ?? host.blockers(object);
    return blocker === undefined ? [] : [yes("DeletionBlocked", blocker.reason, blocker.message)];
  }

  function completed(pass: Pass<T, unknown, Status>, found: PassResult): PassResult {
    const conditions = merged(found.conditions, stuck(pass));
    // While a host does not answer, its last FactsUnreadable stands.
    const readable = !conditions.some(
      ({ type, status }) => type === unreadableType || (type === "Reachable" && status !== "True"),
    );
    return { ...found, conditions, obsolete: readable ? [unreadableType] : [] };
  }

  return reconcilerOf<T, Spec, Status>(
    means,
    {
      ...{ kind, store, parse, owned, finalizer: "Always" },
      abandoned: (object) => ({ left: host.left(object), refused: host.abandonRefused?.(object) !== undefined }),
      async early(pass) {
        const { object, context } = pass;
        await host.before?.(pass);
        if (!isDeleting(object) || stuck(pass).length > 0) return undefined;
        await removeFinalizer({ api, kind, object, finalizer, signal: context.signal });
        return done;
      },
      async converge(pass) {
        await recordMachine(pass, world.machines.of(pass.ref), pass.spec.ssh.hostKeyPolicy === "TrustOnFirstUse");
        return completed(pass, await look(means, host, pass));
      },
      async invalid(pass, message) {
        await recordMachine(pass, world.machines.of(pass.ref), false);
        const conditions = owned.map((type) => unknown(type, "InvalidSpec", message));
        return completed(pass, { conditions: [...conditions, no("Ready", "InvalidSpec", message)] });
      },
      ready(status, { object }, { required: aspects = [] }) {
        if (isDeleting(object)) return no("Ready", "Deleting", "The host is being deleted");
        const required = ["Reachable", host.prepared, ...aspects];
        return summarise(status.conditions ?? [], { type: "Ready", required, readyMessage: host.preparedMessage });
      },
      concluded({ ref, object, directives, draft: { status } }) {
        const probe = probeTime(status, object.status, world.machines.of(ref), world.clock.now());
        if (probe.time !== undefined) status.lastProbeTime = rfc3339(probe.time);
        const again = Math.min(
          probe.againSeconds,
          host.again?.(object) ?? Number.POSITIVE_INFINITY,
          refusal(object, directives) === undefined ? Number.POSITIVE_INFINITY : proofSeconds,
        );
        return Number.isFinite(again) ? again : undefined;
      },
    },
    empty,
  );
}

/** Records what must be known of a machine before anything is done there: the first key seen, and its machine-id. */
async function recordMachine<T, Status extends HostStatus>(
  { draft, directives }: Pass<T, unknown, Status>,
  machine: Machine | undefined,
  trustsFirst: boolean,
): Promise<void> {
  const { status } = draft;
  if (trustsFirst && status.hostKey === undefined && machine?.trustedKey !== undefined) {
    status.hostKey = machine.trustedKey;
    await draft.flush();
  }
  const machineID = machineToRecord(status, machine, directives);
  if (machineID === undefined) return;
  status.machineID = machineID;
  await draft.flush();
}

/** Adds what is proved about a machine that does not answer to the reason why it does not. */
function withProof(reached: ReturnType<typeof reachable>, gone: Gone | undefined): ReturnType<typeof reachable> {
  if (gone === undefined) return reached;
  if (gone.kind === "Beats") {
    // The reason why SSH is refused says more than that the machine runs.
    const reason = reached.reason === "Unreachable" ? "HeartbeatHeard" : reached.reason;
    return { ...reached, reason, message: `${gone.message}, but ${reached.message}` };
  }
  if (!hasEnded(gone)) return gone.why === "" ? reached : { ...reached, message: `${reached.message} ${gone.why}` };
  return {
    ...reached,
    reason: gone.kind,
    message: `${gone.message}: xensan does not wait for this host (${reached.message})`,
  };
}

/** Seconds between the looks of hosts that may prove a host dead, and of hosts that still hear it. */
const [proofSeconds, heardSeconds] = [10, 30];

/** Probes the witnesses of a silent host more often than usual; returns the seconds until the next call. */
function lookForProof(gone: Gone): number | undefined {
  if (hasEnded(gone) || gone.witnesses === undefined) return undefined;
  const pause = gone.kind === "Beats" ? heardSeconds : proofSeconds;
  for (const { agent } of gone.witnesses) if (agent.sinceLookSeconds >= pause) agent.ask("WithoutSegments");
  return proofSeconds;
}

const machineIdForm = /^[A-Za-z0-9-]{1,64}$/;

/**
 * The machine-id to record: at first the one that the machine reports, later one that a person approved (`Machine:ID`).
 */
function machineToRecord(
  { machineID }: HostStatus,
  watched: Machine | undefined,
  directives: Directives,
): string | undefined {
  const accepted = approvedOf("Machine", directives);
  if (machineID !== undefined)
    return accepted === undefined || accepted === machineID || !machineIdForm.test(accepted) ? undefined : accepted;
  return watched === undefined ? undefined : machineOf(watched.agent.view);
}

/**
 * A quiet host's status is written this often, in seconds: within the bound that the schema states for `lastProbeTime`.
 */
const probeTimeSeconds = probeTimeBoundSeconds - 60;

/**
 * The time to write, wall-clock milliseconds: with other changes, or when the stored one grows old; and when that will
 * be.
 */
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
  // The status holds whole seconds, so the look may be a little newer than its stored time.
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

async function look<
  T extends Declared<Status>,
  Spec extends { readonly ssh: SshSpec },
  Status extends HostStatus,
  Seen,
>(means: Means, host: HostKind<T, Spec, Status, Seen>, pass: Pass<T, Spec, Status>): Promise<PassResult> {
  const { world } = means;
  const { ref, object, spec, directives, draft } = pass;
  const { status } = draft;
  const machine = world.machines.of(ref);
  const view = machine?.agent.view ?? pending;
  const gone = host.gone?.(object);
  const reached = withProof(reachable(view, addressOf(spec.ssh)), gone);
  const facts = currentFacts(view);
  delete status.plan;
  if (facts === undefined || machine === undefined) {
    const unseen = [host.prepared, ...host.aspects].map((type) => unknown(type, reached.reason, reached.message));
    if (gone !== undefined && hasEnded(gone)) host.describeGone?.(status, gone);
    return { conditions: [reached, ...unseen], required: host.aspects, againSeconds: gone && lookForProof(gone) };
  }
  status.facts = factsStatus(facts);
  const sight = host.observe(pass, facts);
  const observed = machine.observer !== undefined;
  host.describe(status, sight);
  const claiming = claimingOf(machine, ref);
  const plan = claimed(ref, claiming, observed, () => host.plan(sight));
  const { steps, problem, conditions: aspects = [], required = [] } = plan;
  const left = unreadable(facts);
  const seen = left === undefined ? [reached] : [reached, left];
  const prepared = (reason: Reason | undefined) =>
    problem === undefined
      ? yes(host.prepared, host.prepared, host.preparedMessage)
      : no(host.prepared, reason ?? problem.reason, problem.message);
  if (isDeleting(object)) return { conditions: [...seen, prepared(undefined), ...aspects], required };
  const tools = facts.tools.state === "known" ? [...facts.tools.value] : [];
  const basis = JSON.stringify([facts.interfaces, facts.aoe, tools]);
  // Missing things are put in place only after a look that began after the spec was written.
  const fresh = world.freshness.isFresh(ref, machine);
  const taken = claiming.kind === "Ours" && heldClaims(view).has(ref.kind);
  endApproval(status, directives, fresh && taken && approvedOf("Claim", directives) !== undefined);
  const handed = await act(means, pass, [{ work: ref, machine, steps, basis, fresh }], {
    preview: () => printed(steps),
  });
  const failed = handed.held.map(({ step, outcome }) => {
    const { reason, message } = explainOutcome(step, outcome);
    return no(host.conditionOf?.(step.action) ?? host.prepared, reason, message);
  });
  const conditions = [
    ...seen,
    prepared(steps.length > 0 && !suspends(directives) ? "Progressing" : undefined),
    ...aspects,
  ];
  return { conditions: merged(conditions, failed), required, againSeconds: handed.againSeconds };
}

/** The plan of the object that owns the machine. Every step claims it; where no step is needed, a claim is the step. */
function claimed({ kind, name }: ObjectRef, claiming: Claiming, observed: boolean, plan: () => HostPlan): HostPlan {
  if (claiming.kind === "Elsewhere")
    return { steps: [], problem: { reason: "ClaimedElsewhere", message: claiming.message } };
  const wanted = unlessInvalid(
    plan,
    (message): HostPlan => ({ steps: [], problem: { reason: "InvalidSpec", message } }),
  );
  // Without other steps there is nothing to claim an observed machine for.
  if (claiming.kind !== "Free" || wanted.steps.length > 0 || observed) return wanted;
  return { ...wanted, steps: [exclusive({ kind, name }, claimMachine())] };
}
