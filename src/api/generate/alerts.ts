import { stringify } from "yaml";
import type { Alert } from "../alerts.ts";
import { type ReasonEntry, reasons } from "../reasons.ts";
import { table } from "./table.ts";

const begin = "<!-- generated: begin -->";
const end = "<!-- generated: end -->";

/** The groups of a PrometheusRule, as Prometheus reads them from a file. */
export function alertRules(alerts: readonly Alert[]): string {
  const rules = alerts.map(({ name, expr, for: time, severity, summary }) => ({
    alert: name,
    expr,
    for: time,
    labels: { severity },
    annotations: { summary, runbook: `docs/how-to/alerts/${name}.md` },
  }));
  const header = `# Generated from src/api/alerts.ts by "npm run generate". Do not edit.\n`;
  return header + stringify({ groups: [{ name: "xensan", rules }] }, { lineWidth: 0 });
}

/** The page of an alert: the part written by hand, and between the marks its rule and the reasons that it may name. */
export function alertPage(current: string, alert: Alert): string {
  const from = current.indexOf(begin);
  const to = current.indexOf(end);
  const mine = [
    `Fires after ${alert.for} as ${alert.severity}:\n`,
    `    ${alert.expr}\n`,
    ...(alert.conditions.length === 0 ? [] : [reasonTable(alert)]),
  ].join("\n");
  if (from < 0 || to < from) return `# ${alert.name}\n\n${begin}\n${mine}${end}\n\n## What to do\n\nTo be written.\n`;
  return `${current.slice(0, from)}${begin}\n${mine}${current.slice(to)}`;
}

/** The index of the alerts' pages. */
export function alertIndex(alerts: readonly Alert[]): string {
  const rows = alerts.map(({ name, severity, for: time }) => `| [${name}](${name}.md) | ${severity} | ${time} |`);
  return [
    `<!-- Generated from src/api/alerts.ts by "npm run generate". Do not edit. -->\n`,
    "# Alerts\n",
    "The chart installs these alerts as a PrometheusRule (`metrics.prometheusRule.create=true`). For a Prometheus without the Prometheus operator, use [helm/xensan/files/alerts.yaml](../../../helm/xensan/files/alerts.yaml).\n",
    table(["Alert", "Severity", "After"], rows),
  ].join("\n");
}

function reasonTable({ conditions, without = [], expr }: Alert): string {
  const left: readonly string[] = without;
  const entries: [string, ReasonEntry][] = Object.entries(reasons);
  const rows = entries
    .filter(([, entry]) => entry.conditions.some((type) => type === "every type" || conditions.includes(type)))
    .filter(([name]) => !left.includes(name))
    .filter(([, { action }]) => action !== "Nothing.")
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { meaning, action }]) => `| \`${name}\` | ${meaning} | ${action} |`);
  const where = expr.includes("xensan_object_condition") ? "in the alert" : "in the conditions of the object";
  return `The reason ${where} gives the cause:\n\n${table(["Reason", "Meaning", "What to do"], rows)}`;
}
