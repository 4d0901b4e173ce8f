import { CoreV1Api, KubeConfig, RbacAuthorizationV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { createKubeClient, textSource } from "../../../src/runtime/client-node.ts";
import { type HealthServer, serveHealth } from "../../../src/runtime/health-server.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { createMetricsGuard } from "../../../src/runtime/metrics-guard.ts";

const admin = new KubeConfig();
admin.loadFromString(inject("kubeconfig"));
const core = admin.makeApiClient(CoreV1Api);
const rbac = admin.makeApiClient(RbacAuthorizationV1Api);
const namespace = "scraping";

async function tokenOf(name: string): Promise<string> {
  await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
  const { status } = await core.createNamespacedServiceAccountToken({
    namespace,
    name,
    body: { spec: { audiences: [], expirationSeconds: 3600 } },
  });
  return status?.token ?? "";
}

describe("metrics behind a real API server's authentication and authorisation", () => {
  // The account of the chart's operator, with only the rights that the chart grants.
  const client = createKubeClient({ source: textSource(inject("operatorKubeconfig")) });
  let server: HealthServer;
  beforeAll(async () => {
    await core.createNamespace({ body: { metadata: { name: namespace } } });
    server = await serveHealth({
      host: "127.0.0.1",
      port: 0,
      registry: createMetrics().registry,
      guard: createMetricsGuard({ review: client.review, clock: systemClock }),
      healthy: {},
      ready: {},
    });
  });
  afterAll(async () => {
    await server.close();
    await client.close();
    await core.deleteNamespace({ name: namespace });
    await rbac.deleteClusterRoleBinding({ name: "scraping-reader" });
  });
  const get = async (path: string, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers });
    const text = await response.text();
    return { status: response.status, text: response.status === 200 ? "" : text };
  };

  it("are read by whom a role lets read, and by nobody else", async () => {
    const [reader, other] = [await tokenOf("reader"), await tokenOf("other")];
    await rbac.createClusterRoleBinding({
      body: {
        metadata: { name: "scraping-reader" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "xensan-metrics-reader" },
        subjects: [{ kind: "ServiceAccount", name: "reader", namespace }],
      },
    });
    // The API server learns of a binding a moment later; a refusal is cached for ten seconds here.
    await expect
      .poll(() => get("/metrics", reader), { timeout: 30_000, interval: 500 })
      .toEqual({ status: 200, text: "" });
    expect(await get("/metrics", other)).toEqual({
      status: 403,
      text: `system:serviceaccount:${namespace}:other may not get the non-resource URL /metrics\n`,
    });
    expect(await get("/metrics", `${reader}x`)).toEqual({
      status: 401,
      text: "the API server does not know this token\n",
    });
    expect(await get("/metrics")).toEqual({ status: 401, text: "a bearer token is needed\n" });
    expect(await get("/healthz")).toEqual({ status: 200, text: "" });
  });
});
