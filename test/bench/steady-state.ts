import { createDialer } from "../../src/ssh/dialer.ts";
import { countWrites } from "./counting-api.ts";
import { type FleetSize, planFleet } from "./fleet.ts";
import type { Measurement } from "./measurement.ts";
import { openStand, sleep, startOperator } from "./stand.ts";

/** What a fleet that is as it should be costs: SSH commands per host and probe interval, and writes to the API. */
export async function steadyState(size: FleetSize, seconds: number): Promise<Measurement[]> {
  const probeIntervalSeconds = 5;
  const plan = await planFleet(size, "Installed");
  const stand = openStand(plan);
  stand.apply(plan.objects);
  await stand.converge();
  const server = await stand.goReal();
  const { api, counts, lines } = countWrites(stand.kube);
  const commands = new Map<string, string[]>();
  const dialer = createDialer({
    allow: ["127.0.0.0/8"],
    observe(event) {
      if (event.kind !== "command") return;
      const place = `${event.host}:${event.port}`;
      commands.set(place, [...(commands.get(place) ?? []), event.script]);
    },
  });
  const operator = startOperator({ kube: api, dialer, clock: stand.clock, config: { probeIntervalSeconds } });
  try {
    // The first round after a start is a restart, which is measured elsewhere.
    await sleep(probeIntervalSeconds * 2000);
    commands.clear();
    Object.assign(counts, { status: 0, events: 0, other: 0 });
    lines.length = 0;
    const started = performance.now();
    await sleep(seconds * 1000);
    const elapsed = (performance.now() - started) / 1000;
    const all = [...commands.values()];
    const total = all.reduce((sum, scripts) => sum + scripts.length, 0);
    const hosts = size.servers + size.dom0s;
    const intervals = elapsed / probeIntervalSeconds;
    const acting = all.flat().filter((script) => script !== "probe");
    const label = `${hosts} hosts, ${size.volumes} volumes`;
    const setup = "real SSH to the simulated rack, API in memory";
    const perMinute = (count: number) => (count * 60) / elapsed;
    return [
      {
        name: `SSH commands per host and interval, ${label}`,
        value: total / hosts / intervals,
        unit: "",
        // A probe that begins just inside or outside of the window.
        target: { kind: "between", low: 1 - 1 / intervals, high: 1 + 1 / intervals, says: "1" },
        setup,
        detail: {
          total,
          hosts,
          intervals,
          probeIntervalSeconds,
          most: Math.max(...all.map((scripts) => scripts.length)),
          least: all.length < hosts ? 0 : Math.min(...all.map((scripts) => scripts.length)),
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
