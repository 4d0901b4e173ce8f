import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../../src/clock.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { Reflector } from "../../../src/runtime/reflector.ts";
import { widgets } from "../../contract-kube-api/widget.ts";
import { eventually } from "../eventually.ts";
import { breakGround, configMaps, type Ground, quiet, startProxy } from "./ground.ts";

let ground: Ground;
beforeAll(async () => {
  ground = await breakGround();
});
afterAll(() => ground?.stop());

setFlagsFromString("--expose-gc");
const collectGarbage: unknown = runInNewContext("gc");
function heap(): number {
  if (typeof collectGarbage === "function") collectGarbage();
  return process.memoryUsage().heapUsed;
}

describe("ten thousand objects", () => {
  it("are listed in pages of 500 and followed from there", { timeout: 300_000 }, async () => {
    const namespace = await ground.newNamespace();
    const total = 10_000;
    let next = 0;
    const creating = Array.from({ length: 32 }, async () => {
      for (let index = next++; index < total; index = next++) {
        await ground.api.create(configMaps, {
          metadata: { name: `c${index}`, namespace },
          data: { index: String(index) },
        });
      }
    });
    await Promise.all(creating);
    const metrics = createMetrics();
    const stop = new AbortController();
    const reflector = new Reflector({
      api: ground.client({ metrics }),
      kind: configMaps,
      clock: systemClock,
      log: quiet,
      namespace,
    });
    const running = reflector.run(stop.signal);
    await reflector.untilSynced(stop.signal);
    expect(reflector.store.size).toBe(total);
    await ground.api.create(configMaps, { metadata: { name: "one-more", namespace } });
    await eventually("the watch goes on after the list", () => reflector.store.size === total + 1);
    const requests = (await metrics.restClientRequestsTotal.get()).values.map(({ labels, value }) => [
      labels.code,
      labels.method,
      value,
    ]);
    expect(requests).toEqual([["200", "GET", 21]]);
    stop.abort();
    await running;
  });
});

describe("a long quiet time", () => {
  it("leaks no connection and no memory", async () => {
    const namespace = await ground.newNamespace();
    for (let index = 0; index < 50; index += 1)
      await ground.api.create(widgets, { metadata: { name: `w${index}`, namespace } });
    const proxy = await startProxy(ground.controlPlane);
    const metrics = createMetrics();
    const api = ground.client({ proxy, metrics });
    const stop = new AbortController();
    // A watch lives minutes, a list an hour: here about three hundred times faster.
    let watches = 0;
    let lists = 0;
    const counting = new Proxy(api, {
      get(target, name) {
        if (name === "list") lists += 1;
        if (name === "watch") watches += 1;
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const options = {
      ...{ api: counting, clock: systemClock, log: quiet, namespace, watchSeconds: 0.5, relistSeconds: 3 },
    };
    const reflectors = Array.from({ length: 6 }, () => new Reflector({ ...options, kind: widgets }));
    const running = reflectors.map((reflector) => reflector.run(stop.signal));
    await eventually("it has warmed up", () => watches > 30);
    const before = { heap: heap(), open: proxy.open, listeners: process.getActiveResourcesInfo().length };
    await eventually("much time has passed", () => watches > 150 && lists > 30, 90);
    const after = { heap: heap(), open: proxy.open, listeners: process.getActiveResourcesInfo().length };
    expect(proxy.most).toBeLessThanOrEqual(2 * reflectors.length);
    expect(after.open).toBeLessThanOrEqual(2 * reflectors.length);
    expect(after.listeners - before.listeners).toBeLessThan(10);
    expect((after.heap - before.heap) / 2 ** 20).toBeLessThan(4);
    // Reused connections are not opened again.
    expect(proxy.accepted).toBeLessThan(watches / 3);
    stop.abort();
    await Promise.all(running);
    await api.close();
    await eventually("every connection is closed", () => proxy.open === 0);
    await proxy.close();
  });
});
