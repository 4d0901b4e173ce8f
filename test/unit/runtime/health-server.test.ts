import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type HealthServer, healthServerLimits, serveHealth } from "../../../src/runtime/health-server.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { observeProcess } from "../../../src/runtime/process-metrics.ts";

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

  it("tells facts beside its checks", async () => {
    const { registry } = createMetrics();
    const told = { memory: () => "room for 7" };
    server = await serveHealth({
      host: "127.0.0.1",
      port: 0,
      registry,
      healthy: {},
      ready: { a: () => undefined },
      told,
    });
    const response = await fetch(`http://127.0.0.1:${server.port}/readyz`);
    expect(await response.text()).toBe("[+] a ok\n[i] memory: room for 7\n");
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

/** The answer to these bytes on a raw connection, until the server closes it. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", reject).on("close", () => resolve(text));
  });
}

const firstLine = (text: string) => text.split("\r\n", 1)[0];

describe("a request that nobody expected", () => {
  const close = "\r\nHost: x\r\nConnection: close\r\n";
  it.each([
    ["GET // HTTP/1.1", close, "HTTP/1.1 404 Not Found"],
    ["GET //metrics HTTP/1.1", close, "HTTP/1.1 404 Not Found"],
    ["GET http:// HTTP/1.1", close, "HTTP/1.1 404 Not Found"],
    ["GET http://[ HTTP/1.1", close, "HTTP/1.1 404 Not Found"],
    ["GET /%zz?%zz HTTP/1.1", close, "HTTP/1.1 404 Not Found"],
    ["GET /constructor HTTP/1.1", close, "HTTP/1.1 404 Not Found"],
    ["OPTIONS * HTTP/1.1", close, "HTTP/1.1 404 Not Found"],
    ["CONNECT x:1 HTTP/1.1", close, "HTTP/1.1 405 Method Not Allowed"],
    ["GET /healthz HTTP/1.1", "\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n", "HTTP/1.1 200 OK"],
    ["POST /metrics HTTP/1.1", `${close}Content-Length: 1000000\r\n`, "HTTP/1.1 405 Method Not Allowed"],
    ["GET /healthz HTTP/1.1", "\r\nHost: x\r\nTransfer-Encoding: chunked\r\n", "HTTP/1.1 200 OK"],
    ["GET /healthz HTTP/1.1", `${close}Expect: the unexpected\r\n`, "HTTP/1.1 417 Expectation Failed"],
    ["\0", close, "HTTP/1.1 400 Bad Request"],
    [
      "GET /healthz HTTP/1.1",
      `${close}X: ${"x".repeat(healthServerLimits.headerBytes)}\r\n`,
      "HTTP/1.1 431 Request Header Fields Too Large",
    ],
  ])("%j gets an answer", async (request, headers, status) => {
    const ask = await asking();
    expect(firstLine(await exchange(server?.port ?? 0, `${request}${headers}\r\n`))).toBe(status);
    expect((await ask("/healthz")).status).toBe(200);
  });

  it("is answered by a failing check, too", async () => {
    const started = await serveHealth({
      host: "127.0.0.1",
      port: 0,
      registry: createMetrics().registry,
      healthy: {
        torn() {
          throw new Error("torn");
        },
      },
      ready: {},
    });
    server = started;
    const response = await fetch(`http://127.0.0.1:${started.port}/healthz`);
    expect({ status: response.status, text: await response.text() }).toEqual({ status: 500, text: "Error: torn\n" });
  });

  it.each(["", "Connection: close\r\n"])("may follow empty lines, and ends its connection (%j)", async (header) => {
    await asking();
    const text = await exchange(server?.port ?? 0, `\r\n\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n${header}\r\n`);
    expect(firstLine(text)).toBe("HTTP/1.1 200 OK");
  });

  it("that Node answers itself ends its connection", async () => {
    await asking();
    const text = await exchange(server?.port ?? 0, "GET / HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\n\r\n");
    expect(firstLine(text)).toBe("HTTP/1.1 417 Expectation Failed");
  });

  it("has one answer, however many follow it", async () => {
    let checks = 0;
    const started = await serveHealth({
      host: "127.0.0.1",
      port: 0,
      registry: createMetrics().registry,
      healthy: {
        counted() {
          checks += 1;
          return undefined;
        },
      },
      ready: {},
    });
    server = started;
    const request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    const text = await exchange(started.port, request.repeat(1000));
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200"]);
    expect(checks).toBe(1);
  });

  it("may come byte by byte, and its end may be followed by the end of the connection", async () => {
    await asking();
    const socket = await hold(server?.port ?? 0);
    const answer = new Promise((resolve) => socket.setEncoding("latin1").once("data", resolve));
    for (const byte of "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") {
      socket.write(byte);
      await new Promise(setImmediate);
    }
    socket.end();
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  it("is cut off when its headers never end", async () => {
    await asking();
    expect(firstLine(await exchange(server?.port ?? 0, "GET /healthz HTTP/1.1\r\nHost: x\r\n"))).toBe(
      "HTTP/1.1 408 Request Timeout",
    );
  });
});

/** An open connection without a request. */
function hold(port: number, localAddress = "127.0.0.1"): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", localAddress }).on("error", () => undefined);
  return new Promise((resolve) => socket.once("connect", () => resolve(socket)));
}
/** Holds so many connections, and tells which of them the server has closed. */
async function holding(port: number, count: number, localAddress?: string) {
  const held: Socket[] = [];
  const closed: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const socket = await hold(port, localAddress);
    socket.once("close", () => closed.push(index));
    held.push(socket);
  }
  return {
    held,
    closed,
    release() {
      for (const socket of held) socket.destroy();
    },
  };
}

describe("connections that a client holds", () => {
  const most = healthServerLimits.connections;

  it.each([
    ["without a request", ""],
    ["in the middle of a request", "GET /healthz HTTP/1.1\r\n"],
  ])("%s lock nobody out", async (_how, bytes) => {
    const ask = await asking();
    const { held, closed, release } = await holding(server?.port ?? 0, most);
    await Promise.all(
      held.map(
        (socket) =>
          new Promise((resolve) => {
            socket.write(bytes, resolve);
          }),
      ),
    );
    expect((await ask("/healthz")).status).toBe(200);
    await expect.poll(() => closed).toEqual([0]);
    for (let index = 0; index < 10; index += 1)
      expect(
        firstLine(await exchange(server?.port ?? 0, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")),
      ).toBe("HTTP/1.1 200 OK");
    release();
  });

  it("cost the client that holds the most, not another one", async () => {
    await asking();
    const port = server?.port ?? 0;
    const other = await holding(port, 2, "127.0.0.2");
    const greedy = await holding(port, most + 20);
    await expect.poll(() => greedy.closed.length).toBe(22);
    expect(greedy.closed).toEqual(Array.from({ length: 22 }, (_, index) => index));
    expect(other.closed).toEqual([]);
    other.release();
    greedy.release();
  });

  it("are closed before one whose request is being answered", async () => {
    const asked = Promise.withResolvers<void>();
    const allow = Promise.withResolvers<undefined>();
    const started = await serveHealth({
      host: "127.0.0.1",
      port: 0,
      registry: createMetrics().registry,
      guard() {
        asked.resolve();
        return allow.promise;
      },
      healthy: {},
      ready: {},
    });
    server = started;
    const answer = exchange(started.port, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    await asked.promise;
    const { closed, release } = await holding(started.port, most + 5);
    await expect.poll(() => closed).toEqual([0, 1, 2, 3, 4, 5]);
    allow.resolve(undefined);
    expect(firstLine(await answer)).toBe("HTTP/1.1 200 OK");
    release();
  });
});

describe("the metrics of the process", () => {
  it("tell of its memory, its time and the longest wait in its event loop", async () => {
    const { registry } = createMetrics();
    using _observed = observeProcess(registry);
    const stalled = performance.now() + 120;
    while (performance.now() < stalled);
    await expect
      .poll(async () => {
        const text = await registry.metrics();
        const [all, short] = ["+Inf", "0.05"].map((le) =>
          Number(text.split(`xensan_event_loop_delay_seconds_bucket{le="${le}"} `)[1]?.split("\n")[0]),
        );
        return (all ?? 0) - (short ?? 0);
      })
      .toBeGreaterThan(0);
    const text = await registry.metrics();
    for (const name of [
      "process_cpu_seconds_total",
      "process_resident_memory_bytes",
      "nodejs_eventloop_lag_max_seconds",
    ])
      expect(text).toContain(`\n${name} `);
  });
});
