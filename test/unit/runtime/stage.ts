import type { Logger } from "pino";
import { createLogger } from "../../../src/runtime/log.ts";
import { widgetDefinition } from "../../contract-kube-api/widget.ts";
import { ApiServer } from "../../simulation/world/kube/api-server.ts";
import { connectKubeApi } from "../../simulation/world/kube/kube-client.ts";
import { Life } from "../../simulation/world/life.ts";
import { seeded } from "../../simulation/world/random.ts";
import { VirtualClock } from "../../simulation/world/virtual-clock.ts";
import { calm, type Weather } from "../../simulation/world/weather.ts";

/** A virtual clock, an API server in memory, and a log that can be read. */
export function stage(seed = "runtime") {
  const random = seeded(seed);
  const clock = new VirtualClock(random.branch("clock"));
  const server = new ApiServer({
    now: () => clock.now(),
    random: random.branch("server"),
    customResourceDefinitions: [widgetDefinition],
  });
  const lines: Record<string, unknown>[] = [];
  const log: Logger = createLogger({
    level: "debug",
    clock,
    destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
  });
  const connect = (weather: Weather = { ...calm(), apiLatency: 0, watchLag: 0 }, life = new Life("process")) =>
    connectKubeApi({ server, clock, life, weather: () => weather, random: random.branch("api") });
  const stop = new AbortController();
  return {
    clock,
    server,
    random,
    log,
    lines,
    connect,
    /** Ends everything that a test started under `signal`. */
    stop,
    signal: stop.signal,
    messages: (level: string) => lines.filter((line) => line.level === level).map((line) => line.msg),
    async eventually(condition: () => boolean, withinSeconds = 3600): Promise<void> {
      if (!(await clock.advance(withinSeconds * 1000, condition)))
        throw new Error(`not within ${withinSeconds} s: ${condition.toString()}`);
    },
  };
}
