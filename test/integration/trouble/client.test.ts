import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { systemClock } from "../../../src/clock.ts";
import { configSource, createKubeClient, textSource } from "../../../src/runtime/client-node.ts";
import type { KubeApi } from "../../../src/runtime/kube-api.ts";
import { Reflector } from "../../../src/runtime/reflector.ts";
import { type Widget, widgets } from "../../contract-kube-api/widget.ts";
import { eventually } from "../eventually.ts";
import { breakGround, type Ground } from "../runtime/ground.ts";
import { tool } from "../tools.ts";
import { etcdAt } from "./etcd.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await breakGround();
});
afterAll(() => ground?.stop());

const names = (reflector: Reflector<Widget>) =>
  reflector.store
    .list()
    .map(({ metadata }) => metadata.name)
    .sort();

function reflect(api: KubeApi, namespace: string) {
  const lines: { msg: string; delaySeconds?: number; err?: { status?: number; message: string } }[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const backoff = { baseMs: 200, maxMs: 2_000 };
  const options = { api, kind: widgets, clock: systemClock, log, namespace, backoff, pageSize: 2 };
  const reflector = new Reflector<Widget>(options);
  const stop = new AbortController();
  const running = reflector.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
  return { reflector, lines };
}

async function threeWidgets(): Promise<string> {
  const namespace = await ground.newNamespace();
  for (const name of ["a", "b", "c"]) await ground.api.create(widgets, { metadata: { namespace, name } });
  return namespace;
}

describe("a server that has forgotten the version of a list between two of its pages (410 Gone)", () => {
  it("is asked for the whole list again, once", async () => {
    const namespace = await threeWidgets();
    const pages: string[] = [];
    const api: KubeApi = {
      ...ground.api,
      async list(kind, options) {
        const isNext = options?.continue !== undefined;
        pages.push(isNext ? "next" : "first");
        // A server keeps its own pages; a new one must ask etcd, where that version has been compacted.
        if (pages.join(" ") === "first next") {
          await ground.api.create(widgets, { metadata: { namespace, name: "d" } });
          await etcdAt(ground.controlPlane.etcdUrl).compact();
          await ground.controlPlane.restartApiServer();
        }
        return await ground.api.list(kind, options);
      },
    };
    const { reflector, lines } = reflect(api, namespace);
    await eventually("the store holds all", () => names(reflector).join(" ") === "a b c d");
    expect(lines.map(({ msg, err, delaySeconds }) => [msg, err?.status, delaySeconds])).toEqual([
      ["list or watch failed", 410, 0],
    ]);
    expect(pages).toEqual(["first", "next", "first", "next"]);
  });
});

describe("a list that is a watch (WatchList), as newer clients ask for it", () => {
  it("gives them what a plain list gives us", async () => {
    const namespace = await threeWidgets();
    const stream = await tool("kubectl", ground.controlPlane.kubeconfigPath, [
      ...["get", "--raw"],
      `/apis/${widgets.group}/${widgets.version}/namespaces/${namespace}/${widgets.plural}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=3`,
    ]);
    const schema = z.object({
      type: z.string(),
      object: z.object({
        metadata: z.object({ name: z.string().optional(), annotations: z.record(z.string(), z.string()).optional() }),
      }),
    });
    const events = stream
      .trim()
      .split("\n")
      .map((line) => schema.parse(JSON.parse(line)));
    const end = events.findIndex(({ object }) => object.metadata.annotations?.["k8s.io/initial-events-end"] === "true");
    expect(events.slice(0, end + 1).map(({ type, object }) => [type, object.metadata.name])).toEqual([
      ...["a", "b", "c"].map((name) => ["ADDED", name]),
      ["BOOKMARK", undefined],
    ]);
    const { items } = await ground.api.list(widgets, { namespace });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(["a", "b", "c"]);
  });
});

describe("priority and fairness", () => {
  it("are on", async () => {
    const levels = await tool("kubectl", ground.controlPlane.kubeconfigPath, [
      "get",
      "--raw",
      "/debug/api_priority_and_fairness/dump_priority_levels",
    ]);
    expect(levels).toContain("workload-low");
  });
});

/** Accepts connections and never answers. */
async function startMute() {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = z.object({ port: z.number() }).parse(server.address()).port;
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port, accepted: () => sockets.size };
}

describe("a server that takes connections and never answers", () => {
  it("is tried ever more rarely, with a line each time, and followed to where it moves", async () => {
    const namespace = await threeWidgets();
    const directory = await mkdtemp(path.join(tmpdir(), "xensan-moved-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = path.join(directory, "kubeconfig");
    const at = (port: number) => ground.controlPlane.kubeconfig.replaceAll(/127\.0\.0\.1:\d+/g, `127.0.0.1:${port}`);
    const mute = await startMute();
    await writeFile(file, at(mute.port));
    const client = createKubeClient({ source: configSource({ kubeconfig: file }), answerSeconds: 1 });
    onTestFinished(() => client.close());
    const { reflector, lines } = reflect(client, namespace);
    await eventually("three attempts", () => lines.length >= 3);
    expect(lines.slice(0, 3).map(({ msg, err }) => [msg, err?.status, err?.message])).toEqual(
      [1, 2, 3].map(() => ["list or watch failed", 0, expect.stringMatching(/^GET .*widgets: .*[Tt]imeout/)]),
    );
    expect(mute.accepted()).toBeLessThanOrEqual(lines.length + 1);
    await writeFile(file, ground.controlPlane.kubeconfig);
    await eventually("the store holds all", () => names(reflector).join(" ") === "a b c");
  });
});

/** Passes connections on to the API server, until it freezes those that are open. */
async function startFreezing() {
  const target = new URL(ground.controlPlane.url);
  const pairs = new Set<readonly [net.Socket, net.Socket]>();
  const server = net.createServer((near) => {
    const far = net.connect(Number(target.port), target.hostname);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, pair.toReversed()] as const) {
      from.on("data", (data) => to.write(data));
      from.on("error", () => undefined);
      from.on("close", () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  onTestFinished(async () => {
    for (const sockets of pairs) for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    port,
    connections: () => pairs.size,
    /** Neither side hears the other, and neither is told. */
    freeze() {
      for (const sockets of pairs) for (const socket of sockets) socket.removeAllListeners("data").pause();
    },
  };
}

describe("a server that falls silent on open connections", () => {
  async function client() {
    const namespace = await threeWidgets();
    const proxy = await startFreezing();
    const kubeconfig = ground.controlPlane.kubeconfig.replaceAll(/127\.0\.0\.1:\d+/g, `127.0.0.1:${proxy.port}`);
    const api = createKubeClient({ source: textSource(kubeconfig), answerSeconds: 2, watchSilenceSeconds: 3 });
    onTestFinished(() => api.close());
    return { namespace, proxy, api };
  }

  it("costs a request its time, and the next one uses a new connection", async () => {
    const { namespace, proxy, api } = await client();
    await api.list(widgets, { namespace });
    // Its connection is free for the next request only a moment after the answer.
    await new Promise((resolve) => setImmediate(resolve));
    proxy.freeze();
    const key = { namespace, name: "a" };
    const began = performance.now();
    await expect(api.mergePatch(widgets, key, { metadata: { labels: { x: "1" } } })).rejects.toMatchObject({
      status: 0,
      reason: "NoAnswer",
      message: expect.stringMatching(/^PATCH \/apis\/.*: Headers Timeout Error$/),
    });
    expect(performance.now() - began).toBeLessThan(6_000);
    expect((await api.get(widgets, key)).metadata.labels).toBeUndefined();
    expect(proxy.connections()).toBe(2);
  });

  it("is noticed by a watch, which begins anew and misses nothing", async () => {
    const { namespace, proxy, api } = await client();
    const { reflector, lines } = reflect(api, namespace);
    await eventually("the store holds all", () => names(reflector).join(" ") === "a b c");
    // Only a watch that is open can fall silent.
    await ground.api.create(widgets, { metadata: { namespace, name: "d" } });
    await eventually("the watch tells of the next one", () => names(reflector).join(" ") === "a b c d");
    const before = proxy.connections();
    proxy.freeze();
    await ground.api.create(widgets, { metadata: { namespace, name: "e" } });
    await eventually("the store holds what came meanwhile", () => names(reflector).join(" ") === "a b c d e");
    expect(proxy.connections()).toBeGreaterThan(before);
    expect(lines).toEqual([]);
  });
});
