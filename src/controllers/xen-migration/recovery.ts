import type { MigrationRun } from "../../host/xen-facts.ts";
import { type Copy, describeCopy, type ObservedDomain, type ObservedRun, type Side } from "./sight.ts";

/** Everything that determines the outcome of a begun migration. */
export interface Evidence {
  /** Names of domain and hosts for messages, and the operation, which a person names to approve something. */
  readonly names: {
    readonly domain: string;
    readonly source: string;
    readonly target: string;
    readonly operation: string;
  };
  /** Recorded before anything was begun. */
  readonly recorded: {
    readonly sourceBootId: string;
    readonly targetBootId: string;
    /** The furthest phase that was ever seen. */
    readonly phase: MigrationRun["phase"];
  };
  readonly run: ObservedRun;
  readonly source: ObservedDomain;
  readonly target: ObservedDomain;
}

/** Actions that clean up after xl. */
export type SettleAction =
  | "DestroyIncoming"
  | "AbandonIncoming"
  | "DestroyMigratedAway"
  | "StartIncoming"
  | "ResumeSource";

/** What the recovery table decides from the state of both hosts. */
export type Verdict =
  /** Nothing was begun, and nothing has changed since the decision: begin. */
  | { readonly kind: "Begin" }
  /** The migration is still running. */
  | { readonly kind: "Wait"; readonly message: string }
  | { readonly kind: "Act"; readonly side: Side; readonly action: SettleAction; readonly message: string }
  | { readonly kind: "Succeeded"; readonly message: string }
  | { readonly kind: "Failed"; readonly reason: "MigrationFailed" | "DomainGone"; readonly message: string }
  /** A host does not answer: nothing is done until it does. */
  | { readonly kind: "OutcomeUnknown"; readonly message: string }
  /** The domain runs twice: nothing is done until a person has ended one copy. */
  | { readonly kind: "SplitBrain"; readonly message: string }
  /** Only the suspended copy on the source is left; destroying it needs a person's approval. */
  | { readonly kind: "ApprovalNeeded"; readonly message: string }
  /** No row of the table fits: a person must decide. */
  | { readonly kind: "OutcomeAmbiguous"; readonly message: string };

type Form = Copy["form"];

interface Scene {
  readonly names: Evidence["names"];
  readonly phase: MigrationRun["phase"];
  readonly permission: boolean;
  readonly sourceRebooted: boolean;
  /** The source does not answer, and is proved dead. */
  readonly sourceEnded: boolean;
  readonly targetRebooted: boolean;
  readonly source: Copy;
  readonly target: Copy;
}

interface Row {
  readonly source: readonly Form[];
  readonly target: readonly Form[];
  readonly when?: (scene: Scene) => boolean;
  readonly verdict: (scene: Scene) => Verdict;
}

const phases = ["Failed", "Connecting", "Sending", "Transferred", "Permission", "Succeeded"] as const;

/** The later of two phases. A failure does not tell how far the migration had come. */
export function furthest(one: MigrationRun["phase"], other: MigrationRun["phase"]): MigrationRun["phase"] {
  return phases.indexOf(one) > phases.indexOf(other) ? one : other;
}

/** True if permission to start was given, or may have been: the target may run the domain, or have run it. */
export function isPastPermission(phase: MigrationRun["phase"], run: ObservedRun): boolean {
  const past = (one: MigrationRun["phase"]) => one === "Permission" || one === "Succeeded";
  if (past(phase)) return true;
  if (run.state !== "Begun") return false;
  return past(run.run.phase) || /permission to start|final handshake|starting domain/i.test(run.run.message);
}

const act =
  (side: Side, action: SettleAction, why: (names: Evidence["names"]) => string): Row["verdict"] =>
  ({ names }) => ({ kind: "Act", side, action, message: why(names) });

const giveUp = (names: Evidence["names"], why: string): Verdict => ({
  kind: "ApprovalNeeded",
  message: `${why}. Its suspended copy on ${names.source} cannot be recovered: set the annotation xensan.dev/approve=DestroySource:${names.operation} to destroy it, then the domain can be started again`,
});

/**
 * The possible remains of a migration and what to do about them; the first row that fits counts. The table is used only
 * when no program of the toolstack works on the domain any more, so that the facts of both hosts no longer change.
 */
const table: readonly Row[] = [
  {
    source: ["Running"],
    target: ["Running"],
    verdict: ({ names, source, target }) => ({
      kind: "SplitBrain",
      message: `${names.domain} runs on ${names.source} as ${describeCopy(source)} and on ${names.target} as ${describeCopy(target)}. xensan changes nothing: decide which copy has the right data and destroy the other`,
    }),
  },
  {
    source: ["None"],
    target: ["Running"],
    verdict: ({ names }) => ({ kind: "Succeeded", message: `${names.domain} runs on ${names.target}` }),
  },
  {
    source: ["MigratedAway"],
    target: ["Running", "Ended"],
    verdict: act(
      "Source",
      "DestroyMigratedAway",
      (n) => `${n.domain} has moved to ${n.target}: the suspended copy is being destroyed`,
    ),
  },
  {
    source: ["None"],
    target: ["Ended"],
    when: ({ permission }) => permission,
    verdict: ({ names }) => ({
      kind: "Succeeded",
      message: `${names.domain} has moved to ${names.target} and has ended there since`,
    }),
  },
  {
    source: ["Running"],
    target: ["None"],
    verdict: ({ names }) => ({
      kind: "Failed",
      reason: "MigrationFailed",
      message: `${names.domain} still runs on ${names.source}`,
    }),
  },
  {
    source: ["Running", "Suspended", "Ended"],
    target: ["Incoming"],
    verdict: act(
      "Target",
      "DestroyIncoming",
      (n) => `${n.domain} stays on ${n.source}: the incomplete copy on ${n.target} is being destroyed`,
    ),
  },
  {
    source: ["Suspended"],
    target: ["None"],
    when: ({ phase }) => phase !== "Succeeded",
    verdict: act(
      "Source",
      "ResumeSource",
      (n) => `${n.domain} is suspended on ${n.source} and nowhere else: it is being resumed`,
    ),
  },
  {
    // The domain is renamed on the source only after the target has reported that the image is complete.
    source: ["MigratedAway"],
    target: ["Incoming", "Arrived"],
    verdict: act(
      "Target",
      "StartIncoming",
      (n) => `${n.domain} was received completely on ${n.target}: it is being started there`,
    ),
  },
  {
    source: ["MigratedAway"],
    target: ["None"],
    when: ({ phase }) => phase === "Succeeded",
    verdict: act("Source", "DestroyMigratedAway", (n) => `${n.domain} has moved to ${n.target} and ended there since`),
  },
  {
    source: ["MigratedAway"],
    target: ["None"],
    when: ({ permission, targetRebooted }) => targetRebooted && !permission,
    verdict: act(
      "Source",
      "ResumeSource",
      (n) =>
        `${n.target} rebooted before it had permission to start ${n.domain}: the domain is being resumed on ${n.source}`,
    ),
  },
  {
    // With permission it may have run there and written to its disks: the older memory would not fit them.
    source: ["MigratedAway"],
    target: ["None"],
    when: ({ targetRebooted }) => targetRebooted,
    verdict: ({ names }) =>
      giveUp(
        names,
        `${names.domain} may have run on ${names.target} before that host rebooted, so it must not be resumed on ${names.source}`,
      ),
  },
  {
    source: ["None"],
    target: ["Incoming"],
    when: ({ sourceEnded }) => sourceEnded,
    verdict: act(
      "Target",
      "AbandonIncoming",
      (n) =>
        `${n.source} is dead: the copy of ${n.domain} on ${n.target} may be older than its disks and is being destroyed`,
    ),
  },
  {
    // The source may have resumed the domain and written since, or the image is incomplete.
    source: ["None"],
    target: ["Incoming"],
    when: ({ sourceRebooted, phase, permission }) =>
      sourceRebooted || (!permission && (phase === "Connecting" || phase === "Sending")),
    verdict: act(
      "Target",
      "DestroyIncoming",
      (n) =>
        `${n.domain} is gone from ${n.source}: the copy on ${n.target} may be older than its disks and is being destroyed`,
    ),
  },
  {
    source: ["None"],
    target: ["None"],
    when: ({ phase }) => phase === "Succeeded",
    verdict: ({ names }) => ({
      kind: "Succeeded",
      message: `${names.domain} has moved to ${names.target} and ended there since`,
    }),
  },
  {
    source: ["None", "Ended"],
    target: ["None"],
    verdict: ({ names }) => ({
      kind: "Failed",
      reason: "DomainGone",
      message: `${names.domain} runs neither on ${names.source} nor on ${names.target}: it may be started again`,
    }),
  },
];

/** Decides about a begun migration from its record and the state of both hosts. */
export function judge(evidence: Evidence): Verdict {
  const { names, recorded, run, source, target } = evidence;
  if (run.state === "Begun" && run.run.state === "Running" && source.state === "Seen")
    return { kind: "Wait", message: `xl migrate runs on ${names.source}` };
  const unseen = [
    ...(source.state === "Unknown" ? [`The state of ${names.source} is unknown (${source.why})`] : []),
    ...(target.state === "Unknown" ? [`The state of ${names.target} is unknown (${target.why})`] : []),
    ...(run.state === "Unknown" && source.state === "Seen"
      ? [`${names.source} did not report the migration (${run.why})`]
      : []),
  ];
  if (source.state === "Unknown" || target.state === "Unknown" || run.state === "Unknown")
    return {
      kind: "OutcomeUnknown",
      message: `${unseen.join(", ")}: xensan changes nothing until both hosts can be reached`,
    };
  const sourceEnded = source.ended === true;
  // A receiver waits for a dead source until TCP gives up, and nothing more arrives.
  const receiving = !sourceEnded || target.copy.form === "Arrived";
  const working = [
    ...source.atWork.map((what) => `${what} on ${names.source}`),
    ...(receiving ? target.atWork : []).map((what) => `${what} on ${names.target}`),
  ];
  if (working.length > 0) return { kind: "Wait", message: `Waiting for ${working.join(", ")}` };
  const sourceRebooted = source.bootId !== recorded.sourceBootId;
  const forms = (one: Form, other: Form) => source.copy.form === one && target.copy.form === other;
  if (run.state === "None" && !sourceRebooted && forms("Running", "None")) return { kind: "Begin" };
  const scene: Scene = {
    names,
    phase: run.state === "Begun" ? furthest(recorded.phase, run.run.phase) : recorded.phase,
    permission: isPastPermission(recorded.phase, run),
    sourceRebooted,
    sourceEnded,
    targetRebooted: target.bootId !== recorded.targetBootId,
    source: source.copy,
    target: target.copy,
  };
  const row = table.find(
    (candidate) =>
      candidate.source.includes(scene.source.form) &&
      candidate.target.includes(scene.target.form) &&
      candidate.when?.(scene) !== false,
  );
  return row?.verdict(scene) ?? ambiguous(scene);
}

function ambiguous({ names, source, target }: Scene): Verdict {
  const here = `${describeCopy(source)} on ${names.source}, ${describeCopy(target)} on ${names.target}`;
  return {
    kind: "OutcomeAmbiguous",
    message: `The outcome cannot be determined from ${here}. xensan changes nothing: find out which copy has the right data, and destroy the other`,
  };
}
