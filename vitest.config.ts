import { defineConfig } from "vitest/config";

const tier = (name: string, options: { timeout: number; parallel: boolean; globalSetup?: string }) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: options.timeout,
    hookTimeout: options.timeout,
    fileParallelism: options.parallel,
    ...(options.globalSetup === undefined ? {} : { globalSetup: options.globalSetup }),
  },
});

export default defineConfig({
  test: {
    projects: [
      tier("unit", { timeout: 20_000, parallel: true }),
      tier("simulation", { timeout: 180_000, parallel: true }),
      tier("integration", { timeout: 120_000, parallel: false, globalSetup: "test/integration/control-plane.ts" }),
      tier("containers", { timeout: 300_000, parallel: false, globalSetup: "test/containers/setup.ts" }),
    ],
  },
});
