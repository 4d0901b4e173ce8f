import { fork } from "node:child_process";
import { z } from "zod";
import type { KubeObject } from "../../src/runtime/kube-api.ts";
import { serveApi } from "./api-over-ipc.ts";
import { planFleet } from "./fleet.ts";
import { hostileModes, startHostileHost } from "./hostile-host.ts";
import type { Measurement } from "./measurement.ts";
import { openStand, type Stand } from "./stand.ts";

const resultSchema = z.looseObject({
  longestStallMs: z.number(),
  longestBurstMs: z.number(),
  longestDelayMs: z.number(),
  peakRssMiB: z.number(),
});
type Result = z.infer<typeof resultSchema>;

const setup =
  "operator alone in its process; real SSH to nine simulated hosts and one hostile one, API in memory behind IPC";

/** The cost of one hostile host of ten, and of foreign Secrets: the longest stall of the event loop, and memory. */
export async function hostile(seconds: number): Promise<Measurement[]> {
  const plan = await planFleet({ segments: 1, servers: 4, dom0s: 5, volumes: 20, clientsPerVolume: 2 }, "Installed");
  const stand = openStand(plan);
  stand.apply(plan.objects);
  await stand.converge();
  const server = await stand.goReal();
  try {
    const without = await threeTimes(() => watched(stand, seconds));
    const calm = without.median;
    stand.apply(Array.from({ length: 200 }, (_, index) => foreignSecret(index)));
    const foreign = await threeTimes(() => watched(stand, seconds));
    const measured: Measurement[] = [
      ...stalls("nobody is hostile", calm),
      {
        name: "memory for 200 Secrets of others, 1 MB each, medians of three",
        value: Math.max(0, foreign.median.peakRssMiB - calm.peakRssMiB),
        unit: "MiB",
        target: { kind: "atMost", value: 20 },
        setup,
        detail: { with: foreign.peaks, without: without.peaks },
      },
    ];
    for (const mode of hostileModes) {
      await using host = await startHostileHost(mode);
      stand.apply([hostileXenHost(host)]);
      const result = await watched(stand, seconds);
      measured.push(...stalls(`one of ten hosts is hostile: ${mode}`, result), {
        name: `memory while one of ten hosts is hostile: ${mode}`,
        value: Math.max(0, result.peakRssMiB - calm.peakRssMiB),
        unit: "MiB",
        target: { kind: "atMost", value: 128 },
        setup,
        detail: {},
      });
    }
    return measured;
  } finally {
    await server.close();
  }
}

/** The run of median memory, and the peaks of all, since two runs of the same differ by tens of MiB. */
async function threeTimes(
  run: () => Promise<Result>,
): Promise<{ readonly median: Result; readonly peaks: readonly number[] }> {
  const results = [await run(), await run(), await run()].sort((a, b) => a.peakRssMiB - b.peakRssMiB);
  const [, median] = results;
  if (median === undefined) throw new Error("nothing was measured");
  return { median, peaks: results.map(({ peakRssMiB }) => peakRssMiB) };
}

const stalls = (name: string, result: Result): Measurement[] => [
  {
    name: `longest stall of the event loop, ${name}`,
    value: result.longestStallMs,
    unit: "ms",
    target: { kind: "atMost", value: 50 },
    setup,
    detail: result,
  },
  {
    name: `of that, computing, ${name}`,
    value: result.longestBurstMs,
    unit: "ms",
    target: { kind: "none" },
    setup,
    detail: {},
  },
  {
    name: `longest stall with what other processes took of the processor, ${name}`,
    value: result.longestDelayMs,
    unit: "ms",
    target: { kind: "none" },
    setup,
    detail: {},
  },
];

function foreignSecret(index: number): KubeObject & Record<string, unknown> {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "bench", name: `foreign-${index}` },
    // A release of Helm: the most common kind of large Secret.
    type: "helm.sh/release.v1",
    data: { release: Buffer.alloc(750_000, index % 256).toString("base64") },
  };
}

function hostileXenHost({ port, hostKey }: { port: number; hostKey: string }): KubeObject & Record<string, unknown> {
  const ssh = { host: "127.0.0.1", port, user: "root", hostKeys: [hostKey], privateKeySecretRef: { name: "rack-ssh" } };
  return {
    apiVersion: "xensan.dev/v1alpha1",
    kind: "XenHost",
    metadata: { namespace: "bench", name: "hostile" },
    spec: { ssh, aoe: { interfaces: ["eth1"] } },
  };
}

async function watched(stand: Stand, seconds: number): Promise<Result> {
  const child = fork(new URL("./watched-operator.ts", import.meta.url), [String(seconds)], {
    execArgv: [...process.execArgv, "--max-semi-space-size=4"],
  });
  const finished = Promise.withResolvers<Result>();
  serveApi(stand.kube, {
    send: (message) => {
      if (child.connected && typeof message === "object" && message !== null) child.send(message);
    },
    onMessage: (listener) => child.on("message", listener),
  });
  child.on("message", (message) => {
    const parsed = z.object({ result: resultSchema }).safeParse(message);
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
    return result;
  } finally {
    child.kill();
  }
}
