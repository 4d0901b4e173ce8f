import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { pipeline } from "node:stream/promises";
import type { Registry } from "prom-client";
import { limitConnections } from "./connection-limit.ts";
import { exposition } from "./exposition.ts";
import { OneRequest } from "./one-request.ts";

/** Returns undefined if all is well, else the problem. */
type HealthCheck = () => string | undefined;

/**
 * Decides whether a request may read the metrics: undefined if it may, else the HTTP status (401, 403 or 503) and the
 * reason.
 */
export type MetricsGuard = (
  authorization: string | undefined,
) => Promise<{ readonly status: 401 | 403 | 503; readonly why: string } | undefined>;

/** Options of the HTTP server. */
export interface HealthServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly registry: Registry;
  /** Decides who may read `/metrics`; anybody by default. */
  readonly guard?: MetricsGuard;
  /** Checks whether the process should be restarted. Use only conditions that a restart can heal. */
  readonly healthy: Readonly<Record<string, HealthCheck>>;
  readonly ready: Readonly<Record<string, HealthCheck>>;
  /** Information for people that `/readyz` shows besides the checks. */
  readonly told?: Readonly<Record<string, () => string>>;
}

/** A listening server of /healthz, /readyz and /metrics. */
export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Any client may be able to reach the port. */
export const healthServerLimits = {
  /** Of all clients together; a further one takes the place of another. */
  connections: 64,
  /** Size of a request's first line and headers; a larger one is answered with 431. */
  headerBytes: 8192,
  /** Time until the headers are complete; then 408. */
  headersMilliseconds: 5000,
  /** Silence on a connection while an answer is not read. */
  idleMilliseconds: 30_000,
  /** Time from the headers to the end of the answer. */
  answerMilliseconds: 60_000,
  /** What follows the headers of a request; nothing reads it. */
  excessBytes: 2 ** 20,
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
    // The target need not be a URL: `//` and `http://` are valid in a request line.
    const [path = ""] = (request.url ?? "").split("?", 1);
    const route = routes.get(path);
    if (route === undefined) return { status: 404, body: "not found\n" };
    if (request.method !== "GET" && request.method !== "HEAD")
      return { status: 405, body: "GET only\n", headers: { allow: "GET, HEAD" } };
    return route(request);
  };
  const limits = healthServerLimits;
  const server = createServer({ maxHeaderSize: limits.headerBytes }, (request, response) => {
    answerTo(request)
      .catch((error: unknown): Answer => ({ status: 500, body: `${String(error)}\n` }))
      .then((answer) => send(request, response, answer))
      // The client has gone, or does not read: no answer can reach it.
      .catch(() => response.destroy());
  });
  // Without this listener a CONNECT is closed without an answer. From here on the connection is ours to close.
  server.on("connect", (_request, socket) => {
    socket.on("error", () => undefined);
    socket.end("HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nConnection: close\r\n\r\n", () =>
      socket.destroy(),
    );
  });
  limitConnections(server, limits.connections);
  // Answers of Node itself end the connection, too.
  server.maxRequestsPerSocket = 1;
  const open = new Set<OneRequest>();
  const door = createTcpServer({ allowHalfOpen: true }, (socket) => {
    const connection = new OneRequest(socket, limits);
    open.add(connection);
    connection.once("close", () => open.delete(connection));
    server.emit("connection", connection);
  });
  await new Promise<void>((resolve, reject) => {
    door.once("error", reject);
    door.listen(options.port, options.host, () => {
      door.removeListener("error", reject);
      resolve();
    });
  });
  const address = door.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        door.close(() => resolve());
        for (const connection of open) connection.destroy();
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

/** A body of the request is neither used nor waited for. */
async function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body, headers }: Answer,
): Promise<void> {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", connection: "close", ...headers });
  if (typeof body === "string" || request.method === "HEAD") response.end(typeof body === "string" ? body : "");
  else await pipeline(body, response);
}
