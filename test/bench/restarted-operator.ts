import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemClock } from "../../src/clock.ts";
import { createDialer } from "../../src/ssh/dialer.ts";
import { connectApi } from "./api-over-ipc.ts";
import { countWrites } from "./counting-api.ts";
import { sleep, startOperator } from "./operator.ts";

/**
 * The process that `restart.ts` measures: the operator after a restart, its API behind IPC and its hosts behind SSH.
 * Reports its cost until it was quiet, and its peak memory.
 */
const port = {
  send: (message: unknown) => process.send?.(message),
  onMessage: (listener: (message: unknown) => void) => process.on("message", listener),
};
let commands = 0;
const failures: string[] = [];
const dialer = createDialer({
  allow: ["127.0.0.0/8"],
  observe(event) {
    if (event.kind !== "command") return;
    commands += 1;
    if (event.outcome !== "Completed" || event.script !== "probe") failures.push(`${event.script} ${event.outcome}`);
  },
});
const { api, counts, lines } = countWrites(connectApi(port));
const loaded = process.memoryUsage();
const beforeStart = process.cpuUsage();
const started = performance.now();
const operator = startOperator({ kube: api, dialer, clock: systemClock, config: { probeIntervalSeconds: 3600 } });

const [hosts = 0, volumes = 0] = process.argv.slice(2).map(Number);
const quietMs = 5_000;
let seen = { reconciles: 0, commands: 0 };
let active = started;
let costs = process.cpuUsage();
let peakRss = 0;
const quiet = () =>
  performance.now() - active > quietMs && seen.commands >= hosts && seen.reconciles >= volumes + hosts;
while (!quiet() && performance.now() - started < 600_000) {
  await sleep(100);
  peakRss = Math.max(peakRss, process.memoryUsage.rss());
  const reconciles = await reconcilesSoFar();
  if (reconciles === seen.reconciles && commands === seen.commands) continue;
  seen = { reconciles, commands };
  active = performance.now();
  costs = process.cpuUsage();
}

async function reconcilesSoFar(): Promise<number> {
  const { values } = await operator.metrics.reconcileTotal.get();
  return values.reduce((sum, { value }) => sum + value, 0);
}

const seconds = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1e6;
const quietMemory = process.memoryUsage();
setFlagsFromString("--expose-gc");
runInNewContext("gc")();
const collected = process.memoryUsage();
const mebibytes = (usage: NodeJS.MemoryUsage) =>
  Object.fromEntries(Object.entries(usage).map(([name, bytes]) => [name, Math.round(bytes / 2 ** 20)]));
port.send({
  result: {
    cpuSeconds: seconds(costs),
    cpuSecondsOfLoading: seconds(beforeStart),
    wallSeconds: (active - started) / 1000,
    peakRssMiB: peakRss / 2 ** 20,
    quietMiB: mebibytes(quietMemory),
    // The memory that is really needed, after a forced garbage collection.
    collectedMiB: mebibytes(collected),
    loadedMiB: mebibytes(loaded),
    ...seen,
    failures: failures.slice(0, 5),
    writes: counts,
    lines: lines.slice(0, 10),
  },
});
operator.stop();
await operator.ended;
await dialer.close();
process.disconnect();
