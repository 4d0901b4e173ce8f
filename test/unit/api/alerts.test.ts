import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { alerts } from "../../../src/api/alerts.ts";
import { dashboardQueries } from "../../../src/api/generate/dashboard.ts";
import { polarity } from "../../../src/api/polarity.ts";
import { type ReasonEntry, reasons } from "../../../src/api/reasons.ts";
import { createHostMetrics } from "../../../src/controllers/hosts/metrics.ts";
import { createObjectMetrics } from "../../../src/controllers/object-metrics.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";

const { registry } = createMetrics();
createHostMetrics(registry);
createObjectMetrics(registry);
const known = (await registry.getMetricsAsJSON()).map(({ name }) => name);
/** The metrics that an expression uses, without the suffixes of a histogram. */
const asked = (expr: string) =>
  [...expr.matchAll(/xensan_\w+/g)].map(([name]) =>
    known.includes(name) ? name : name.replace(/_(count|sum|bucket)$/, ""),
  );

describe.each(alerts.map((alert) => [alert.name, alert] as const))("the alert %s", (name, alert) => {
  const { expr, conditions, without = [] } = alert;

  it("asks for metrics, condition types and reasons that there are", () => {
    expect(asked(expr).length).toBeGreaterThan(0);
    expect(asked(expr).filter((metric) => !known.includes(metric))).toEqual([]);
    const types = [...expr.matchAll(/type="(\w+)"/g)].flatMap(([, type]) => type ?? []);
    expect([...types, ...conditions].filter((type) => !(type in polarity))).toEqual([]);
    const words = [...expr.matchAll(/reason!~"([\w|]+)"/g)].flatMap(([, words]) => words?.split("|") ?? []);
    expect(words.filter((word) => !(word in reasons))).toEqual([]);
  });

  it("leaves out only reasons that its conditions may have", () => {
    const entries: Readonly<Record<string, ReasonEntry>> = reasons;
    const types = ["every type", ...conditions];
    const never = without.filter((reason) => entries[reason]?.conditions.some((type) => types.includes(type)) !== true);
    expect(conditions.length === 0 ? [] : never).toEqual([]);
  });

  it("has a page that says what to do", () => {
    const page = readFileSync(new URL(`../../../docs/how-to/alerts/${name}.md`, import.meta.url), "utf8");
    const [, written = ""] = page.split("<!-- generated: end -->");
    expect(written).not.toContain("To be written");
    expect(written.trim().split("\n").length).toBeGreaterThan(4);
  });
});

describe("the dashboard", () => {
  it.each(dashboardQueries)("asks for metrics that there are: %s", (expr) => {
    expect(asked(expr).length).toBeGreaterThan(0);
    expect(asked(expr).filter((metric) => !known.includes(metric))).toEqual([]);
  });
});
