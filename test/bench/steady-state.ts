import { createDialer } from "../../src/ssh/dialer.ts";
import { countWrites } from "./counting-api.ts";
import { type FleetSize, planFleet } from "./fleet.ts";
import type { Measurement } from "./measurement.ts";
import { sleep, startOperator } from "./operator.ts";
import { openStand } from "./stand.ts";

interface Sent {
  readonly script: string;
  readonly begun: number;
}

/** The cost of a fleet that is as it should be: SSH commands per host and probe interval, and writes to the API. */
export async function steadyState(size: FleetSize, seconds: number): Promise<Measurement[]> {
  const probeIntervalSeconds = 5;
  const plan = await planFleet(size, "Installed");
  const stand = openStand(plan);
  stand.apply(plan.objects);
  await stand.converge();
  const server = await stand.goReal();
  const { api, counts, lines } = countWrites(stand.kube);
  const commands = new Map<string, Sent[]>();
  const dialer = createDialer({
    allow: ["127.0.0.0/8"],
    observe(event) {
      if (event.kind !== "command") return;
      const place = `${event.host}:${event.port}`;
      commands.set(place, [
        ...(commands.get(place) ?? []),
        { script: event.script, begun: performance.now() - event.milliseconds },
      ]);
    },
  });
  const operator = startOperator({ kube: api, dialer, clock: stand.clock, config: { probeIntervalSeconds } });
  try {
    // The first round belongs to a restart, which is measured elsewhere.
    await sleep(probeIntervalSeconds * 2000);
    commands.clear();
    Object.assign(counts, { status: 0, events: 0, other: 0 });
    lines.length = 0;
    const started = performance.now();
    await sleep(seconds * 1000);
    const elapsed = (performance.now() - started) / 1000;
    const hosts = size.servers + size.dom0s;
    const perHost = [...commands.values()];
    // From the first beginning to the last one, so that the edges of the window do not count.
    const intervals = perHost.map(
      (sent) => ((sent.at(-1)?.begun ?? 0) - (sent[0]?.begun ?? 0)) / 1000 / probeIntervalSeconds,
    );
    const rates = perHost.map((sent, index) => (sent.length - 1) / (intervals[index] ?? Number.NaN));
    const acting = perHost.flat().filter(({ script }) => script !== "probe");
    const label = `${hosts} hosts, ${size.volumes} volumes`;
    const setup = "real SSH to the simulated rack, API in memory";
    const perMinute = (count: number) => (count * 60) / elapsed;
    return [
      {
        name: `SSH commands per host and interval, ${label}`,
        value: rates.reduce((sum, rate) => sum + rate, 0) / hosts,
        unit: "",
        // Timers are some milliseconds late.
        target: { kind: "between", low: 0.98, high: 1.02, says: "1" },
        setup,
        detail: {
          commands: perHost.flat().length,
          hosts,
          probeIntervalSeconds,
          highest: Math.max(...rates),
          lowest: perHost.length < hosts ? 0 : Math.min(...rates),
          acting: acting.length,
        },
      },
      {
        name: `status writes in a quiet minute, ${label}`,
        value: perMinute(counts.status),
        unit: "",
        target: { kind: "atMost", value: 0 },
        setup,
        detail: { ...counts, lines: lines.slice(0, 10) },
      },
    ];
  } finally {
    operator.stop();
    await operator.ended;
    await dialer.close();
    await server.close();
  }
}
