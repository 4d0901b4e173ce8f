import { createServer, type ServerResponse } from "node:http";
import type { Registry } from "prom-client";

/** Nothing when all is well, else what is wrong. */
type HealthCheck = () => string | undefined;

export interface HealthServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly registry: Registry;
  /** Should the process be restarted? Keep to what a restart can heal. */
  readonly healthy: Readonly<Record<string, HealthCheck>>;
  readonly ready: Readonly<Record<string, HealthCheck>>;
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** `/metrics`, `/healthz` and `/readyz`: 200 when every check passes, else 500 and the reasons. */
export async function serveHealth(options: HealthServerOptions): Promise<HealthServer> {
  const { registry, healthy, ready } = options;
  const routes: Record<string, (response: ServerResponse) => void | Promise<void>> = {
    "/metrics": async (response) => {
      const text = await registry.metrics();
      answer(response, 200, text, registry.contentType);
    },
    "/healthz": (response) => answerChecks(response, healthy),
    "/readyz": (response) => answerChecks(response, ready),
  };
  const server = createServer((request, response) => {
    const route = routes[new URL(request.url ?? "/", "http://localhost").pathname];
    if (route === undefined) return answer(response, 404, "not found\n");
    if (request.method !== "GET" && request.method !== "HEAD") return answer(response, 405, "GET only\n");
    Promise.resolve(route(response)).catch((error: unknown) => answer(response, 500, `${String(error)}\n`));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answerChecks(response: ServerResponse, checks: Readonly<Record<string, HealthCheck>>): void {
  const results = Object.entries(checks).map(([name, check]) => ({ name, problem: check() }));
  const failed = results.some(({ problem }) => problem !== undefined);
  const lines = results.map(({ name, problem }) =>
    problem === undefined ? `[+] ${name} ok\n` : `[-] ${name}: ${problem}\n`,
  );
  answer(response, failed ? 500 : 200, lines.join("") || "ok\n");
}

function answer(response: ServerResponse, status: number, body: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "content-type": type }).end(body);
}
