import type { TestProject } from "vitest/node";
import { startControlPlane } from "../../src/controlplane/control-plane.ts";
import { installChart } from "./chart-install.ts";
import { serviceAccountKubeconfig } from "./service-account.ts";
import { tool, toolPrograms } from "./tools.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** A cluster administrator's kubeconfig of the suite's control plane, with the chart's definitions installed. */
    kubeconfig: string;
    kubeconfigPath: string;
    /** The operator's own: the service account of the chart, installed in `xensan-system`, under the chart's RBAC. */
    operatorKubeconfig: string;
  }
}

const release = { name: "xensan", namespace: "xensan-system", values: { "crds.enabled": true } };

/** One control plane for the whole suite; a test that kills its API server starts its own with `startControlPlane`. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const controlPlane = await startControlPlane({
    programs: toolPrograms,
    onProgress: ({ step, steps, text }) => console.error(step === undefined ? text : `step ${step}/${steps} ${text}`),
  });
  try {
    await installChart(controlPlane.kubeconfigPath, release);
    const established = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"];
    await tool("kubectl", controlPlane.kubeconfigPath, established);
    project.provide("kubeconfig", controlPlane.kubeconfig);
    project.provide("kubeconfigPath", controlPlane.kubeconfigPath);
    project.provide("operatorKubeconfig", await serviceAccountKubeconfig(controlPlane.kubeconfig, release));
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
  return () => controlPlane.stop();
}
