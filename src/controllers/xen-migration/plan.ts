import { bytesOf } from "../../api/quantity.ts";
import type { Reason } from "../../api/reasons.ts";
import type { XenMigrationSpec, XenMigrationStatus } from "../../api/xen-migration.ts";
import type { ConditionUpdate } from "../../runtime/conditions.ts";
import { no, unknown, yes } from "../finding.ts";
import { describeProgress, isStalled } from "./progress.ts";
import { secondsSince } from "./record.ts";
import { type Evidence, isPastPermission, judge, type SettleAction, type Verdict } from "./recovery.ts";
import type { Side } from "./sight.ts";

/** Why a running migration is stopped. */
export type StopReason = NonNullable<XenMigrationStatus["stop"]>["reason"];

/** Everything that the course of a begun migration depends on. */
export interface Pursuit {
  readonly spec: XenMigrationSpec;
  readonly status: XenMigrationStatus;
  readonly evidence: Evidence;
  readonly deleting: boolean;
  /** A person has approved that this operation destroys the suspended copy on the source. */
  readonly approved: boolean;
  /** A begin command may still be on its way to the source. */
  readonly mayBegin: boolean;
  /** The refusal of the last step of this process, if it was refused. */
  readonly refusal: { readonly action: string; readonly reason: Reason; readonly message: string } | undefined;
  readonly nowMs: number;
}

/** The next action for a migration. */
export type Action =
  | { readonly kind: "Begin" }
  | { readonly kind: "Abort" }
  | { readonly kind: "Settle"; readonly side: Side; readonly action: SettleAction }
  /** Destroy the suspended copy under the domain's own name, as a person has approved. */
  | { readonly kind: "DestroySource" };

/** The reason of a migration's state, its next action, and what it reports. */
export interface Course {
  readonly conditions: readonly ConditionUpdate[];
  /** The reason of the state that it is in, from the catalogue, for the history. */
  readonly reason: Reason;
  readonly message: string;
  /** To be recorded before `move`. */
  readonly stop: StopReason | undefined;
  readonly move: Action | undefined;
  /** Set when the migration is over. */
  readonly end: { readonly succeeded: boolean; readonly reason: Reason; readonly message: string } | undefined;
  /**
   * The conclusion from one look at each host, which cannot happen at the same moment: it counts when the run was known
   * to be over before both, or when second looks, begun afterwards, lead to the same. Undefined: no conclusion.
   */
  readonly conclusion: string | undefined;
}

/** Plans a live migration that was begun. `admit` decides whether one may begin, `planOffline` plans an offline one. */
export function planMigration(pursuit: Pursuit): Course {
  const { status, evidence } = pursuit;
  const verdict = judge(evidence);
  const past = isPastPermission(status.progress?.phase ?? "Connecting", evidence.run);
  const wanted = status.stop?.reason ?? stopReason(pursuit);
  const stop = past ? status.stop?.reason : wanted;
  const aborted = abortedCondition(wanted, past);
  return { ...courseOf(pursuit, verdict, stop, aborted), stop };
}

const memoryMiB = ({ memory }: Pick<XenMigrationStatus, "memory">): number => (bytesOf(memory) ?? 0) / 2 ** 20;

/** Why the migration must be stopped now; undefined while it may continue. */
export function stopReason({
  spec,
  status,
  deleting,
  nowMs,
}: Pick<Pursuit, "spec" | "status" | "deleting" | "nowMs">): StopReason | undefined {
  if (deleting) return "Deleted";
  if (spec.abort === "Requested") return "AbortRequested";
  if (secondsSince(status.startTime, nowMs) >= spec.timeoutSeconds) return "TimeLimitExceeded";
  return isStalled(status.progress, memoryMiB(status), nowMs) ? "Stalled" : undefined;
}

/** Why it was stopped, for messages. */
export const stopWords: Record<StopReason, string> = {
  AbortRequested: "spec.abort is Requested",
  TimeLimitExceeded: "it took longer than timeoutSeconds",
  Stalled: "nothing has arrived on the target for five minutes",
  Deleted: "the XenMigration is being deleted",
};

function abortedCondition(wanted: StopReason | undefined, past: boolean): ConditionUpdate {
  if (wanted === undefined) return no("Aborted", "NotAborted", "No abort was requested");
  return past
    ? no(
        "Aborted",
        "PastPointOfNoReturn",
        `Not aborted although ${stopWords[wanted]}: the target has permission to start the domain`,
      )
    : unknown("Aborted", "Aborting", `The migration is being stopped because ${stopWords[wanted]}`);
}

/** A course without the reason to stop. */
export type OpenCourse = Omit<Course, "stop">;

function courseOf(
  pursuit: Pursuit,
  verdict: Verdict,
  stop: StopReason | undefined,
  aborted: ConditionUpdate,
): OpenCourse {
  switch (verdict.kind) {
    case "Begin":
      return beginning(pursuit, stop, aborted);
    case "Wait":
      return going(pursuit, verdict.message, stop, aborted);
    case "Act":
      return settling(pursuit, verdict, aborted);
    case "Succeeded":
      return over(true, "Succeeded", verdict.message, aborted.reason === "NotAborted" ? aborted : tooLate);
    case "Failed":
      return failing(pursuit, verdict, stop);
    case "ApprovalNeeded":
      return pursuit.approved
        ? settling(
            pursuit,
            {
              side: "Source",
              action: "DestroyMigratedAway",
              message: "The suspended copy is being destroyed, as approved",
            },
            aborted,
          )
        : stuck(verdict.kind, verdict.message, aborted);
    default:
      return stuck(verdict.kind, verdict.message, aborted);
  }
}

const tooLate = no("Aborted", "PastPointOfNoReturn", "The migration had succeeded before it could be stopped");

/** The conditions of a running migration. */
export const active = (status: "True" | "Unknown", reason: Reason, message: string): ConditionUpdate[] => [
  status === "True" ? yes("Migrating", reason, message) : unknown("Migrating", reason, message),
  unknown("Succeeded", reason, message),
];

function beginning(pursuit: Pursuit, stop: StopReason | undefined, aborted: ConditionUpdate): OpenCourse {
  const { names } = pursuit.evidence;
  const { refusal } = pursuit;
  if (refusal?.action === "start-migration")
    return over(
      false,
      "MigrationFailed",
      `${names.source} did not begin the migration (${refusal.reason}): ${refusal.message}`,
      aborted,
    );
  const message = `${names.domain} is about to move from ${names.source} to ${names.target}`;
  const part = {
    conditions: [...active("True", "Migrating", message), aborted],
    reason: "Migrating" as const,
    message,
    end: undefined,
  };
  if (stop === undefined) return { ...part, move: { kind: "Begin" }, conclusion: undefined };
  if (!pursuit.mayBegin) return failing(pursuit, { message: `${names.domain} has not left ${names.source}` }, stop);
  return { ...part, move: undefined, conclusion: undefined };
}

function going(pursuit: Pursuit, waiting: string, stop: StopReason | undefined, aborted: ConditionUpdate): OpenCourse {
  const { evidence, status, refusal } = pursuit;
  const { run, target } = evidence;
  const runs = run.state === "Begun" && run.run.state === "Running";
  const blind = target.state === "Unknown" ? `; the state of ${evidence.names.target} is unknown (${target.why})` : "";
  const message = runs ? `${describeProgress(status.progress, memoryMiB(status))}${blind}` : waiting;
  const reason = runs ? "Migrating" : "Settling";
  const late = refusal?.action === "abort-migration" && refusal.reason === "PastPointOfNoReturn";
  const refused = no("Aborted", "PastPointOfNoReturn", refusal?.message ?? "");
  return {
    conditions: [...active("True", reason, message), late ? refused : aborted],
    reason: stop !== undefined && runs ? "Aborting" : reason,
    message,
    move: stop !== undefined && runs && !late ? { kind: "Abort" } : undefined,
    end: undefined,
    conclusion: undefined,
  };
}

function settling(
  { refusal, approved, evidence }: Pursuit,
  { side, action, message }: Pick<Extract<Verdict, { kind: "Act" }>, "side" | "action" | "message">,
  aborted: ConditionUpdate,
): OpenCourse {
  const { names } = evidence;
  let move: Action = { kind: "Settle", side, action };
  const cannot = action === "ResumeSource" && refusal?.reason === "ResumeUnsupported";
  const copy = evidence.source.state === "Seen" ? evidence.source.copy.form : "None";
  if (cannot && !approved)
    return stuck(
      "ApprovalNeeded",
      `${names.domain} is suspended on ${names.source}, and the xl of that host cannot resume it. Set the annotation xensan.dev/approve=DestroySource:${names.operation} to destroy this copy, which loses the contents of its memory; then the domain can be started again`,
      aborted,
      "ApprovalNeeded",
    );
  if (cannot)
    move = copy === "Suspended" ? { kind: "DestroySource" } : { kind: "Settle", side, action: "DestroyMigratedAway" };
  return {
    conditions: [...active("True", "Settling", message), aborted],
    reason: "Settling",
    message,
    move,
    end: undefined,
    conclusion: `${action} ${side}`,
  };
}

function failing(
  { status, evidence }: Pursuit,
  verdict: Pick<Extract<Verdict, { kind: "Failed" }>, "message"> & { readonly reason?: Reason },
  stop: StopReason | undefined,
): OpenCourse {
  const { run } = evidence;
  const said = run.state === "Begun" && run.run.message !== "" ? `. xl reported: ${run.run.message}` : "";
  if (verdict.reason !== "DomainGone" && stop !== undefined)
    return over(
      false,
      stop,
      `${verdict.message}. The migration was aborted because ${stopWords[stop]}`,
      yes("Aborted", stop, `The migration was aborted because ${stopWords[stop]}`),
    );
  const aborted = no(
    "Aborted",
    "NotAborted",
    status.stop === undefined ? "No abort was requested" : "The migration failed by itself",
  );
  return over(false, verdict.reason ?? "MigrationFailed", `${verdict.message}${said}`, aborted);
}

/** The course of a migration that is over. */
export const over = (succeeded: boolean, reason: Reason, message: string, aborted: ConditionUpdate): OpenCourse => ({
  conditions: [
    no("Migrating", "NotMigrating", "The migration has ended"),
    aborted,
    succeeded ? yes("Succeeded", reason, message) : no("Succeeded", reason, message),
  ],
  reason,
  message,
  move: undefined,
  end: { succeeded, reason, message },
  conclusion: `end ${reason}`,
});

/** The course of a migration that waits until the hosts show something else, or a person decides. */
export const stuck = (reason: Reason, message: string, aborted: ConditionUpdate, conclusion?: string): OpenCourse => ({
  conditions: [...active("Unknown", reason, message), aborted],
  reason,
  message,
  move: undefined,
  end: undefined,
  // An unknown outcome is reported at once: a second look would tell no more.
  conclusion: conclusion ?? (reason === "OutcomeUnknown" ? undefined : `stuck ${reason}`),
});
