import { afterAll, beforeAll, inject } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { createKubeClient, type KubeClient, textSource } from "../../../src/runtime/client-node.ts";
import { KubeError } from "../../../src/runtime/kube-api.ts";
import { customResourceDefinitions, namespaces } from "../../contract-kube-api/built-in-kinds.ts";
import { describeKubeApi } from "../../contract-kube-api/contract.ts";
import { widgetDefinition, widgets } from "../../contract-kube-api/widget.ts";

let api: KubeClient;

beforeAll(async () => {
  api = createKubeClient({ source: textSource(inject("kubeconfig")) });
  await api.create(customResourceDefinitions, widgetDefinition).catch((error: unknown) => {
    if (!(error instanceof KubeError) || error.reason !== "AlreadyExists") throw error;
  });
  await served();
});
afterAll(() => api.close());

/** The API server answers 404 for a new kind until it serves it. */
async function served(): Promise<void> {
  const deadline = systemClock.monotonic() + 30_000;
  for (;;) {
    try {
      await api.list(widgets, { limit: 1 });
      return;
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 404 || systemClock.monotonic() > deadline) throw error;
      await systemClock.sleep(100);
    }
  }
}

describeKubeApi("a real kube-apiserver", () => ({
  api,
  newNamespace: async () => {
    const name = `contract-${crypto.randomUUID()}`;
    await api.create(namespaces, { metadata: { name } });
    return name;
  },
  // Its watch cache begins with the kind: version 1 is always too old.
  forgetHistory: async () => undefined,
}));
