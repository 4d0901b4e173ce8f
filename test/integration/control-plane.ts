import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
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
    /** Requests of service accounts to the API server, one line of JSON each. */
    auditLog: string;
  }
}

const release = { name: "xensan", namespace: "xensan-system", values: { "crds.enabled": true } };

/** One control plane for the whole suite; a test that kills its API server starts its own with `startControlPlane`. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const logs = await mkdtemp(path.join(tmpdir(), "xensan-audit-"));
  const auditLog = path.join(logs, "audit.log");
  const controlPlane = await startControlPlane({
    auditLog,
    programs: toolPrograms,
    onProgress: ({ step, steps, text }) => console.error(step === undefined ? text : `step ${step}/${steps} ${text}`),
  });
  try {
    await installChart(controlPlane.kubeconfigPath, release);
    const established = ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"];
    await tool("kubectl", controlPlane.kubeconfigPath, established);
    project.provide("auditLog", auditLog);
    project.provide("kubeconfig", controlPlane.kubeconfig);
    project.provide("kubeconfigPath", controlPlane.kubeconfigPath);
    project.provide("operatorKubeconfig", await serviceAccountKubeconfig(controlPlane.kubeconfig, release));
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
  return async () => {
    await controlPlane.stop();
    await rm(logs, { recursive: true, force: true });
  };
}
