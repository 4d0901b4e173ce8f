import { bytesOf } from "../../api/quantity.ts";
import { awaitMigration } from "../../host/migration-actions.ts";
import { rfc3339 } from "../../runtime/conditions.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { merged } from "../converge.ts";
import { approvedOf } from "../directives.ts";
import { lookedAgain, soonest } from "../gate.ts";
import type { Machine } from "../hosts/machine.ts";
import { refOf, refsOf, refTo } from "../identity.ts";
import type { PassResult } from "../reconciler.ts";
import { migratingDomain } from "../xen-domain/watches.ts";
import { act, refusalOf, troubles } from "./act.ts";
import { observeBegun } from "./observe.ts";
import { type MigrationPass, tell } from "./pass.ts";
import { type Course, planMigration } from "./plan.ts";
import { progressed } from "./progress.ts";
import type { Evidence } from "./recovery.ts";
import { waitingIn } from "./watches.ts";

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
const startsAnew = ({ move, reason, end, conclusion }: Course) =>
  reason === "Migrating" && move === undefined && end === undefined && conclusion === undefined ? 20 : undefined;

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
function pollSeconds({ reason }: Course, evidence: Evidence, hosts: readonly Machine[]): number | undefined {
  if (reason !== "Migrating" && reason !== "Settling" && reason !== "Aborting") return undefined;
  if (stateOf(evidence) !== "Running") return 3;
  return Math.max(2, ...hosts.map(({ agent }) => 10 * agent.runningTookSeconds));
}
