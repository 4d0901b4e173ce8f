import http from "node:http";
import { KubeConfig } from "@kubernetes/client-node";
import { expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { applyManifests } from "../../../src/up/apply.ts";
import { followUntilReady } from "../../../src/up/follow.ts";

const manifest = {
  ...{ apiVersion: "xensan.dev/v1alpha1", kind: "AoeVolume", metadata: { name: "data", namespace: "san" } },
  status: { conditions: [{ type: "Ready", status: "True", reason: "Ready", message: "" }] },
};

const pending = {
  ...manifest,
  status: { conditions: [{ type: "Ready", status: "False", reason: "DiskMissing", message: "/dev/vdb is missing" }] },
};

/** An API server in plain HTTP. */
async function startServer(
  handle: (url: string, answer: (code: number, body: object, headers?: object) => void, method: string) => void,
) {
  const server = http.createServer((request, response) => {
    request.resume();
    const answer = (code: number, body: object, headers: object = {}) =>
      response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    handle(request.url ?? "", answer, request.method ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: "it", server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: "it" },
  );
  return config;
}

/** An API server that is busy at the first request of each kind. */
function startBusy() {
  const seen = new Set<string>();
  return startServer((url, answer, method) => {
    const asked = `${method} ${url.split("?")[0]}`;
    const first = !seen.has(asked);
    seen.add(asked);
    if (first) answer(503, { kind: "Status", message: "it starts", code: 503 }, { "retry-after": "0" });
    else if (url === "/api/v1")
      answer(200, { resources: [{ name: "namespaces", kind: "Namespace", namespaced: false }] });
    else if (url === "/apis/xensan.dev/v1alpha1")
      answer(200, { resources: [{ name: "aoevolumes", kind: "AoeVolume", namespaced: true }] });
    else answer(200, manifest);
  });
}

it("npm start says what it waits for at every call that a busy server turns away", async () => {
  const kubeConfig = await startBusy();
  const lines: string[] = [];
  const say = (line: string) => lines.push(line.replace(/in [\d.]+ s$/, "in N s"));
  const applied = await applyManifests(kubeConfig, [manifest], { say });
  const rows = await followUntilReady({
    ...{ kubeConfig, manifests: applied, say, signal: AbortSignal.timeout(30_000) },
    ...{ elapsed: () => 1, onRows: () => undefined },
  });
  expect(rows).toMatchObject([{ name: "data", ready: "True", readyAt: 1 }]);
  expect(lines).toEqual(
    [
      "asking for xensan.dev/v1alpha1 AoeVolume",
      "applying Namespace san",
      "applying Namespace san",
      "applying AoeVolume san/data",
      "reading AoeVolume san/data",
    ].map((what) => `${what}: it starts; retrying in N s`),
  );
});

it("npm start keeps what an object says when its time is over in the middle of a read", async () => {
  let reads = 0;
  const ended = new AbortController();
  const kubeConfig = await startServer((url, answer) => {
    if (url === "/apis/xensan.dev/v1alpha1")
      answer(200, { resources: [{ name: "aoevolumes", kind: "AoeVolume", namespaced: true }] });
    else if (++reads === 1) answer(200, pending);
    else ended.abort();
  });
  const rows = await followUntilReady({
    ...{ kubeConfig, manifests: [pending], signal: ended.signal },
    ...{ elapsed: () => 1, onRows: () => undefined },
  });
  expect(rows).toMatchObject([{ name: "data", ready: "False", reason: "DiskMissing", message: "/dev/vdb is missing" }]);
});
