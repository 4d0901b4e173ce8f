import type { Reason } from "../../api/reasons.ts";
import type { ConditionUpdate } from "../../runtime/conditions.ts";
import { stateText } from "../domain-state.ts";
import { no, unknown, yes } from "../finding.ts";
import { hasEnded } from "../gone/gone.ts";
import { type DomainObservation, isAnotherRun, lockSeen, type Present, survey } from "../xen-domain/observation.ts";
import { obstacle } from "../xen-domain/placement.ts";
import { active, type Course, over, type Pursuit, type StopReason, stopReason, stopWords, stuck } from "./plan.ts";
import { runOf, secondsSince } from "./record.ts";

/** Everything that the course of an offline migration depends on. */
export interface OfflinePursuit extends Pick<Pursuit, "spec" | "status" | "deleting" | "nowMs"> {
  readonly domain: DomainObservation;
  /** Why the XenDomain must not start it: deleted, halted, paused or dry-run. */
  readonly unwanted: string | undefined;
  /** A command for the domain runs on a host, or no probe has shown its effect yet. */
  readonly busy: boolean;
  /** Why the target refused to start it, in this stage. */
  readonly refusal: { readonly reason: Reason; readonly message: string } | undefined;
}

/** The state of an offline migration, and what it reports. */
export interface OfflineCourse extends Omit<Course, "stop" | "move"> {
  /** The domain is proved to run nowhere: record that it may be started on the target. */
  readonly stopped: boolean;
  /** Look again soon, until all hosts see that the lock file is gone. */
  readonly poll: boolean;
}

type OpenCourse = Omit<OfflineCourse, "stopped" | "poll">;

/**
 * Plans an offline migration. It only states whether the domain must stop on the source or start on the target; the
 * XenDomain does both, as always. So whenever the migration ends, the XenDomain alone decides again, and starts a
 * domain that runs nowhere, on its last host if that can take it. Until the domain has shut down the migration may be
 * aborted; afterwards it may not, and only a target that cannot start the domain ends it before the domain is there.
 */
export function planOffline(pursuit: OfflinePursuit): OfflineCourse {
  const { domain, status } = pursuit;
  const { sourceHostRef: { name: source } = { name: "" }, targetHostRef: { name: target } = { name: "" } } = status;
  const { present, blind } = survey(domain);
  const where = present.map(
    ({ host, domain: { name, id, state } }) => `${host.name} (${name}, id ${id}, ${stateText(state)})`,
  );
  const aborted = abortedCondition(pursuit);
  const [one, another] = present;
  if (another !== undefined)
    return part(
      stuck(
        "SplitBrain",
        `${domain.name} is on ${where.join(" and ")}. xensan changes nothing: stop one of them there`,
        aborted,
      ),
    );
  if (one?.host.name === target) {
    const unseen = blind.find(({ host }) => host.name === source);
    return part(unseen === undefined ? arrived(pursuit, one, aborted) : outcomeUnknown([unseen.why], aborted));
  }
  if (one !== undefined && (one.host.name !== source || status.offline?.stage === "Starting"))
    return part(over(false, "MigrationFailed", `${domain.name} runs on ${where.join("")}, not on ${target}`, aborted));
  if (one !== undefined) return part(shuttingDown(pursuit, one));
  if (blind.length > 0)
    return part(
      outcomeUnknown(
        blind.map(({ why }) => why),
        aborted,
      ),
    );
  return status.offline?.stage === "Starting" ? part(starting(pursuit, aborted)) : down(pursuit);
}

const part = ({ conditions, reason, message, end, conclusion }: OpenCourse): OfflineCourse => ({
  conditions,
  reason,
  message,
  end,
  conclusion,
  stopped: false,
  poll: false,
});

const outcomeUnknown = (why: readonly string[], aborted: ConditionUpdate): OpenCourse =>
  stuck(
    "OutcomeUnknown",
    `${why.join(", ")}: xensan does not start the domain until every host of the domain can be reached`,
    aborted,
  );

function abortedCondition(pursuit: OfflinePursuit): ConditionUpdate {
  const { status } = pursuit;
  const wanted = stopReason(pursuit);
  if (wanted === undefined) return no("Aborted", "NotAborted", "No abort was requested");
  if (status.offline?.stage === "Starting")
    return no(
      "Aborted",
      "PastPointOfNoReturn",
      `Not aborted although ${stopWords[wanted]}: the domain has shut down, and is being started on ${status.targetHostRef?.name}`,
    );
  return unknown("Aborted", "Aborting", `The migration is being stopped because ${stopWords[wanted]}`);
}

const going = (reason: Reason, message: string, aborted: ConditionUpdate): OpenCourse => ({
  conditions: [...active("True", reason, message), aborted],
  reason,
  message,
  end: undefined,
  conclusion: undefined,
});

const endedBy = (stop: StopReason, message: string): OpenCourse =>
  over(
    false,
    stop,
    `${message}. The migration was aborted because ${stopWords[stop]}`,
    yes("Aborted", stop, `The migration was aborted because ${stopWords[stop]}`),
  );

const notAborted = no("Aborted", "NotAborted", "No abort was requested");
const comesBack = "its XenDomain starts it again, if possible on its previous host";

/** The domain is on the source, and was asked to shut down. */
function shuttingDown(pursuit: OfflinePursuit, one: Present): OpenCourse {
  const { domain, status, unwanted, nowMs } = pursuit;
  const { timeoutSeconds, onTimeout } = domain.spec.shutdown;
  const still = `${domain.name} still runs on ${status.sourceHostRef?.name}`;
  const stop = stopReason(pursuit);
  // A guest cannot be told to ignore an earlier shutdown request.
  if (stop !== undefined) return endedBy(stop, `${still}. If it shuts down anyway, ${comesBack}`);
  if (unwanted !== undefined) return over(false, "MigrationFailed", `${still}, and ${unwanted}`, notAborted);
  const run = runOf(status);
  if (run !== undefined && isAnotherRun(one, run))
    return over(
      false,
      "DomainRestarted",
      `${still}, but as domain ${one.domain.id}: it was started after this migration began, when it was domain ${run.domainID}. xensan does not stop it`,
      notAborted,
    );
  if (onTimeout === "Wait" && secondsSince(status.startTime, nowMs) >= timeoutSeconds)
    return over(
      false,
      "ShutdownTimedOut",
      `${still} ${timeoutSeconds} s after it was asked to shut down. Shut it down from within, allow it more time, or set spec.shutdown.onTimeout of the XenDomain to Destroy`,
      notAborted,
    );
  return going(
    "ShuttingDown",
    `${domain.name} is being asked to shut down on ${status.sourceHostRef?.name}`,
    notAborted,
  );
}

/** Every host has answered, and the domain runs on none; the stop ends with the removal of the lock file. */
function down(pursuit: OfflinePursuit): OfflineCourse {
  const { domain, status, unwanted, busy } = pursuit;
  const stop = stopReason(pursuit);
  const gone = `${domain.name} has shut down on ${status.sourceHostRef?.name}`;
  if (stop !== undefined) return part(endedBy(stop, `${gone}; ${comesBack}`));
  if (unwanted !== undefined) return part(over(false, "MigrationFailed", `${gone}, and ${unwanted}`, notAborted));
  const dead = domain.hosts.find(({ name }) => name === status.sourceHostRef?.name);
  if (dead?.machine.state === "Found" && hasEnded(dead.machine.gone))
    return part(
      over(false, "DomainGone", `${dead.name}, on which ${domain.name} was, is dead; ${comesBack}`, notAborted),
    );
  const lock = lockSeen(domain);
  if (lock !== undefined || busy) {
    const kept = lock === undefined ? "" : `; the lock file ${lock.path} still names ${lock.host}`;
    return { ...part(going("ShuttingDown", `${gone}${kept}`, notAborted)), poll: !busy };
  }
  return { ...part(going("ShuttingDown", gone, notAborted)), conclusion: "stopped", stopped: true };
}

/** The domain runs nowhere, and must start on the target. */
function starting(pursuit: OfflinePursuit, aborted: ConditionUpdate): OpenCourse {
  const { domain, status, unwanted, refusal, busy } = pursuit;
  const { targetHostRef: { name: target } = { name: "" } } = status;
  const failed = (why: string) =>
    over(false, "MigrationFailed", `${target} did not start ${domain.name}: ${why}`, aborted);
  const host = domain.hosts.find(({ name }) => name === target);
  const inTheWay = host === undefined ? "it is no longer a host of the domain" : obstacle(domain, host);
  const message = `${domain.name} runs on no host and is being started on ${target}`;
  if (busy) return going("StartingOnTarget", message, aborted);
  if (refusal !== undefined) return failed(`${refusal.reason}: ${refusal.message}. Now ${comesBack}`);
  if (inTheWay !== undefined) return failed(`${inTheWay}. Now ${comesBack}`);
  if (unwanted !== undefined) return failed(unwanted);
  if (stopReason(pursuit) === "TimeLimitExceeded")
    return over(
      false,
      "TimeLimitExceeded",
      `${target} has not started ${domain.name} within ${pursuit.spec.timeoutSeconds} s. Now ${comesBack}`,
      aborted,
    );
  return going("StartingOnTarget", message, aborted);
}

/** The domain is on the target, and not on the source. */
function arrived(pursuit: OfflinePursuit, { domain: { name, state } }: Present, aborted: ConditionUpdate): OpenCourse {
  const target = pursuit.status.targetHostRef?.name;
  const late = stopReason(pursuit) === "TimeLimitExceeded";
  // Built and not unpaused yet, or paused by a person.
  if (/[pd]/.test(state) && !(state.includes("p") && late))
    return going("StartingOnTarget", `${name} is on ${target} (${stateText(state)})`, aborted);
  const verdict = state.includes("s") ? "has moved to" : "runs on";
  const paused = state.includes("p") ? ", paused" : "";
  return over(true, "Succeeded", `${name} ${verdict} ${target}${paused}`, aborted);
}
