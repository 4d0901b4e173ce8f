import type { Clock } from "../../src/clock.ts";
import { createOperator, type OperatorConfig } from "../../src/operator.ts";
import type { KubeApi } from "../../src/runtime/kube-api.ts";
import { createLogger } from "../../src/runtime/log.ts";
import { createMetrics } from "../../src/runtime/metrics.ts";
import type { HostDialer } from "../../src/ssh/host-session.ts";

export interface RunningOperator {
  stop(): void;
  readonly ended: Promise<void>;
  readonly metrics: ReturnType<typeof createMetrics>;
}

/** The real operator without leader election, so that no Lease is renewed. */
export function startOperator(doors: {
  kube: KubeApi;
  dialer: HostDialer;
  clock: Clock;
  config: OperatorConfig;
}): RunningOperator {
  const { kube, dialer, clock, config } = doors;
  const metrics = createMetrics();
  const stopping = new AbortController();
  const log = createLogger({ level: "silent", clock });
  const operator = createOperator({ api: kube, dialer, clock, log, metrics, config });
  return { stop: () => stopping.abort(new Error("measured")), ended: operator.run(stopping.signal), metrics };
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Polls a condition in real time. */
export async function until(what: string, seconds: number, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(20);
  }
}
