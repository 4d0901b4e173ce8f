import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { startControlPlane } from "../../src/controlplane/control-plane.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** A cluster administrator's kubeconfig of the suite's control plane, with the CRDs of crds/ installed. */
    kubeconfig: string;
    kubeconfigPath: string;
  }
}

const crds = fileURLToPath(new URL("../../crds", import.meta.url));

/** One control plane for the whole suite; a test that kills its API server starts its own with `startControlPlane`. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const controlPlane = await startControlPlane({
    onProgress: ({ step, steps, text }) => console.error(step === undefined ? text : `step ${step}/${steps} ${text}`),
  });
  if (existsSync(crds)) await controlPlane.installCrds([crds]);
  project.provide("kubeconfig", controlPlane.kubeconfig);
  project.provide("kubeconfigPath", controlPlane.kubeconfigPath);
  return () => controlPlane.stop();
}
