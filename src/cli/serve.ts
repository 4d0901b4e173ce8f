import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { getHeapStatistics } from "node:v8";
import type { Logger } from "pino";
import { group, version } from "../api/common.ts";
import { systemClock } from "../clock.ts";
import { createOperator, type OperatorConfig } from "../operator.ts";
import { capacityText, objectsServedBy, observeCapacity } from "../runtime/capacity.ts";
import { type ConfigSource, createKubeClient, type KubeClient } from "../runtime/client-node.ts";
import { serveHealth } from "../runtime/health-server.ts";
import { createMetrics } from "../runtime/metrics.ts";
import { createMetricsGuard } from "../runtime/metrics-guard.ts";
import { observeProcess } from "../runtime/process-metrics.ts";
import type { AddressPolicy } from "../ssh/addresses.ts";
import { createDialer } from "../ssh/dialer.ts";

/** Options of an operator with its HTTP server. */
export interface ServeOptions {
  readonly source: ConfigSource;
  readonly allow: AddressPolicy;
  readonly listen: { readonly host: string; readonly port: number };
  /** Who may read `/metrics`: clients that the API server allows to, or anybody. */
  readonly metricsAuth: "Kubernetes" | "None";
  readonly log: Logger;
  /** The readable part of this replica's name; the host name by default. */
  readonly identity?: string | undefined;
  readonly config: Omit<OperatorConfig, "identity">;
  /** Called once metrics and health are served, with the port, which is chosen here if any port was requested. */
  readonly onListening?: (port: number) => void;
  /** Wraps the client for an API server that is not current. */
  readonly client?: (client: KubeClient) => KubeClient;
}

/**
 * The operator with the real interfaces to the outside world: the API server, SSH and the system's clock. Runs until the
 * signal is aborted.
 */
export async function serve(options: ServeOptions, signal: AbortSignal): Promise<void> {
  const { source, allow, listen, metricsAuth, log, config } = options;
  const clock = systemClock;
  const metrics = createMetrics();
  using _process = observeProcess(metrics.registry);
  const client = createKubeClient({
    source,
    clock,
    metrics,
    onWait: ({ error, ...wait }) =>
      log.info(
        { ...wait, status: error.status, said: error.message },
        "the API server asks the client to wait; the request is sent again after that time",
      ),
  });
  const api = options.client?.(client) ?? client;
  const dialer = createDialer({
    allow,
    clock,
    observe: (event) => log.debug({ ssh: event }, `ssh ${event.kind}`),
  });
  // Unique to this process: a restarted container keeps its host name.
  const identity = `${options.identity ?? hostname()}_${randomBytes(4).toString("hex")}`;
  const atMost = objectsServedBy(getHeapStatistics().heap_size_limit);
  const operator = createOperator({
    ...{ api, dialer, clock, log, metrics },
    config: { ...config, identity },
    objectsAtMost: atMost,
    published: (stop) => api.published({ group, version }, stop),
  });
  const capacity = { atMost, objects: () => operator.objects };
  observeCapacity(metrics.registry, capacity);
  const health = await serveHealth({
    ...listen,
    registry: metrics.registry,
    ...(metricsAuth === "Kubernetes" ? { guard: createMetricsGuard({ review: api.review, clock }) } : {}),
    // A restart fixes nothing that the operator does not retry itself: any answer proves that the process is alive.
    healthy: {},
    ready: { operator: () => operator.notReady() },
    told: { memory: () => capacityText(capacity) },
  });
  log.info({ host: listen.host, port: health.port, identity, api: source.name }, "serving metrics and health");
  options.onListening?.(health.port);
  try {
    await operator.run(signal);
  } finally {
    await health.close();
    await dialer.close();
    await api.close();
  }
}
