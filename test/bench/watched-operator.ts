import { monitorEventLoopDelay } from "node:perf_hooks";
import { systemClock } from "../../src/clock.ts";
import { createDialer } from "../../src/ssh/dialer.ts";
import { connectApi } from "./api-over-ipc.ts";
import { sleep, startOperator } from "./operator.ts";
import { watchTurns } from "./turns.ts";

/**
 * The process that `hostile.ts` measures: the operator alone, for so many seconds; reports its longest stall and
 * memory.
 */
const port = {
  send: (message: unknown) => process.send?.(message),
  onMessage: (listener: (message: unknown) => void) => process.on("message", listener),
};
const [seconds = 10] = process.argv.slice(2).map(Number);
const outcomes: Record<string, number> = {};
const dialer = createDialer({
  allow: ["127.0.0.0/8"],
  observe(event) {
    if (event.kind !== "command") return;
    outcomes[event.outcome] = (outcomes[event.outcome] ?? 0) + 1;
  },
});
const operator = startOperator({
  kube: connectApi(port),
  dialer,
  clock: systemClock,
  config: { probeIntervalSeconds: 2 },
});
// Loading and the first look belong to a start, which is not measured here.
await sleep(4000);
const delay = monitorEventLoopDelay({ resolution: 1 });
const costs = process.cpuUsage();
delay.enable();
const turns = watchTurns();
let peakRss = 0;
const until = performance.now() + seconds * 1000;
while (performance.now() < until) {
  await sleep(100);
  peakRss = Math.max(peakRss, process.memoryUsage.rss());
}
delay.disable();
const { longestStallMs, longestBurstMs } = turns.stop();
const { user, system } = process.cpuUsage(costs);
port.send({
  result: {
    longestStallMs,
    longestBurstMs,
    longestDelayMs: delay.max / 1e6,
    p99Ms: delay.percentile(99) / 1e6,
    peakRssMiB: Math.max(peakRss, process.resourceUsage().maxRSS * 1024) / 2 ** 20,
    cpuSeconds: (user + system) / 1e6,
    outcomes,
  },
});
operator.stop();
await operator.ended;
await dialer.close();
process.disconnect();
