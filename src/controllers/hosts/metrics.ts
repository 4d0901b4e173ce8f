import { Counter, Gauge, type Registry } from "prom-client";

/** Metrics about hosts. */
export interface HostMetrics {
  readonly commands: Counter<"host" | "script" | "result">;
  readonly repairs: Counter<"kind" | "action">;
  /** Seconds since the last successful probe of each host; read at each scrape. */
  ages: () => Iterable<readonly [host: string, seconds: number]>;
}

/** Registers the metrics about hosts. */
export function createHostMetrics(registry: Registry): HostMetrics {
  const metrics: HostMetrics = {
    ages: () => [],
    commands: new Counter({
      name: "xensan_ssh_commands_total",
      help: "Scripts run on hosts; result is `completed`, or why there was no exit status.",
      labelNames: ["host", "script", "result"],
      registers: [registry],
    }),
    repairs: new Counter({
      name: "xensan_drift_repairs_total",
      help: "Steps that restored a state that had already matched the current spec.",
      labelNames: ["kind", "action"],
      registers: [registry],
    }),
  };
  new Gauge({
    name: "xensan_host_probe_age_seconds",
    help: "Seconds since the last successful probe of the host began.",
    labelNames: ["host"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [host, seconds] of metrics.ages()) this.set({ host }, seconds);
    },
  });
  return metrics;
}
