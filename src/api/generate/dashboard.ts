interface Panel {
  readonly title: string;
  readonly kind: "stat" | "timeseries" | "table";
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
  /** A unit of Grafana. */
  readonly unit?: string;
}

const here = 'namespace=~"$namespace"';
const one = "{{namespace}}/{{name}}";

const panels: readonly Panel[] = [
  {
    title: "Active replicas",
    kind: "stat",
    queries: [{ expr: "sum(xensan_leader_election_master_status)", legend: "acting" }],
  },
  {
    title: "Objects that are not ready",
    kind: "stat",
    queries: [
      { expr: `count(xensan_object_condition{${here},type="Ready",status!="True"}) or vector(0)`, legend: "not ready" },
    ],
  },
  {
    title: "Migrations that failed, last 24 hours",
    kind: "stat",
    queries: [{ expr: 'increase(xensan_migration_seconds_count{outcome="Failed"}[24h])', legend: "failed" }],
  },
  {
    title: "Objects that are not ready, with reasons",
    kind: "table",
    queries: [{ expr: `xensan_object_condition{${here},type="Ready",status!="True"}`, legend: "" }],
  },
  {
    title: "Age of the last successful probe of each host",
    kind: "timeseries",
    unit: "s",
    queries: [{ expr: `xensan_probe_age_seconds{${here}}`, legend: `{{kind}} ${one}` }],
  },
  {
    title: "Heartbeats that each host sees, by file system",
    kind: "timeseries",
    queries: [{ expr: `xensan_filesystem_heartbeats{${here}}`, legend: `${one} {{filesystem}} on {{host}}` }],
  },
  {
    title: "Clients that do not see their volumes",
    kind: "timeseries",
    queries: [{ expr: `xensan_volume_clients{${here},state!="Attached"}`, legend: `${one} {{state}}` }],
  },
  {
    title: "Free space of volume groups",
    kind: "timeseries",
    unit: "bytes",
    queries: [{ expr: `xensan_volume_group_free_bytes{${here}}`, legend: `${one} {{volume_group}}` }],
  },
  {
    title: "Free memory of hosts",
    kind: "timeseries",
    unit: "bytes",
    queries: [{ expr: `xensan_host_memory_free_bytes{${here}}`, legend: one }],
  },
  {
    title: "Processors in use by domains",
    kind: "timeseries",
    // The value starts at zero again with each start of a domain, like a counter.
    queries: [{ expr: `rate(xensan_domain_cpu_seconds{${here}}[5m])`, legend: `${one} on {{host}}` }],
  },
  {
    title: "Seconds per migration, 95th percentile",
    kind: "timeseries",
    unit: "s",
    queries: [
      {
        expr: "histogram_quantile(0.95, sum by (le, outcome) (rate(xensan_migration_seconds_bucket[1h])))",
        legend: "{{outcome}}",
      },
    ],
  },
  {
    title: "Restarts of domains and repairs, per hour",
    kind: "timeseries",
    queries: [
      { expr: `increase(xensan_domain_restarts_total{${here}}[1h]) > 0`, legend: `${one} restarts` },
      { expr: "increase(xensan_drift_repairs_total[1h]) > 0", legend: "{{kind}} {{action}}" },
    ],
  },
];

const datasource = { type: "prometheus", uid: "$datasource" };

/** Widths and heights in Grafana's grid of 24 columns: three numbers in a row, then a table, then graphs in pairs. */
const sizes = { stat: { w: 8, h: 4 }, table: { w: 24, h: 8 }, timeseries: { w: 12, h: 8 } } as const;

/** The Grafana dashboard of the chart, as JSON. */
export function dashboard(): string {
  let x = 0;
  let y = 0;
  let height = 0;
  const placed = panels.map(({ title, kind, queries, unit }, index) => {
    const { w, h } = sizes[kind];
    if (x + w > 24) {
      x = 0;
      y += height;
    }
    const gridPos = { x, y, w, h };
    x += w;
    height = h;
    const shown = kind === "table" ? { format: "table", instant: true } : {};
    return {
      ...{ id: index + 1, title, type: kind, datasource, gridPos },
      fieldConfig: { defaults: { ...(unit === undefined ? {} : { unit }), min: 0 }, overrides: [] },
      targets: queries.map(({ expr, legend }, query) => ({
        ...{ refId: String.fromCharCode(65 + query), datasource, expr, legendFormat: legend },
        ...shown,
      })),
      ...(kind === "table"
        ? {
            transformations: [
              {
                id: "filterFieldsByName",
                options: { include: { names: ["kind", "namespace", "name", "status", "reason"] } },
              },
            ],
          }
        : {}),
    };
  });
  const board = {
    ...{ uid: "xensan", title: "xensan", tags: ["xensan"], schemaVersion: 39, version: 1, editable: true },
    ...{ refresh: "30s", time: { from: "now-6h", to: "now" }, timezone: "browser" },
    templating: {
      list: [
        { name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus" },
        {
          ...{ name: "namespace", label: "Namespace", type: "query", datasource, includeAll: true, multi: true },
          ...{ query: "label_values(xensan_object_condition, namespace)", refresh: 2, allValue: ".*" },
          current: { text: "All", value: "$__all" },
        },
      ],
    },
    panels: placed,
  };
  return `${JSON.stringify(board, null, 2)}\n`;
}

/**
 * Every query of the dashboard, with its variables set to match everything.
 * @internal tests send each to a server.
 */
export const dashboardQueries: readonly string[] = panels.flatMap(({ queries }) =>
  queries.map(({ expr }) => expr.replaceAll("$namespace", ".*")),
);
