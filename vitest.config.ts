import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { whyNoGitops } from "./test/gitops/programs.ts";
import { whyNoIntegration } from "./test/integration/possible.ts";

interface Tier {
  readonly timeout: number;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** Whether its files run beside each other; `waiting` tiers also run beside one another, since they mostly wait. */
  readonly files: "alone" | "parallel" | "waiting";
  readonly globalSetup?: string;
}

/** Tests of a control plane that each file starts for itself. */
const ownControlPlane = [
  "test/integration/with-controllers/**/*.test.ts",
  "test/integration/trouble/**/*.test.ts",
  "test/integration/cli/up.test.ts",
  "test/integration/chart/life.test.ts",
];

/** One after the other, but those that wait: the others would take each other's processor, and time limits would mean nothing. */
const tiers: Readonly<Record<string, Tier>> = {
  unit: { timeout: 60_000, files: "parallel", exclude: ["test/unit/host/**"] },
  // Its scripts look for commands of the toolstack among all processes of this machine, so nothing runs beside them.
  "unit-host": { timeout: 60_000, files: "alone", include: ["test/unit/host/**/*.test.ts"] },
  // The whole operator on the simulated rack, one story after the other.
  operator: { timeout: 60_000, files: "parallel" },
  simulation: { timeout: 600_000, files: "parallel" },
  integration: {
    timeout: 180_000,
    files: "alone",
    exclude: ownControlPlane,
    globalSetup: "test/integration/control-plane.ts",
  },
  "integration-own": { timeout: 180_000, files: "waiting", include: ownControlPlane },
  gitops: { timeout: 600_000, files: "waiting", globalSetup: "test/gitops/setup.ts" },
  // Containers have process tables and networks of their own.
  containers: { timeout: 600_000, files: "waiting", globalSetup: "test/containers/setup.ts" },
};

// vitest leaves a core to itself, which is half of a small machine; VITEST_MAX_WORKERS and --maxWorkers still decide.
const cores = availableParallelism();
const maxWorkers = Math.min(cores, Math.max(2, cores - 1));
const waitingWorkers = process.env.VITEST_MAX_WORKERS === undefined ? Math.max(3, maxWorkers) : maxWorkers;

const asked = (tier: string) => process.argv.some((argument) => argument.endsWith(tier));
const inWorker = process.env.VITEST_WORKER_ID !== undefined;
const noIntegration = asked("integration") || asked("integration-own") || inWorker ? undefined : whyNoIntegration();
if (noIntegration !== undefined) process.stderr.write(`skipped: the integration tier: ${noIntegration}\n`);
const noGitops = asked("gitops") || inWorker ? undefined : whyNoGitops();
if (noGitops !== undefined) process.stderr.write(`skipped: the gitops tier: ${noGitops}\n`);
const skipContainers =
  !asked("containers") &&
  process.env.XENSAN_REQUIRE_CONTAINERS === undefined &&
  spawnSync("docker", ["info"], { stdio: "ignore" }).status !== 0;
if (skipContainers && !inWorker)
  process.stderr.write("skipped: the container tier needs a running Docker engine (docker info fails)\n");

export default defineConfig({
  test: {
    maxWorkers,
    projects: Object.entries(tiers)
      .filter(([name]) => name !== "containers" || !skipContainers)
      .filter(([name]) => !name.startsWith("integration") || noIntegration === undefined)
      .filter(([name]) => name !== "gitops" || noGitops === undefined)
      .map(([name, { timeout, files, include, exclude, globalSetup }], index) => ({
        test: {
          name,
          include: [...(include ?? [`test/${name}/**/*.test.ts`])],
          ...(exclude === undefined ? {} : { exclude: [...exclude] }),
          testTimeout: timeout,
          hookTimeout: timeout,
          fileParallelism: files !== "alone",
          ...(files === "waiting" ? { maxWorkers: waitingWorkers } : {}),
          sequence: { groupOrder: files === "waiting" ? Object.keys(tiers).length + 1 : index + 1 },
          ...(globalSetup === undefined ? {} : { globalSetup }),
        },
      })),
  },
});
