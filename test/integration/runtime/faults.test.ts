import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { Controller } from "../../../src/runtime/controller.ts";
import { addFinalizer } from "../../../src/runtime/finalizers.ts";
import type { KubeApi } from "../../../src/runtime/kube-api.ts";
import { done } from "../../../src/runtime/reconciler.ts";
import { Reflector } from "../../../src/runtime/reflector.ts";
import { applyStatus, withStatus } from "../../../src/runtime/status-patch.ts";
import { type Widget, widgets } from "../../contract-kube-api/widget.ts";
import { eventually } from "../eventually.ts";
import { breakGround, type Ground, quiet, startProxy, type TcpProxy } from "./ground.ts";

let ground: Ground;
let proxy: TcpProxy;
let namespace: string;
let stop: AbortController;
const running: Promise<unknown>[] = [];

beforeAll(async () => {
  ground = await breakGround();
  proxy = await startProxy(ground.controlPlane);
});
afterAll(async () => {
  await proxy?.close();
  await ground?.stop();
});
beforeEach(async () => {
  namespace = await ground.newNamespace();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await Promise.all(running.splice(0));
});

const backoff = { baseMs: 100, maxMs: 1000 };
const key = (name: string) => ({ namespace, name });
const create = (name: string) => ground.api.create(widgets, { metadata: key(name) });

function reflect(api: KubeApi) {
  const lines: { msg: string; err?: { status?: number } }[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const reflector = new Reflector<Widget>({ api, kind: widgets, clock: systemClock, log, namespace, backoff });
  running.push(reflector.run(stop.signal));
  const names = () =>
    reflector.store
      .list()
      .map(({ metadata }) => metadata.name)
      .sort()
      .join(" ");
  return { reflector, names, lines };
}

describe("a reflector on a real API server", () => {
  it("follows on after the API server was killed and started again", async () => {
    await create("before");
    const { reflector, names } = reflect(ground.client());
    await reflector.untilSynced(stop.signal);
    await ground.controlPlane.killApiServer();
    await ground.controlPlane.startApiServer();
    await create("after");
    await eventually("the new object is seen", () => names() === "after before");
  });

  it("opens a new watch after its connection was cut, and misses nothing", async () => {
    await create("a");
    const { reflector, names } = reflect(ground.client({ proxy }));
    await reflector.untilSynced(stop.signal);
    for (const name of ["b", "c", "d"]) {
      proxy.refusing = true;
      proxy.cut();
      await create(name);
      proxy.refusing = false;
      await eventually(`${name} is seen`, () => names().endsWith(name), 20);
    }
    expect(names()).toBe("a b c d");
  });

  it("opens a new watch when its connection is dead without a sign", async () => {
    await create("a");
    const { reflector, names } = reflect(ground.client({ proxy, watchSilenceSeconds: 1 }));
    await reflector.untilSynced(stop.signal);
    proxy.swallow();
    await create("b");
    await eventually("the new object is seen", () => names() === "a b", 20);
  });

  it("lists again when the server has forgotten its version (410 Gone)", async () => {
    await create("a");
    await create("b");
    const { reflector, names, lines } = reflect(ground.client({ proxy }));
    await reflector.untilSynced(stop.signal);
    proxy.refusing = true;
    proxy.cut();
    await ground.api.delete(widgets, key("a"));
    await create("c");
    // A new API server remembers nothing from before its start.
    await ground.controlPlane.restartApiServer();
    proxy.refusing = false;
    await eventually("the store is right again", () => names() === "b c");
    expect(lines.some(({ err }) => err?.status === 410)).toBe(true);
  });
});

describe("a controller on a real API server", () => {
  it("goes on with the others when a handler throws for one", async () => {
    const { reflector } = reflect(ground.client());
    reflector.store.subscribe(() => {
      throw new Error("a listener that throws");
    });
    const attempts = new Map<string, number>();
    const controller = new Controller({
      name: "widget",
      clock: systemClock,
      log: quiet,
      backoff,
      reconciler: {
        async reconcile({ name }) {
          const attempt = (attempts.get(name) ?? 0) + 1;
          attempts.set(name, attempt);
          if (name === "bad" && attempt < 4) throw new TypeError("a handler that throws");
          return done;
        },
      },
    });
    reflector.store.subscribe(({ object }) => controller.enqueue(key(object.metadata.name)));
    running.push(controller.run(stop.signal));
    for (const name of ["bad", "good-1", "good-2"]) await create(name);
    await eventually("every object is reconciled", () => attempts.get("bad") === 4 && attempts.size === 3);
    expect([attempts.get("good-1"), attempts.get("good-2")]).toEqual([1, 1]);
  });

  it("gets its status in while somebody else writes the same object all the time", async () => {
    await create("a");
    const { reflector } = reflect(ground.client());
    await reflector.untilSynced(stop.signal);
    const meddling = (async () => {
      for (let round = 0; !stop.signal.aborted; round += 1) {
        await systemClock.sleep(10);
        await ground.api.mergePatch(widgets, key("a"), {
          metadata: {
            annotations: { round: String(round) },
            finalizers: [`other.example/${round}`, "other.example/keep"],
          },
        });
      }
    })();
    const read = () => {
      const object = reflector.store.get(key("a"));
      if (object === undefined) throw new Error("not in the store");
      return object;
    };
    for (let pid = 1; pid <= 20; pid += 1) {
      const write = { api: ground.api, kind: widgets, object: read(), store: reflector.store, leading: stop.signal };
      await withStatus({ ...write, initial: write.object.status ?? {} }, async ({ status }) => {
        status.server = { pid };
      });
      expect(read().status?.server).toEqual({ pid });
    }
    stop.abort();
    await meddling;
    const finalized = await addFinalizer({
      api: ground.api,
      kind: widgets,
      object: read(),
      finalizer: "xensan.dev/cleanup",
    });
    expect(finalized.metadata.finalizers).toEqual([
      expect.stringMatching(/^other\.example\/\d+$/),
      "other.example/keep",
      "xensan.dev/cleanup",
    ]);
  });

  it("writes no status that says nothing new, keeps that of others, and takes back its own", async () => {
    const ready = { type: "Ready", status: "True", reason: "Ready", message: "fine" };
    const audited = { type: "Audited", status: "True" };
    const status = { conditions: [ready], server: { pid: 7, unit: "vblade@e0.1" }, clients: [{ name: "bella" }] };
    const write = { api: ground.api, kind: widgets };
    const signal = stop.signal;
    const first = await applyStatus({ ...write, object: await create("a") }, status, signal);
    expect(first.status).toEqual(status);
    const other = { fieldManager: "auditor", subresource: "status", force: true } as const;
    await ground.api.apply(
      widgets,
      { metadata: key("a"), status: { conditions: [audited], observedGeneration: 1 } },
      other,
    );
    const seen = await ground.api.get(widgets, key("a"));
    expect(await applyStatus({ ...write, object: seen }, structuredClone(status), signal)).toBe(seen);
    await ground.api.apply(
      widgets,
      { metadata: key("a"), status: { conditions: [audited], server: { pid: 8 } } },
      other,
    );
    const drifted = await ground.api.get(widgets, key("a"));
    const repaired = await applyStatus({ ...write, object: drifted }, status, signal);
    expect(repaired.status?.server).toEqual({ pid: 7, unit: "vblade@e0.1" });
    const emptied = await applyStatus({ ...write, object: repaired }, { conditions: [ready] }, signal);
    expect(emptied.status?.clients).toBeUndefined();
    expect(emptied.status?.server?.unit).toBeUndefined();
    expect(emptied.status?.conditions).toEqual([ready, audited]);
  });
});
