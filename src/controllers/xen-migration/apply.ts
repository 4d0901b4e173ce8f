import { cut } from "../../api/fit-status.ts";
import { xenMigrations } from "../../api/kinds.ts";
import type { Reason } from "../../api/reasons.ts";
import { type ConditionUpdate, rfc3339 } from "../../runtime/conditions.ts";
import { no, unknown, yes } from "../finding.ts";
import { lookedAgain } from "../gate.ts";
import type { Machine } from "../hosts/machine.ts";
import { hostText, refTo, xenHost } from "../identity.ts";
import { ensureFinalizer, type PassResult } from "../reconciler.ts";
import { isOfDrain } from "../xen-host/drain.ts";
import { type Admission, admit } from "./admission.ts";
import { endAgain, repeats } from "./end-again.ts";
import { follow } from "./follow.ts";
import { followOffline } from "./follow-offline.ts";
import { bootOf, intent } from "./intent.ts";
import { observeApplicant } from "./observe.ts";
import { operationOf } from "./operation.ts";
import { concludeNow, type MigrationPass, tell } from "./pass.ts";
import { describePermit } from "./permits.ts";
import { describeProblems } from "./preflight.ts";
import { secondsSince } from "./record.ts";
import { machinesOf } from "./watches.ts";

/** Checks and queues a migration that has not begun, and, when nothing is in the way, records and begins it. */
export async function apply(pass: MigrationPass): Promise<PassResult> {
  const { world, object: migration, spec, draft, ref: id, notes, fleetCap } = pass;
  if (spec.abort === "Requested") {
    notes.reserved.delete(id);
    return finish(pass, "AbortRequested", "The migration was aborted before it began");
  }
  const hosts = machinesOf(world, migration);
  // Facts from before the migration was created, or before the operator started, are too old.
  if (!hosts.every((host) => host.agent.view.state !== "Pending" && world.freshness.isFresh(id, host)))
    return { conditions: [] };
  const applicant = observeApplicant(world, migration, spec, notes, fleetCap);
  const repeated = repeats(pass, applicant);
  if (repeated !== undefined) {
    notes.reserved.delete(id);
    return endAgain(pass, repeated);
  }
  const admission = admit(applicant);
  if (admission.reasons.length > 0)
    draft.status.targetReasons = admission.reasons.slice(0, 64).map((text) => cut(text, 1024));
  else delete draft.status.targetReasons;
  if (admission.kind !== "Ready") notes.reserved.delete(id);
  switch (admission.kind) {
    case "Arrived":
      return arrive(pass, admission);
    case "Refused":
      return refuse(pass, admission);
    case "Queued":
      return queue(pass, admission);
    case "Ready":
      return await begin(pass, admission);
  }
}

function finish(pass: MigrationPass, reason: Reason, message: string): PassResult {
  const { draft, world } = pass;
  draft.status.completionTime = rfc3339(world.clock.now());
  tell(pass, { reason, message });
  const aborted = reason === "AbortRequested";
  return {
    conditions: [
      ...(aborted ? [no("Admitted", reason, message)] : []),
      no("Migrating", "NotMigrating", "The migration never began"),
      aborted ? yes("Aborted", reason, message) : no("Aborted", "NotAborted", "No abort was requested"),
      no("Succeeded", reason, message),
    ],
  };
}

/** Ends a migration whose domain is on the target already. */
function arrive(pass: MigrationPass, { domain, target }: Extract<Admission, { kind: "Arrived" }>): PassResult {
  const { draft, world, directives } = pass;
  const runs = domain.state.includes("p") ? "is already on" : "already runs on";
  const paused = domain.state.includes("p") ? ", paused" : "";
  const message = `${domain.name} ${runs} ${target}${paused}: nothing was moved`;
  if (directives.dryRun) {
    draft.status.plan = [];
    return held("DryRun", message);
  }
  Object.assign(draft.status, {
    targetHostRef: { name: target },
    domainUUID: domain.uuid,
    domainName: domain.name,
    completionTime: rfc3339(world.clock.now()),
  });
  tell(pass, { reason: "Succeeded", message });
  return {
    conditions: [
      yes("Admitted", "AlreadyThere", message),
      no("Migrating", "NotMigrating", "The domain is already on the target"),
      no("Aborted", "NotAborted", "No abort was requested"),
      yes("Succeeded", "AlreadyThere", message),
    ],
  };
}

const waiting = (reason: Reason, message: string): ConditionUpdate[] => [
  no("Admitted", reason, message),
  no("Migrating", "NotMigrating", "The migration has not begun"),
  no("Aborted", "NotAborted", "No abort was requested"),
  unknown("Succeeded", reason, message),
];

/** Problems that no change by xensan or in a spec can solve: hardware, and the version and build of Xen. */
const final: ReadonlySet<Reason> = new Set(["XenVersionDiffers", "CpuFeaturesMissing", "ShadowPagingMissing"]);

function refuse(pass: MigrationPass, { problems }: Extract<Admission, { kind: "Refused" }>): PassResult {
  const { draft, spec } = pass;
  const [first] = problems;
  const message = describeProblems(problems);
  const reason = first?.reason ?? "HostUnknown";
  for (const field of ["sourceHostRef", "targetHostRef"] as const) delete draft.status[field];
  // A migration of a drain that was queued once has waited for its turn, not for what is refused now.
  const left = draft.status.domainUUID === undefined ? secondsLeft(pass) : secondsToQueue(pass);
  // The spec does not change, and neither do the facts that these checks compare.
  const never = spec.targetHostRef === undefined ? undefined : problems.find((one) => final.has(one.reason));
  if (never !== undefined) {
    const said = finish(pass, "NotAdmitted", `The migration can never be admitted. ${message}`);
    return { conditions: [no("Admitted", never.reason, message), ...said.conditions] };
  }
  if (left === undefined || left > 0) return { conditions: waiting(reason, message), againSeconds: left };
  const said = finish(
    pass,
    "NotAdmitted",
    `The migration was not admitted within ${spec.timeoutSeconds} s. ${message}`,
  );
  return { conditions: [no("Admitted", reason, message), ...said.conditions] };
}

/** Seconds in which it may still begin: later, nobody expects it any more. */
function secondsLeft({ object: migration, spec, world }: MigrationPass): number {
  return spec.timeoutSeconds - secondsSince(migration.metadata.creationTimestamp, world.clock.now());
}

/** The same for the queue. A drain withdraws its migrations when it ends, and the last of them may wait for hours. */
const secondsToQueue = (pass: MigrationPass) => (isOfDrain(pass.object) ? undefined : secondsLeft(pass));

function queue(pass: MigrationPass, { permit, reservation, move }: Extract<Admission, { kind: "Queued" }>): PassResult {
  const { draft, spec } = pass;
  const left = secondsToQueue(pass);
  const message = describePermit(permit);
  if (left !== undefined && left <= 0) {
    const said = finish(pass, "NotAdmitted", `The migration got no permit within ${spec.timeoutSeconds} s. ${message}`);
    return { conditions: [no("Admitted", "WaitingForPermit", message), ...said.conditions] };
  }
  // The migrations behind it in the queue read these fields.
  Object.assign(draft.status, {
    domainUUID: reservation.domain,
    sourceHostRef: { name: move.source.name },
    targetHostRef: { name: move.target.name },
  });
  return { conditions: waiting("WaitingForPermit", message), againSeconds: left };
}

async function begin(
  pass: MigrationPass,
  { move, reservation }: Extract<Admission, { kind: "Ready" }>,
): Promise<PassResult> {
  const { world, object: migration, spec, draft, directives, context, notes, ref: id } = pass;
  const live = spec.mode === "Live";
  const { source, target, domain } = move;
  const { namespace = "" } = migration.metadata;
  const operation = operationOf(migration.metadata, spec, domain.uuid);
  const watched = [source, target].flatMap((host) => world.machines.of(refTo("XenHost", namespace, host.name)) ?? []);
  const route = `${domain.name} from ${source.name} to ${target.name}`;
  const migrating = `Migrating ${route}`;
  // A pass that could not record it may have left one.
  notes.reserved.delete(id);
  if (directives.paused) return held("Paused", `The annotation xensan.dev/paused prevents the migration of ${route}`);
  if (directives.dryRun) {
    draft.status.plan = [
      {
        hostRef: xenHost(source.name),
        action: live ? "start-migration" : "stop-domain",
        summary: `migration of ${route}`,
      },
    ];
    return held("DryRun", `The annotation xensan.dev/dry-run prevents the migration of ${route}`);
  }
  if (!watched.every((host) => host.trusted)) return { conditions: [] };
  const recent = watched.every(({ agent }) => agent.isRecent);
  const extent = recent ? "Running" : "WithoutSegments";
  if (!(recent && lookedLately(watched)) && !lookedAgain(world, id, `admit ${route}`, watched, extent))
    return { conditions: [] };
  const [sourceBoot, targetBoot] = watched.map(({ agent }) => bootOf(agent.current));
  // Without them nobody could tell later whether a host has rebooted since.
  if (sourceBoot === undefined || targetBoot === undefined) {
    const silent = sourceBoot === undefined ? source : target;
    return { conditions: waiting("FactsUnknown", `${hostText(xenHost(silent.name))} did not report its boot id`) };
  }
  const boots = { source: sourceBoot, target: targetBoot };
  // Reserve before the first await, so that no other migration gets the same permits.
  notes.reserved.set(id, reservation);
  context.signal.throwIfAborted();
  await ensureFinalizer({ api: pass.api, kind: xenMigrations, store: world.stores.migrations }, migration, context);
  const now = world.clock.now();
  delete draft.status.plan;
  Object.assign(draft.status, intent(move, operation, boots, now));
  tell(pass, { reason: "Admitted", message: migrating });
  const conditions = [
    yes("Admitted", "Admitted", `Every check passed for the migration of ${route}`),
    yes("Migrating", "Migrating", migrating),
    no("Aborted", "NotAborted", "No abort was requested"),
    unknown("Succeeded", "Migrating", migrating),
  ];
  concludeNow(pass, conditions);
  // From here on a later process knows what may have begun.
  await draft.flush();
  notes.reserved.delete(id);
  return await (live ? follow(pass) : followOffline(pass));
}

/** Whether new probes of what they run would be hardly newer by the time when the slowest of these has answered. */
function lookedLately(machines: readonly Machine[]): boolean {
  const seconds = Math.max(5, ...machines.map(({ agent }) => agent.runningTookSeconds));
  return machines.every(({ agent }) => agent.sinceRunningSeconds <= seconds);
}

function held(reason: Reason, message: string): PassResult {
  return {
    conditions: [
      unknown("Admitted", reason, message),
      no("Migrating", "NotMigrating", "The migration has not begun"),
      no("Aborted", "NotAborted", "No abort was requested"),
      unknown("Succeeded", reason, message),
    ],
  };
}
