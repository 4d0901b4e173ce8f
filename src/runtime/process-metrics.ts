import { collectDefaultMetrics, Histogram, type Registry } from "prom-client";

/** How often the delay is measured, in milliseconds: a shorter stall may fall between two measurements. */
const everyMs = 20;

/**
 * Registers the metrics of this process: the usual `process_*` and `nodejs_*` series, and the delay of the event loop
 * as a histogram, which several scrapers can read without resetting a maximum for each other.
 */
export function observeProcess(registry: Registry): Disposable {
  collectDefaultMetrics({ register: registry });
  const delay = new Histogram({
    name: "xensan_event_loop_delay_seconds",
    help: "Delay of a timer in the event loop: all work of the process was delayed as long.",
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  let due = performance.now() + everyMs;
  const timer = setInterval(() => {
    const now = performance.now();
    delay.observe(Math.max(0, now - due) / 1000);
    due = now + everyMs;
  }, everyMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
