import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Registry } from "prom-client";
import { exposition } from "./exposition.ts";

/** Nothing when all is well, else what is wrong. */
type HealthCheck = () => string | undefined;

/** Whether a request may read the metrics: nothing when it may, else the HTTP status (401, 403 or 503) and why not. */
export type MetricsGuard = (
  authorization: string | undefined,
) => Promise<{ readonly status: 401 | 403 | 503; readonly why: string } | undefined>;

/** What the HTTP server answers with, and to whom. */
export interface HealthServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly registry: Registry;
  /** Who may read `/metrics`; anybody when absent. */
  readonly guard?: MetricsGuard;
  /** Should the process be restarted? Keep to what a restart can heal. */
  readonly healthy: Readonly<Record<string, HealthCheck>>;
  readonly ready: Readonly<Record<string, HealthCheck>>;
  /** What `/readyz` says beside the checks, for people. */
  readonly told?: Readonly<Record<string, () => string>>;
}

/** A listening server of /healthz, /readyz and /metrics. */
export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** What one client may take of the process. Whoever reaches the port may be anybody. */
export const healthServerLimits = {
  connections: 64,
  requestsPerConnection: 1000,
  /** Of a request's first line and headers; more is answered with 431. */
  headerBytes: 8192,
  /** Until the headers are there; then 408. */
  headersMilliseconds: 5000,
  /** Until the whole request is there. */
  requestMilliseconds: 10_000,
  /** Of silence on a connection, between requests and while an answer is not taken. */
  idleMilliseconds: 30_000,
} as const;

interface Answer {
  readonly status: number;
  readonly body: string | AsyncIterable<string>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `/metrics`, `/healthz` and `/readyz`: 200 when every check passes, else 500 and the reasons. */
export async function serveHealth(options: HealthServerOptions): Promise<HealthServer> {
  const { registry, guard, healthy, ready, told } = options;
  const routes = new Map<string, (request: IncomingMessage) => Answer | Promise<Answer>>([
    [
      "/metrics",
      async (request) => {
        const refused = await guard?.(request.headers.authorization);
        if (refused === undefined)
          return { status: 200, body: exposition(registry), headers: { "content-type": registry.contentType } };
        const body = `${refused.why}\n`;
        if (refused.status !== 401) return { status: refused.status, body };
        return { status: 401, body, headers: { "www-authenticate": 'Bearer realm="xensan metrics"' } };
      },
    ],
    ["/healthz", () => checked(healthy)],
    ["/readyz", () => checked(ready, told)],
  ]);
  const answerTo = async (request: IncomingMessage): Promise<Answer> => {
    // The target may be anything but a URL: `//` and `http://` are valid in a request line.
    const [path = ""] = (request.url ?? "").split("?", 1);
    const route = routes.get(path);
    if (route === undefined) return { status: 404, body: "not found\n" };
    if (request.method !== "GET" && request.method !== "HEAD")
      return { status: 405, body: "GET only\n", headers: { allow: "GET, HEAD" } };
    return route(request);
  };
  const limits = healthServerLimits;
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMilliseconds,
      requestTimeout: limits.requestMilliseconds,
      keepAliveTimeout: limits.idleMilliseconds,
      connectionsCheckingInterval: 1000,
    },
    (request, response) => {
      answerTo(request)
        .catch((error: unknown): Answer => ({ status: 500, body: `${String(error)}\n` }))
        .then((answer) => send(request, response, answer))
        // Who asked has gone, or takes nothing: there is nobody to tell.
        .catch(() => response.destroy());
    },
  );
  // Without this a CONNECT is hung up on. Its connection belongs to nobody but us from here on.
  server.on("connect", (_request, socket) => {
    socket.on("error", () => undefined);
    socket.end("HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nConnection: close\r\n\r\n", () =>
      socket.destroy(),
    );
  });
  server.maxConnections = limits.connections;
  server.maxRequestsPerSocket = limits.requestsPerConnection;
  server.setTimeout(limits.idleMilliseconds);
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

function checked(
  checks: Readonly<Record<string, HealthCheck>>,
  told: Readonly<Record<string, () => string>> = {},
): Answer {
  const results = Object.entries(checks).map(([name, check]) => ({ name, problem: check() }));
  const failed = results.some(({ problem }) => problem !== undefined);
  const lines = results.map(({ name, problem }) =>
    problem === undefined ? `[+] ${name} ok\n` : `[-] ${name}: ${problem}\n`,
  );
  const facts = Object.entries(told).map(([name, text]) => `[i] ${name}: ${text()}\n`);
  return { status: failed ? 500 : 200, body: [...lines, ...facts].join("") || "ok\n" };
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body, headers }: Answer,
): Promise<void> {
  // A body is of no use here: it is not waited for.
  const hasBody =
    request.headers["transfer-encoding"] !== undefined || (request.headers["content-length"] ?? "0") !== "0";
  const connection = hasBody ? { connection: "close" } : {};
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers, ...connection });
  if (typeof body === "string" || request.method === "HEAD") response.end(typeof body === "string" ? body : "");
  else await pipeline(body, response);
}
