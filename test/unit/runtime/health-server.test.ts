import { afterEach, describe, expect, it } from "vitest";
import { type HealthServer, serveHealth } from "../../../src/runtime/health-server.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";

let server: HealthServer | undefined;
afterEach(() => server?.close());

async function asking(problem?: string) {
  const { registry, restClientRequestsTotal } = createMetrics();
  restClientRequestsTotal.inc({ code: "200", method: "GET", host: "kubernetes" });
  const started = await serveHealth({
    host: "127.0.0.1",
    port: 0,
    registry,
    healthy: { loop: () => undefined },
    ready: { cache: () => undefined, leader: () => problem },
  });
  server = started;
  return async (path: string, method = "GET") => {
    const response = await fetch(`http://127.0.0.1:${started.port}${path}`, { method });
    return { status: response.status, text: await response.text() };
  };
}

describe("the health server", () => {
  it("says that all is well", async () => {
    const ask = await asking();
    expect(await ask("/healthz")).toEqual({ status: 200, text: "[+] loop ok\n" });
    expect(await ask("/readyz?verbose")).toEqual({ status: 200, text: "[+] cache ok\n[+] leader ok\n" });
  });

  it("says what is not", async () => {
    const ask = await asking("the lease is held by nobody");
    expect(await ask("/readyz")).toEqual({
      status: 500,
      text: "[+] cache ok\n[-] leader: the lease is held by nobody\n",
    });
    expect((await ask("/healthz")).status).toBe(200);
  });

  it("shows the metrics", async () => {
    const ask = await asking();
    const { status, text } = await ask("/metrics");
    expect(status).toBe(200);
    expect(text).toContain('xensan_rest_client_requests_total{code="200",method="GET",host="kubernetes"} 1');
  });

  it("knows nothing else", async () => {
    const ask = await asking();
    expect((await ask("/")).status).toBe(404);
    expect((await ask("/metrics", "DELETE")).status).toBe(405);
  });
});
