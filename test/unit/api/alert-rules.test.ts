import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { alerts } from "../../../src/api/alerts.ts";

const rules = fileURLToPath(new URL("../../../helm/xensan/files/alerts.yaml", import.meta.url));
const run = promisify(execFile);
const promtool = spawnSync("promtool", ["--version"], { stdio: "ignore" }).status === 0;
if (!promtool)
  console.warn("skipped: the alerts are tried with promtool, which is not on PATH (Debian: package prometheus)");

interface Case {
  /** A series that should raise the alert, one sample a minute. */
  readonly bad: string;
  readonly values?: string;
  /** The same series when all is well. */
  readonly good: string;
  readonly goodValues?: string;
  /** Other series that do not raise it. */
  readonly quiet?: readonly string[];
  /** Minutes after which it has fired. */
  readonly after: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
}

const conditionSeries = (kind: string, type: string, status: string, reason: string) =>
  `xensan_object_condition{kind="${kind}",namespace="san",name="one",type="${type}",status="${status}",reason="${reason}"}`;

/** A condition of an object, in a bad and in a good status. */
function condition(
  kind: string,
  type: string,
  [status, reason]: readonly [string, string],
  [goodStatus, goodReason]: readonly [string, string],
  after: number,
): Case {
  const labels = { kind, name: "one", namespace: "san", reason, status, type };
  return {
    bad: conditionSeries(kind, type, status, reason),
    good: conditionSeries(kind, type, goodStatus, goodReason),
    ...{ after, labels },
    summary: `${kind} san/one: ${type} is ${status} (${reason}).`,
  };
}

const cases: Readonly<Record<string, Case>> = {
  XensanNotActing: {
    bad: 'xensan_leader_election_master_status{name="xensan",pod="a"}',
    values: "0x120",
    good: 'xensan_leader_election_master_status{name="xensan",pod="b"}',
    ...{ after: 5, labels: {} },
    summary: "No replica of the operator is active: hosts are neither probed nor repaired.",
  },
  XensanVolumeConflicted: condition(
    "AoeVolume",
    "Conflicted",
    ["True", "DuplicateAddress"],
    ["False", "NoConflict"],
    1,
  ),
  XensanClusterUnhealthy: condition(
    "Ocfs2Cluster",
    "Healthy",
    ["False", "HeartbeatMissing"],
    ["Unknown", "Looking"],
    2,
  ),
  XensanVolumeNotExported: condition("AoeVolume", "Exported", ["False", "BackingMissing"], ["True", "Exported"], 5),
  XensanVolumeNotAttached: condition("AoeVolume", "Attached", ["False", "TargetDown"], ["False", "NotExported"], 10),
  XensanFilesystemNotMounted: condition("Ocfs2Cluster", "Mounted", ["False", "NodeLeaving"], ["True", "Mounted"], 10),
  XensanDomainNotRunning: {
    ...condition("XenDomain", "Running", ["Unknown", "SplitBrain"], ["False", "Halted"], 5),
    quiet: [conditionSeries("XenDomain", "Running", "True", "Stopping")],
  },
  XensanHostUnreachable: condition("XenHost", "Reachable", ["Unknown", "Pending"], ["True", "Reachable"], 5),
  XensanProbesOld: {
    bad: 'xensan_probe_age_seconds{kind="XenHost",namespace="san",name="bella"}',
    values: "900x120",
    good: 'xensan_probe_age_seconds{kind="XenHost",namespace="san",name="brutus"}',
    goodValues: "30x120",
    after: 5,
    labels: { kind: "XenHost", namespace: "san", name: "bella" },
    summary: "XenHost san/bella was last probed 15m 0s ago.",
  },
  XensanMigrationFailed: {
    bad: 'xensan_migration_seconds_count{outcome="Failed"}',
    values: "0x10 1x50",
    good: 'xensan_migration_seconds_count{outcome="Succeeded"}',
    goodValues: "0+1x60",
    ...{ after: 20, labels: { outcome: "Failed" } },
    summary: "A migration failed within the last hour.",
  },
  XensanDomainRestarts: {
    bad: 'xensan_domain_restarts_total{namespace="san",name="loop"}',
    values: "0+1x120",
    good: 'xensan_domain_restarts_total{namespace="san",name="calm"}',
    goodValues: "0x30 1x90",
    after: 90,
    labels: { namespace: "san", name: "loop" },
    summary: "XenDomain san/loop was started 60 times within an hour.",
  },
  XensanRepairsAgainAndAgain: {
    bad: 'xensan_drift_repairs_total{kind="XenHost",action="aoe-interfaces"}',
    values: "0+1x120",
    good: 'xensan_drift_repairs_total{kind="AoeVolume",action="export"}',
    goodValues: "0x30 1x90",
    after: 90,
    labels: { kind: "XenHost", action: "aoe-interfaces" },
    summary:
      "aoe-interfaces ran 60 times within an hour for objects of kind XenHost: something on the hosts reverts it.",
  },
  XensanDeletionBlocked: condition(
    "AoeVolume",
    "DeletionBlocked",
    ["True", "ClientHoldsDevice"],
    ["False", "Ready"],
    30,
  ),
  XensanNotReady: {
    ...condition("XenHost", "Ready", ["False", "PackagesMissing"], ["False", "Paused"], 30),
    quiet: [
      conditionSeries("XenMigration", "Ready", "False", "MigrationFailed"),
      conditionSeries("XenMigration", "Ready", "Unknown", "Migrating"),
    ],
  },
  XensanReconcilesFail: {
    bad: 'xensan_controller_reconcile_errors_total{controller="xenhost"}',
    values: "0+1x120",
    good: 'xensan_controller_reconcile_errors_total{controller="aoevolume"}',
    ...{ after: 20, labels: { controller: "xenhost" } },
    summary: "The controller xenhost keeps failing; see its log.",
  },
};

/** The tests of a case for `promtool test rules`: it fires for the bad series, and not for the good one. */
function testsOf(name: string, { quiet = [], bad, values = "1x120", good, goodValues, after, labels, summary }: Case) {
  const alert = alerts.find((one) => one.name === name);
  const expected = {
    exp_labels: { severity: alert?.severity, ...labels },
    exp_annotations: { summary, runbook: `docs/how-to/alerts/${name}.md` },
  };
  const check = (time: number, exp_alerts: readonly unknown[]) => ({
    eval_time: `${time}m`,
    alertname: name,
    exp_alerts,
  });
  const calm = goodValues ?? (name === "XensanReconcilesFail" ? "0x120" : "1x120");
  const well = [good, ...quiet].map((series) => ({ series, values: calm }));
  return [
    {
      interval: "1m",
      input_series: [{ series: bad, values }, ...(labels.name === undefined && name === "XensanNotActing" ? [] : well)],
      alert_rule_test: [check(0, []), check(after, [expected])],
    },
    { interval: "1m", input_series: well, alert_rule_test: [check(after, [])] },
  ];
}

describe("the rules of the chart", () => {
  it("have a case each", () => {
    expect(Object.keys(cases).sort()).toEqual(alerts.map(({ name }) => name).sort());
  });

  it.runIf(promtool)("have no complaint from promtool", async () => {
    expect((await run("promtool", ["check", "rules", rules])).stdout).toContain(
      `SUCCESS: ${alerts.length} rules found`,
    );
  });

  it.runIf(promtool)("fire for what is the matter, and for nothing else", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "xensan-alerts-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = path.join(directory, "tests.yaml");
    const tests = Object.entries(cases).flatMap(([name, one]) => testsOf(name, one));
    await writeFile(file, stringify({ rule_files: [rules], evaluation_interval: "1m", tests }));
    const failure = await run("promtool", ["test", "rules", file]).then(
      () => "",
      ({ stdout, stderr }: { stdout?: string; stderr?: string }) => `${stdout ?? ""}${stderr ?? ""}`,
    );
    expect(failure).toBe("");
  });
});
