import type { TestProject } from "vitest/node";
import { setup as startIntegration } from "../integration/control-plane.ts";
import { tool } from "../integration/tools.ts";
import { buildClients, type Clients } from "./programs.ts";

declare module "vitest" {
  export interface ProvidedContext {
    clients: Clients;
  }
}

/** The control plane of the integration tier with Flux's definitions, and the clients built. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const clients = await buildClients(({ step, steps, text }) =>
    console.error(step === undefined ? text : `step ${step}/${steps} ${text}`),
  );
  const stop = await startIntegration(project);
  try {
    const { kubeconfigPath } = project.getProvidedContext();
    await tool("kubectl", kubeconfigPath, ["create", "-f", clients.definitions]);
    await tool("kubectl", kubeconfigPath, ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
    project.provide("clients", clients);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
