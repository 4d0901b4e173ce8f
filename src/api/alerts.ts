import type { Reason } from "./reasons.ts";

/** An alert of the chart's PrometheusRule. One part of its page in docs/how-to/alerts is written by hand. */
export interface Alert {
  /** PascalCase; also the name of its page. */
  readonly name: string;
  /** PromQL that returns one series for each problem. */
  readonly expr: string;
  /** How long it must be true before the alert fires, as Prometheus writes durations. */
  readonly for: string;
  /** critical: a person is called now. warning: a person looks at it in working hours. */
  readonly severity: "critical" | "warning";
  /** The problem in one sentence, in Prometheus' templates. */
  readonly summary: string;
  /** Condition types whose reasons the page lists; empty if no condition shows the problem. */
  readonly conditions: readonly string[];
  /** Reasons of these conditions that do not raise the alert: they come with another status, or it excludes them. */
  readonly without?: readonly Reason[];
}

/** Reasons that only a condition has which follows from steps on hosts. */
const ofSteps: readonly Reason[] = [
  "Aborted",
  "HostBusy",
  "InvalidRequest",
  "Killed",
  "NoEffect",
  "ObserveOnly",
  "Progressing",
  "StepFailed",
  "Unintelligible",
];
/** Reasons for which the state is not known. */
const unsettled: readonly Reason[] = ["InvalidSpec", "Pending"];
/** Reasons that a probe never gives. */
const notOfProbes: readonly Reason[] = [
  "FactsUnknown",
  "HostBusy",
  "NoEffect",
  "ObserveOnly",
  "Progressing",
  "StepFailed",
];

const object = "{{ $labels.kind }} {{ $labels.namespace }}/{{ $labels.name }}";

/** Fires while a condition of an object has a bad status. */
function onCondition(
  condition: {
    readonly type: string;
    readonly bad: string;
    readonly but?: readonly Reason[];
    readonly notOf?: string;
    /** Whether the page lists the reasons. */
    readonly list?: false;
    readonly without?: readonly Reason[];
  },
  alert: Pick<Alert, "name" | "for" | "severity">,
): Alert {
  const notOf = condition.notOf === undefined ? "" : `,kind!="${condition.notOf}"`;
  const { but: exceptions = [], without = [] } = condition;
  const but = exceptions.length === 0 ? "" : `,reason!~"${exceptions.join("|")}"`;
  return {
    ...alert,
    expr: `xensan_object_condition{type="${condition.type}",status${condition.bad}${but}${notOf}} == 1`,
    summary: `${object}: ${condition.type} is {{ $labels.status }} ({{ $labels.reason }}).`,
    conditions: condition.list === false ? [] : [condition.type],
    without: [...exceptions, ...without],
  };
}

/** Every alert, the most urgent ones first. */
export const alerts: readonly Alert[] = [
  {
    name: "XensanNotActing",
    expr: "absent(xensan_leader_election_master_status == 1)",
    for: "5m",
    severity: "critical",
    summary: "No replica of the operator is active: hosts are neither probed nor repaired.",
    conditions: [],
  },
  onCondition(
    {
      type: "Conflicted",
      bad: '="True"',
      without: [
        ...unsettled,
        ...ofSteps,
        "AddressUnverified",
        "FactsUnknown",
        "InterfaceOutsideBounds",
        "ServerNotFound",
        "ServerNotReady",
      ],
    },
    { name: "XensanVolumeConflicted", for: "1m", severity: "critical" },
  ),
  onCondition(
    {
      type: "Healthy",
      bad: '="False"',
      without: [...unsettled, ...ofSteps, "FactsUnknown", "Looking", "NodeUnreachable"],
    },
    { name: "XensanClusterUnhealthy", for: "2m", severity: "critical" },
  ),
  onCondition(
    { type: "Exported", bad: '="False"', without: [...unsettled, "ClientHoldsDevice", "ClientUnknown"] },
    { name: "XensanVolumeNotExported", for: "5m", severity: "critical" },
  ),
  onCondition(
    { type: "Attached", bad: '="False"', but: ["NotExported"], without: unsettled },
    { name: "XensanVolumeNotAttached", for: "10m", severity: "warning" },
  ),
  onCondition(
    { type: "Mounted", bad: '="False"', without: [...unsettled, "FactsUnknown", "NodeUnreachable"] },
    { name: "XensanFilesystemNotMounted", for: "10m", severity: "warning" },
  ),
  onCondition(
    { type: "Running", bad: '!="True"', but: ["Halted"], without: ["FactsUnknown", "ShutdownTimedOut", "Stopping"] },
    { name: "XensanDomainNotRunning", for: "5m", severity: "critical" },
  ),
  onCondition(
    { type: "Reachable", bad: '!="True"', without: notOfProbes },
    { name: "XensanHostUnreachable", for: "5m", severity: "critical" },
  ),
  {
    name: "XensanProbesOld",
    expr: "xensan_probe_age_seconds > 600",
    for: "5m",
    severity: "warning",
    summary: `${object} was last probed {{ $value | humanizeDuration }} ago.`,
    conditions: ["Reachable"],
    without: notOfProbes,
  },
  {
    name: "XensanMigrationFailed",
    expr: 'increase(xensan_migration_seconds_count{outcome="Failed"}[1h]) > 0',
    for: "0m",
    severity: "warning",
    summary: "A migration failed within the last hour.",
    conditions: ["Admitted", "Migrating"],
    without: [
      ...unsettled,
      ...ofSteps.filter((reason) => reason !== "ObserveOnly"),
      // Not over yet.
      "ApprovalNeeded",
      "Migrating",
      "OutcomeAmbiguous",
      "OutcomeUnknown",
      "Settling",
      "ShuttingDown",
      "SplitBrain",
      "StartingOnTarget",
      // Aborted.
      "Stalled",
      "TimeLimitExceeded",
    ],
  },
  {
    name: "XensanDomainRestarts",
    expr: "increase(xensan_domain_restarts_total[1h]) > 3",
    for: "0m",
    severity: "warning",
    summary:
      "XenDomain {{ $labels.namespace }}/{{ $labels.name }} was started {{ $value | humanize }} times within an hour.",
    conditions: [],
  },
  {
    name: "XensanRepairsAgainAndAgain",
    expr: "increase(xensan_drift_repairs_total[1h]) > 5",
    for: "15m",
    severity: "warning",
    summary:
      "{{ $labels.action }} ran {{ $value | humanize }} times within an hour for objects of kind {{ $labels.kind }}: something on the hosts reverts it.",
    conditions: [],
  },
  onCondition(
    { type: "DeletionBlocked", bad: '="True"', without: ["Pending"] },
    { name: "XensanDeletionBlocked", for: "30m", severity: "warning" },
  ),
  // Ready of a XenMigration repeats Succeeded, and no migration is repeated.
  onCondition(
    { type: "Ready", bad: '!="True"', but: ["Paused", "Halted"], notOf: "XenMigration", list: false },
    { name: "XensanNotReady", for: "30m", severity: "warning" },
  ),
  {
    name: "XensanReconcilesFail",
    expr: "rate(xensan_controller_reconcile_errors_total[10m]) > 0",
    for: "15m",
    severity: "warning",
    summary: "The controller {{ $labels.controller }} keeps failing; see its log.",
    conditions: [],
  },
];
