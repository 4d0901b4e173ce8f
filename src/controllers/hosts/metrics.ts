import { Counter, type Registry } from "prom-client";

/** Metrics about hosts. */
export interface HostMetrics {
  readonly commands: Counter<"host" | "script" | "result">;
  readonly repairs: Counter<"kind" | "action">;
  /** Removes the series of a host. */
  forget(host: string): Promise<void>;
}

/** Registers the metrics about hosts. */
export function createHostMetrics(registry: Registry): HostMetrics {
  const commands = new Counter({
    name: "xensan_ssh_commands_total",
    help: "Scripts run on hosts; result is `completed`, or why there was no exit status.",
    labelNames: ["host", "script", "result"],
    registers: [registry],
  });
  return {
    commands,
    repairs: new Counter({
      name: "xensan_drift_repairs_total",
      help: "Steps that restored a state that had already matched the current spec.",
      labelNames: ["kind", "action"],
      registers: [registry],
    }),
    async forget(host) {
      const { values } = await commands.get();
      for (const { labels } of values) if (labels.host === host) commands.remove(labels);
    },
  };
}
