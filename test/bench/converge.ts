import { createDialer } from "../../src/ssh/dialer.ts";
import { countWrites } from "./counting-api.ts";
import { criticalPath, durationOf, type TimedCommand } from "./critical-path.ts";
import { planFleet } from "./fleet.ts";
import type { Measurement } from "./measurement.ts";
import { startOperator, until } from "./operator.ts";
import { openStand } from "./stand.ts";

/** The time from `kubectl apply` to Ready, compared with the time that the commands on the way take by themselves. */
export async function converge(latencyMs: number, volumes: number): Promise<Measurement> {
  const size = { segments: 1, servers: 1, dom0s: 2, volumes, clientsPerVolume: 2 };
  const plan = await planFleet(size, "Installed");
  const stand = openStand(plan);
  const server = await stand.goReal(latencyMs);
  const { api, counts } = countWrites(stand.kube);
  const commands: TimedCommand[] = [];
  const names = new Map([...server.endpoints].map(([name, { port }]) => [port, name]));
  const dialer = createDialer({
    allow: ["127.0.0.0/8"],
    observe(event) {
      if (event.kind !== "command") return;
      const end = performance.now();
      const host = names.get(event.port) ?? "";
      commands.push({ host, script: event.script, start: end - event.milliseconds, end });
    },
  });
  const operator = startOperator({ kube: api, dialer, clock: stand.clock, config: {} });
  try {
    const begin = performance.now();
    stand.apply(plan.objects);
    await until("everything is Ready", 120, () => stand.notReady().length === 0);
    const finish = performance.now();
    const chain = criticalPath(commands, finish);
    const path = durationOf(chain);
    return {
      name: `converge time / critical path of its commands, ${volumes} volumes, ${latencyMs} ms latency`,
      value: (finish - begin) / path,
      unit: "",
      target: { kind: "atMost", value: 1.3 },
      setup: "real SSH with connecting, latency each way, API in memory; 1 server, 2 dom0s",
      detail: {
        convergeMs: Math.round(finish - begin),
        criticalPathMs: Math.round(path),
        chain: chain.map((one) => `${one.host} ${one.script} ${Math.round(one.end - one.start)} ms`),
        gaps: chain.map((one, index) => Math.round(one.start - (chain[index - 1]?.end ?? begin))),
        afterLastMs: Math.round(finish - (chain.at(-1)?.end ?? begin)),
        commands: commands.length,
        writes: counts,
      },
    };
  } finally {
    operator.stop();
    await operator.ended;
    await dialer.close();
    await server.close();
  }
}
