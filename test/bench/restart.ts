import { fork } from "node:child_process";
import { z } from "zod";
import { serveApi } from "./api-over-ipc.ts";
import { type FleetSize, planFleet } from "./fleet.ts";
import type { Measurement } from "./measurement.ts";
import { openStand } from "./stand.ts";

const resultSchema = z.object({
  result: z.looseObject({
    cpuSeconds: z.number(),
    cpuSecondsOfLoading: z.number(),
    peakRssMiB: z.number(),
    writes: z.object({ status: z.int(), events: z.int(), other: z.int() }),
  }),
});

/** The cost of a restart of the operator when everything is as it should be, in its own process. */
export async function restart(size: FleetSize): Promise<Measurement[]> {
  const plan = await planFleet(size, "Installed");
  const stand = openStand(plan);
  stand.apply(plan.objects);
  await stand.converge();
  // The API server of a real restart would not hold the history of converging.
  stand.api.compact();
  const server = await stand.goReal();
  const hosts = size.servers + size.dom0s;
  const child = fork(new URL("./restarted-operator.ts", import.meta.url), [String(hosts), String(size.volumes)], {
    execArgv: [...process.execArgv, "--max-semi-space-size=4"],
  });
  const finished = Promise.withResolvers<z.infer<typeof resultSchema>["result"]>();
  serveApi(stand.kube, {
    send: (message) => {
      if (child.connected && typeof message === "object" && message !== null) child.send(message);
    },
    onMessage: (listener) => child.on("message", listener),
  });
  child.on("message", (message) => {
    const parsed = resultSchema.safeParse(message);
    if (parsed.success) finished.resolve(parsed.data.result);
  });
  const exited = new Promise<void>((resolve) => {
    child.on("exit", (code) => {
      finished.reject(new Error(`the operator's process ended with ${code}`));
      resolve();
    });
  });
  try {
    const result = await finished.promise;
    await exited;
    const notReady = stand.notReady();
    const label = `no-op restart, ${hosts} hosts, ${size.volumes} volumes`;
    const setup =
      "operator alone in its process, with the image's flags for Node; real SSH to the simulated rack, API in memory behind IPC";
    const detail = { ...result, notReady: notReady.slice(0, 5) };
    const writes = result.writes.status + result.writes.events + result.writes.other;
    return [
      {
        name: `CPU, ${label}`,
        value: result.cpuSeconds,
        unit: "s",
        target: { kind: "atMost", value: 10 },
        setup,
        detail,
      },
      {
        name: `peak RSS, ${label}`,
        value: result.peakRssMiB,
        unit: "MiB",
        target: { kind: "atMost", value: 300 },
        setup,
        detail: {},
      },
      { name: `writes, ${label}`, value: writes, unit: "", target: { kind: "atMost", value: 0 }, setup, detail: {} },
    ];
  } finally {
    child.kill();
    await server.close();
  }
}
