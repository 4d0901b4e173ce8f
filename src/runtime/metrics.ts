import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { QueueObserver } from "./work-queue.ts";

type ReconcileOutcome = "success" | "error" | "requeue" | "requeue_after";

/**
 * The names are controller-runtime's with the prefix `xensan_`, so that its dashboards and alerts need only the prefix
 * changed.
 */
export interface Metrics {
  readonly registry: Registry;
  readonly reconcileTotal: Counter<"controller" | "result">;
  readonly reconcileErrorsTotal: Counter<"controller">;
  readonly reconcileTimeSeconds: Histogram<"controller">;
  readonly maxConcurrentReconciles: Gauge<"controller">;
  readonly activeWorkers: Gauge<"controller">;
  readonly queueDepth: Gauge<"name">;
  readonly queueAddsTotal: Counter<"name">;
  readonly queueDurationSeconds: Histogram<"name">;
  readonly queueWorkDurationSeconds: Histogram<"name">;
  readonly queueRetriesTotal: Counter<"name">;
  /** Per queue: seconds that each key in work has taken; read at each scrape. */
  readonly unfinishedWork: Map<string, () => readonly number[]>;
  readonly leaderElectionMasterStatus: Gauge<"name">;
  readonly restClientRequestsTotal: Counter<"code" | "method" | "host">;
}

const fastBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const queueBuckets = [0.001, 0.01, 0.1, 1, 10, 100, 1000];

/** Registers the metrics of controllers, queues, leader election and API requests. */
export function createMetrics(registry: Registry = new Registry()): Metrics {
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `xensan_${name}`, help, labelNames, registers: [registry] });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name: `xensan_${name}`, help, labelNames, registers: [registry] });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]) =>
    new Histogram({ name: `xensan_${name}`, help, labelNames, buckets, registers: [registry] });
  const unfinishedWork = new Map<string, () => readonly number[]>();
  const scraped = (name: string, help: string, value: (seconds: readonly number[]) => number) =>
    new Gauge({
      name: `xensan_${name}`,
      help,
      labelNames: ["name"],
      registers: [registry],
      collect() {
        for (const [queue, unfinished] of unfinishedWork) this.set({ name: queue }, value(unfinished()));
      },
    });
  scraped("workqueue_unfinished_work_seconds", "Seconds of work in progress, summed over all keys.", (all) =>
    all.reduce((sum, one) => sum + one, 0),
  );
  scraped("workqueue_longest_running_processor_seconds", "Seconds that the longest running key has taken.", (all) =>
    Math.max(0, ...all),
  );
  return {
    registry,
    unfinishedWork,
    reconcileTotal: counter("controller_reconcile_total", "Reconciles per controller and result.", [
      "controller",
      "result",
    ]),
    reconcileErrorsTotal: counter("controller_reconcile_errors_total", "Reconciles that failed.", ["controller"]),
    reconcileTimeSeconds: histogram(
      "controller_reconcile_time_seconds",
      "Time of one reconcile.",
      ["controller"],
      fastBuckets,
    ),
    maxConcurrentReconciles: gauge("controller_max_concurrent_reconciles", "Workers per controller.", ["controller"]),
    activeWorkers: gauge("controller_active_workers", "Reconciles running now.", ["controller"]),
    queueDepth: gauge("workqueue_depth", "Keys ready for a worker.", ["name"]),
    queueAddsTotal: counter("workqueue_adds_total", "Keys added.", ["name"]),
    queueDurationSeconds: histogram(
      "workqueue_queue_duration_seconds",
      "Time that a ready key waits for a worker.",
      ["name"],
      queueBuckets,
    ),
    queueWorkDurationSeconds: histogram(
      "workqueue_work_duration_seconds",
      "Time that a worker takes for a key.",
      ["name"],
      queueBuckets,
    ),
    queueRetriesTotal: counter("workqueue_retries_total", "Keys added again after a failure.", ["name"]),
    leaderElectionMasterStatus: gauge("leader_election_master_status", "1 on the leader, 0 on the others.", ["name"]),
    restClientRequestsTotal: counter("rest_client_requests_total", "Requests to the Kubernetes API.", [
      "code",
      "method",
      "host",
    ]),
  };
}

/** Receives the measurements of a controller. */
export interface ControllerObserver {
  result(outcome: ReconcileOutcome): void;
  took(seconds: number): void;
  active(change: 1 | -1): void;
}

/** Metrics of one controller; its series exist from the start. */
export function observeController(metrics: Metrics, controller: string, workers: number): ControllerObserver {
  metrics.maxConcurrentReconciles.set({ controller }, workers);
  // Alerts on `increase()` need the zero.
  for (const result of ["success", "error", "requeue", "requeue_after"])
    metrics.reconcileTotal.inc({ controller, result }, 0);
  metrics.reconcileErrorsTotal.inc({ controller }, 0);
  return {
    result(result) {
      metrics.reconcileTotal.inc({ controller, result });
      if (result === "error") metrics.reconcileErrorsTotal.inc({ controller });
    },
    took: (seconds) => metrics.reconcileTimeSeconds.observe({ controller }, seconds),
    active: (change) => metrics.activeWorkers.inc({ controller }, change),
  };
}

/** Metrics of one work queue; `unfinished` returns the seconds that each key in work has taken. */
export function observeQueue(metrics: Metrics, name: string, unfinished: () => readonly number[]): QueueObserver {
  metrics.unfinishedWork.set(name, unfinished);
  return {
    depth: (depth) => metrics.queueDepth.set({ name }, depth),
    added: () => metrics.queueAddsTotal.inc({ name }),
    retried: () => metrics.queueRetriesTotal.inc({ name }),
    waited: (seconds) => metrics.queueDurationSeconds.observe({ name }, seconds),
    worked: (seconds) => metrics.queueWorkDurationSeconds.observe({ name }, seconds),
  };
}
