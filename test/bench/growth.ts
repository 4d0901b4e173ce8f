import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { KubeConfig } from "@kubernetes/client-node";
import { aoeVolumeSpecSchema } from "../../src/api/aoe-volume.ts";
import type { Condition } from "../../src/api/conditions.ts";
import { type AoeVolume, aoeVolumes } from "../../src/api/kinds.ts";
import { type ControlPlane, startControlPlane } from "../../src/controlplane/control-plane.ts";
import { heapPercentage, limitFor } from "../../src/runtime/capacity.ts";
import { configSource, createKubeClient } from "../../src/runtime/client-node.ts";
import type { KubeApi, KubeList } from "../../src/runtime/kube-api.ts";
import { applyManifests } from "../../src/up/apply.ts";
import { imageEntry, operatorInPod, type Program, untilIdle } from "./growth-programs.ts";
import type { Measurement, Target } from "./measurement.ts";

const namespace = "growth";
const account = { namespace: "growth-operator", name: "xensan" };
const setup =
  "one after the other on a real etcd and API server; no host is reached; xensan: the image's entry with its flags, as in a pod";

/** One side of the comparison, and the condition that it keeps on every AoeVolume. */
interface Side {
  readonly who: "peer" | "xensan";
  readonly condition: string;
  readonly program: Program;
}

/** New AoeVolumes, and a restart with nothing to do, at growing numbers: the operator and a controller-runtime peer. */
export async function growth(sizes: readonly number[]): Promise<Measurement[]> {
  const directory = await mkdtemp(path.join(tmpdir(), "xensan-growth-"));
  const controlPlane = await startControlPlane({ dir: path.join(directory, "control-plane") });
  const api = createKubeClient({ source: configSource({ kubeconfig: controlPlane.kubeconfigPath }) });
  try {
    await prepare(controlPlane);
    const entry = await imageEntry(directory);
    const pod = await operatorInPod({ controlPlane, account, namespace, entry, directory });
    const peers = await peer(controlPlane, directory);
    const measured: Measurement[] = [];
    let there = 0;
    for (const size of sizes) {
      say(`creating ${size - there} AoeVolumes`);
      await createVolumes(api, there, size);
      const limit = Number.parseInt(limitFor(size), 10);
      const sides: readonly Side[] = [
        ...peers,
        { who: "xensan", condition: "Ready", program: pod(Math.floor((limit * heapPercentage) / 100)) },
      ];
      const first = await measureAll(sides, `first pass, ${size} AoeVolumes, ${size - there} of them new`);
      for (const { condition } of sides) await requireCondition(api, condition, size);
      const again = await measureAll(sides, `restart, ${size} AoeVolumes`);
      measured.push(
        ...compared(first, "s", ({ seconds }) => seconds, 1),
        ...compared(first, "CPU s", ({ cpuSeconds }) => cpuSeconds, 1.2),
        ...compared(first, "MiB", ({ peakMiB }) => peakMiB, size >= 50_000 ? 1 : undefined),
        ...compared(again, "CPU s", ({ cpuSeconds }) => cpuSeconds, 1),
        ...compared(again, "MiB", ({ peakMiB }) => peakMiB, size >= 50_000 ? 1 : undefined),
      );
      there = size;
    }
    return measured;
  } finally {
    await api.close();
    await controlPlane.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

const say = (line: string) => process.stderr.write(`${line}\n`);

async function prepare(controlPlane: ControlPlane): Promise<void> {
  await controlPlane.installCrds([fileURLToPath(new URL("../../crds", import.meta.url))]);
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(controlPlane.kubeconfig);
  const subject = { kind: "ServiceAccount", ...account };
  const role = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" };
  const server = {
    ssh: {
      ...{ host: "127.0.0.1", port: 9, privateKeySecretRef: { name: "none" } },
      hostKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO9S4l1tqbgSJrlRWXP5tO1LDrZIHdtLzB0K5mEGGqVB"],
    },
    interfaces: [{ name: "eth1" }],
    allowedBackings: ["/dev/disk/by-id/*"],
  };
  await applyManifests(kubeConfig, [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: account },
    {
      ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", metadata: { name: "growth" } },
      ...{ subjects: [subject], roleRef: role },
    },
    {
      ...{ apiVersion: "xensan.dev/v1alpha1", kind: "AoeServer", metadata: { namespace, name: "san" } },
      ...{ spec: server },
    },
  ]);
}

/** Creates volume number `from` to `to`, as fast as the API server takes them. */
async function createVolumes(api: KubeApi, from: number, to: number): Promise<void> {
  let next = from;
  const worker = async () => {
    for (let index = next++; index < to; index = next++) {
      await api.create(aoeVolumes, {
        apiVersion: "xensan.dev/v1alpha1",
        kind: "AoeVolume",
        metadata: { namespace, name: `v${String(index).padStart(6, "0")}` },
        spec: aoeVolumeSpecSchema.parse({
          ...{ serverRef: { name: "san" }, shelf: Math.floor(index / 250), slot: index % 250 },
          backing: { device: `/dev/disk/by-id/ata-${String(index).padStart(6, "0")}` },
          clientRefs: [{ name: "bella" }, { name: "brutus" }],
        }),
      });
    }
  };
  await Promise.all(Array.from({ length: 24 }, worker));
}

interface Measured {
  readonly side: Side;
  readonly label: string;
  readonly cost: Awaited<ReturnType<typeof untilIdle>>;
}

async function measureAll(sides: readonly Side[], label: string): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const side of sides) {
    say(`${label}: ${side.who}`);
    measured.push({ side, label, cost: await untilIdle(side.program) });
  }
  return measured;
}

/** The costs of both sides; the operator may take so many times those of the peer. */
function compared(
  measured: readonly Measured[],
  unit: string,
  of: (cost: Measured["cost"]) => number,
  factor: number | undefined,
): Measurement[] {
  const theirs = measured.find(({ side }) => side.who === "peer");
  return measured.map(({ side, label, cost }) => {
    const target: Target =
      side.who === "peer" || theirs === undefined || factor === undefined
        ? { kind: "none" }
        : { kind: "atMost", value: Number((of(theirs.cost) * factor).toFixed(2)) };
    return { name: `${label}: ${side.who}`, value: of(cost), unit, target, setup, detail: { ...cost } };
  });
}

/** Checks that the measured work was done: every volume has the condition. */
async function requireCondition(api: KubeApi, type: string, size: number): Promise<void> {
  const conditions = (volume: AoeVolume): readonly Pick<Condition, "type">[] => volume.status?.conditions ?? [];
  let [done, token]: [number, string | undefined] = [0, undefined];
  do {
    const page: KubeList<AoeVolume> = await api.list(aoeVolumes, {
      namespace,
      limit: 500,
      ...(token === undefined ? {} : { continue: token }),
    });
    done += page.items.filter((volume) => conditions(volume).some((one) => one.type === type)).length;
    token = page.continue;
  } while (token !== undefined);
  if (done !== size) throw new Error(`${done} of ${size} AoeVolumes have the condition ${type}`);
}

/** The peer, where Go can build it. */
async function peer(controlPlane: ControlPlane, directory: string): Promise<Side[]> {
  const source = fileURLToPath(new URL("growth-peer", import.meta.url));
  const program = path.join(directory, "peer");
  const built = spawnSync("go", ["build", "-trimpath", "-ldflags", "-s -w", "-o", program, "."], {
    ...{ cwd: source, encoding: "utf8" },
    env: { ...process.env, CGO_ENABLED: "0" },
  });
  if (built.status !== 0) {
    process.stderr.write(`without the peer, which needs Go 1.26: ${built.error?.message ?? built.stderr}\n`);
    return [];
  }
  const env = { ...process.env, KUBECONFIG: controlPlane.kubeconfigPath };
  return [{ who: "peer", condition: "PeerReady", program: { command: program, args: [], env } }];
}
