import type { XenMigration } from "../../api/kinds.ts";
import { bytesOf } from "../../api/quantity.ts";
import type { HostCommand } from "../../host/command.ts";
import { stopDomain } from "../../host/domain-actions.ts";
import {
  abortMigration,
  awaitMigration,
  type SharedStorage,
  settleMigration,
  startMigration,
} from "../../host/migration-actions.ts";
import { isRefusalReason } from "../../host/refusals.ts";
import type { Owner } from "../../host/values.ts";
import { type ConditionUpdate, rfc3339 } from "../../runtime/conditions.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { merged } from "../converge.ts";
import { approvedOf, suspends } from "../directives.ts";
import { unknown } from "../finding.ts";
import { type Handed, handOver, lookedAgain, nothingHanded, soonest } from "../gate.ts";
import type { Machine } from "../hosts/machine.ts";
import { explainOutcome, type Step, stepOf } from "../hosts/step.ts";
import { currentFacts } from "../hosts/view.ts";
import { hostText, type ObjectRef, refOf, refsOf, refTo, xenHost } from "../identity.ts";
import type { PassResult } from "../reconciler.ts";
import { domainSpec, hostSpec } from "../specs.ts";
import type { World } from "../world.ts";
import { leaseOn } from "../xen-domain/lease.ts";
import { observeDomain } from "../xen-domain/observe.ts";
import { migratingDomain } from "../xen-domain/watches.ts";
import { observeBegun } from "./observe.ts";
import { type MigrationPass, tell } from "./pass.ts";
import { type Action, type Course, planMigration } from "./plan.ts";
import { progressed } from "./progress.ts";
import { recordOn } from "./record-run.ts";
import type { Evidence } from "./recovery.ts";
import { sharedStorage } from "./shared-storage.ts";
import { waitingIn } from "./watches.ts";

/** The host's own time limit ends this long after the operator's: it is for when no operator runs. */
const graceSeconds = 60;
/** How long one wait on the source for the end of the run lasts. */
const waitSeconds = 300;
/** A restart by on_reboot removes the domain for two seconds or longer. */
const goneMs = 15_000;

/** Follows a migration that was begun, or may have been, step by step until nothing of it is left. */
export async function follow(pass: MigrationPass): Promise<PassResult> {
  const { world, object: migration, spec, draft, directives, notes, ref: id } = pass;
  const { namespace = "" } = migration.metadata;
  const { status } = draft;
  const hostOf = (name: string | undefined) => world.machines.of(refTo("XenHost", namespace, name ?? ""));
  const [source, target] = [hostOf(status.sourceHostRef?.name), hostOf(status.targetHostRef?.name)];
  const hosts = [source, target].flatMap((host) => host ?? []);
  const evidence = observeBegun(world, migration, status);
  const nowMs = world.clock.now();
  keepProgress(pass, evidence, nowMs);
  const looked = notes.lookedSinceEnd(id, hosts);
  if (looked === undefined) awaitEnd(pass, evidence, source, hosts);
  // The run is over, and the looks that will show its result are pending.
  if (looked === false) return { conditions: [] };
  const pending = hosts.some(({ agent }) => agent.pending(id));
  const course = planMigration({
    spec,
    status,
    evidence,
    deleting: isDeleting(migration),
    approved: status.operationID !== undefined && approvedOf("DestroySource", directives) === status.operationID,
    mayBegin: notes.mayBegin(id),
    refusal: refusalOf(hosts, id),
    nowMs,
  });
  // Do not draw a conclusion while one of our own commands may still change the facts.
  if (pending && course.conclusion !== undefined) return { conditions: [] };
  const lasting = notes.lasts(id, course.conclusion, course.end?.reason === "DomainGone" ? goneMs : 0);
  // Once xl has ended neither host changes, so looks at different moments are as good as simultaneous ones.
  const still = looked === true && stateOf(evidence) === "Ended";
  if (course.conclusion !== undefined && !still && !lookedAgain(world, id, course.conclusion, hosts, "Running"))
    return { conditions: [] };
  if (course.end !== undefined && !lasting) return { conditions: [], againSeconds: goneMs / 1000 };
  tell(pass, course);
  if (course.end !== undefined) {
    status.completionTime = rfc3339(nowMs);
    showAll(pass, hosts);
    return { conditions: course.conditions };
  }
  if (course.move?.kind === "Abort" && course.stop !== undefined && status.stop === undefined) {
    status.stop = { reason: course.stop, time: rfc3339(nowMs) };
    await draft.flush();
  }
  if (course.move !== undefined) await draft.confirm();
  const handed = act(pass, course.move, [source, target]);
  // The end of a step wakes the migration: probes would only slow it down.
  const waits = hosts.some(({ agent }) => agent.pending(id));
  const seconds = waits ? undefined : pollSeconds(course, evidence, hosts);
  const again = [handed.againSeconds, seconds && notes.poll(id, hosts, seconds, "Running"), startsAnew(course)];
  return {
    conditions: merged(course.conditions, troubles(handed)),
    againSeconds: soonest(again),
  };
}

/**
 * A migration sees only what runs. All others see its end in whole looks that begin now; its XenDomain and the
 * migrations that have not begun wait for them.
 */
function showAll({ world, object }: MigrationPass, hosts: readonly Machine[]): void {
  for (const { agent } of hosts) agent.ask("WithoutSegments");
  const domain = migratingDomain(world.stores, object);
  if (domain !== undefined) world.freshness.demand(refOf("XenDomain", domain), hosts, "Moved", "WithoutSegments");
  for (const one of refsOf("XenMigration", waitingIn(world.stores, object.metadata.namespace)))
    world.freshness.demand(one, hosts, "Change", "WithoutSegments");
}

const stateOf = ({ run }: Evidence) => (run.state === "Begun" ? run.run.state : undefined);

/** Waits on the source for the end of its run, so that nothing has to poll for it. */
function awaitEnd(
  { notes, ref: id, draft }: MigrationPass,
  evidence: Evidence,
  source: Machine | undefined,
  hosts: readonly Machine[],
): void {
  if (stateOf(evidence) !== "Running") return;
  const command = awaitMigration({ operation: draft.status.operationID ?? "", seconds: waitSeconds });
  source?.agent.waits.begin(id, command, (outcome) => {
    if (outcome.kind === "done" && outcome.detail === "ended") notes.ended(id, hosts);
  });
}

/** Looks again until a command that may be on its way can no longer arrive. */
const startsAnew = ({ move, state, end, conclusion }: Course) =>
  state === "Migrating" && move === undefined && end === undefined && conclusion === undefined ? 20 : undefined;

/** Records what the target has allocated when that is news: a twentieth more, another phase, or ten seconds later. */
function keepProgress({ draft }: MigrationPass, { run, source, target }: Evidence, nowMs: number): void {
  const before = draft.status.progress;
  const copy = target.state === "Seen" ? target.copy : undefined;
  const receiving = copy !== undefined && copy.form !== "None" && copy.form !== "Several";
  const next = progressed(
    before,
    {
      phase: run.state === "Begun" ? run.run.phase : undefined,
      receivedMiB: receiving && source.state === "Seen" ? copy.domain.memory : undefined,
    },
    rfc3339(nowMs),
  );
  if (next === undefined) return;
  const grown = (bytesOf(next.received) ?? 0) - (bytesOf(before?.received) ?? 0);
  const whole = bytesOf(draft.status.memory) ?? 0;
  const full = (bytesOf(next.received) ?? 0) >= whole;
  const worthIt = before === undefined || next.phase !== before.phase || grown * 20 >= whole || (full && grown > 0);
  if (worthIt || nowMs - Date.parse(before.time) >= 10_000) draft.status.progress = next;
}

/**
 * Polls only while something is awaited; a stuck migration is probed as often as any host. While xl runs, probes only
 * show its progress, and take processor time from the copying: a tenth of it at most.
 */
function pollSeconds({ state }: Course, evidence: Evidence, hosts: readonly Machine[]): number | undefined {
  if (state !== "Migrating" && state !== "Settling" && state !== "Aborting") return undefined;
  if (stateOf(evidence) !== "Running") return 3;
  return Math.max(2, ...hosts.map(({ agent }) => 10 * agent.runningTookSeconds));
}

function act(pass: MigrationPass, move: Action | undefined, hosts: readonly (Machine | undefined)[]): Handed {
  const [source, target] = hosts;
  const { world, directives, context, notes, ref: id, draft } = pass;
  if (suspends(directives) || move === undefined) return nothingHanded;
  context.signal.throwIfAborted();
  const ahead = move.kind === "Begin" ? aheadOnTarget(pass, target) : [];
  const onTarget = ahead.length > 0 || (move.kind === "Settle" && move.side === "Target");
  const [machine, ref] = onTarget ? [target, draft.status.targetHostRef] : [source, draft.status.sourceHostRef];
  if (machine === undefined || ref === undefined) return nothingHanded;
  const commands = ahead.length > 0 ? ahead : [commandFor(pass, move, hosts) ?? []].flat();
  // A begun migration is ended on each side, even if the other is observed; a new one begins only if neither is.
  const concerns = move.kind === "Begin" ? [source, target].flatMap((one) => one ?? []) : [];
  if (move.kind === "Begin" && !onTarget && concerns.every(({ observer }) => observer === undefined)) notes.sent(id);
  const steps = commands.map((command): Step => ({ ...stepOf(xenHost(ref.name), command), shownBy: "Running" }));
  return handOver(world, [{ work: id, machine, steps, basis: "", concerns }], { directives, log: context.log });
}

/** Commands for the target before anything moves: it records that this migration was begun, and holds the lease too. */
function aheadOnTarget(pass: MigrationPass, target: Machine | undefined): HostCommand[] {
  const { draft, ref } = pass;
  const done = (target?.agent.results(ref) ?? []).some(
    ({ step, outcome }) => step.action === "record-migration" && outcome.kind === "done",
  );
  return [done ? undefined : recordOn(draft.status, target), leaseOnTarget(pass, target)].flatMap(
    (command) => command ?? [],
  );
}

function commandFor(
  { world, object: migration, spec, draft }: MigrationPass,
  move: Action,
  hosts: readonly (Machine | undefined)[],
): HostCommand | undefined {
  const { operationID: operation = "", domainUUID: uuid = "", domainName: name = "" } = draft.status;
  const { startTime = "", targetHostRef: { name: target } = { name: "" } } = draft.status;
  switch (move.kind) {
    case "Begin": {
      const host = world.stores.hosts.get({ namespace: migration.metadata.namespace ?? "", name: target });
      const parsed = host && hostSpec(host);
      if (parsed?.ok !== true) return undefined;
      const address = parsed.spec.relocation.address ?? parsed.spec.ssh.host;
      const timeoutSeconds = Math.min(86_400, spec.timeoutSeconds + graceSeconds);
      const { bridges: allowedBridges, bootFiles: allowedBootFiles } = parsed.spec.allowed;
      const owner = ownerOfDomain(world, migration);
      const bounds = { allowedBridges, allowedBootFiles };
      const shared = sharedWith(hosts);
      if (shared === undefined) return undefined;
      return startMigration({ owner, operation, uuid, address, timeoutSeconds, time: startTime, shared, ...bounds });
    }
    case "Abort":
      return abortMigration({ operation });
    case "Settle":
      return settleMigration({ owner: ownerOfDomain(world, migration), uuid, name, action: move.action });
    case "DestroySource":
      return stopDomain({ owner: ownerOfDomain(world, migration), uuid, how: "Destroy", waitSeconds: 0 });
  }
}

/** What the source and the target share; undefined while one of them cannot be seen. */
function sharedWith([source, target]: readonly (Machine | undefined)[]): SharedStorage | undefined {
  const [from, to] = [currentFacts(source?.agent.view), currentFacts(target?.agent.view)];
  return from && to && sharedStorage(from, to);
}

/**
 * How long the target holds the lease without a domain: its copy appears within seconds after the source has connected.
 */
const arrivingSeconds = 300;
/** If the migration begins later than this after the target took the lease, it takes it again; milliseconds. */
const heldForMs = 60_000;

/**
 * The command that makes the target hold the lease beside the source; undefined when it does. A bare domain has none.
 */
function leaseOnTarget(
  { world, object: migration, draft, ref }: MigrationPass,
  target: Machine | undefined,
): HostCommand | undefined {
  const domain = migratingDomain(world.stores, migration);
  const parsed = domain && domainSpec(domain);
  const { domainUUID, targetHostRef } = draft.status;
  if (domain === undefined || parsed?.ok !== true || domainUUID === undefined) return undefined;
  const results = target?.agent.results(ref) ?? [];
  const now = world.clock.monotonic();
  const held = results.some(
    ({ step, outcome, at }) => step.action === "hold-lease" && outcome.kind === "done" && now - at < heldForMs,
  );
  if (held) return undefined;
  const observation = observeDomain(world, domain, parsed.spec, domainUUID);
  const host = observation.hosts.find(({ name }) => name === targetHostRef?.name);
  return host && leaseOn(observation, host, arrivingSeconds);
}

/** The mark of the XenDomain that is moved; a bare domain has none. */
function ownerOfDomain(world: World, migration: XenMigration): Owner | undefined {
  const domain = migratingDomain(world.stores, migration);
  if (domain === undefined) return undefined;
  const { namespace = "", name, uid = "" } = domain.metadata;
  return { namespace, name, uid };
}

function refusalOf(hosts: readonly Machine[], id: ObjectRef) {
  for (const { agent } of hosts) {
    const last = agent.results(id).at(-1);
    if (last?.outcome.kind === "refused" && isRefusalReason(last.outcome.reason) && !agent.pending(id))
      return { action: last.step.action, reason: last.outcome.reason, message: last.outcome.message };
  }
  return undefined;
}

/** A step without effect sets the migration's conditions, with the reason of its outcome. */
function troubles({ held }: Handed): ConditionUpdate[] {
  return held.flatMap(({ step, outcome }) => {
    const { reason, message } = explainOutcome(step, outcome);
    return [
      unknown("Migrating", reason, `${hostText(step.host)}: ${message}`),
      unknown("Succeeded", reason, `${hostText(step.host)}: ${message}`),
    ];
  });
}
