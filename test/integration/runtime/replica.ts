// One replica as a separate process, so that it can be killed and frozen: prints "acting <time>" while it leads.
import { pino } from "pino";
import { systemClock } from "../../../src/clock.ts";
import { configSource, createKubeClient } from "../../../src/runtime/client-node.ts";
import { LeaderElection } from "../../../src/runtime/leader-election.ts";

const [kubeconfig = "", namespace = "", identity = ""] = process.argv.slice(2);
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
process.on("disconnect", () => process.exit(1));

const api = createKubeClient({ source: configSource({ kubeconfig }) });
const election = new LeaderElection({
  api,
  clock: systemClock,
  log: pino({ level: "silent" }),
  lease: { namespace, name: "xensan" },
  identity,
  leaseSeconds: 4,
  renewSeconds: 3,
  retrySeconds: 0.5,
});
process.send?.({ kind: "campaigning", at: Date.now() });
await election.run(stop.signal, async (leading) => {
  while (!leading.aborted && election.leading) {
    process.send?.({ kind: "acting", at: Date.now() });
    await systemClock.sleep(20, leading).catch(() => undefined);
  }
  if (!leading.aborted) await new Promise((resolve) => leading.addEventListener("abort", resolve, { once: true }));
});
await api.close();
process.disconnect();
