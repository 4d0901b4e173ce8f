import { describe, expect, it } from "vitest";
import { type KubeApi, KubeError } from "../../../src/runtime/kube-api.ts";
import { Reflector } from "../../../src/runtime/reflector.ts";
import { type Widget, widgets } from "../../contract-kube-api/widget.ts";
import { calm, type Weather } from "../../simulation/world/weather.ts";
import { stage } from "./stage.ts";

function reflecting(
  options: Partial<{ weather: Weather; api: KubeApi; pageSize: number; relistSeconds: number }> = {},
) {
  const on = stage();
  const { weather = { ...calm(), apiLatency: 1, watchLag: 0 } } = options;
  const plain = options.api ?? on.connect(weather);
  const calls: string[] = [];
  const api: KubeApi = {
    ...plain,
    list: (kind, query) => {
      calls.push(query?.continue === undefined ? "list" : "page");
      return plain.list(kind, query);
    },
    watch: (kind, query) => {
      calls.push("watch");
      return plain.watch(kind, query);
    },
  };
  const { clock, log } = on;
  const { pageSize, relistSeconds } = options;
  const reflector = new Reflector<Widget>({
    api,
    kind: widgets,
    clock,
    log,
    ...(pageSize === undefined ? {} : { pageSize }),
    ...(relistSeconds === undefined ? {} : { relistSeconds }),
  });
  const create = (name: string) => on.server.create(widgets, { metadata: { name, namespace: "san" } });
  const remove = (name: string) => on.server.delete(widgets, { namespace: "san", name });
  const names = () =>
    reflector.store
      .list()
      .map(({ metadata }) => metadata.name)
      .sort();
  return { ...on, reflector, create, remove, names, calls, weather, api };
}

describe("a reflector", () => {
  it("reads the list in pages, then follows the watch", async () => {
    const { reflector, create, remove, names, calls, signal, stop, eventually } = reflecting({ pageSize: 2 });
    for (const name of ["a", "b", "c", "d", "e"]) create(name);
    const running = reflector.run(signal);
    await eventually(() => reflector.synced);
    expect(names()).toEqual(["a", "b", "c", "d", "e"]);
    create("f");
    remove("a");
    await eventually(() => names().join("") === "bcdef");
    expect(calls).toEqual(["list", "page", "page", "watch"]);
    stop.abort();
    await running;
  });

  it("reads fewer objects at once where they are large", async () => {
    const base = reflecting();
    for (const name of ["a", "b", "c", "d", "e", "f"]) base.create(name);
    const asked: unknown[] = [];
    const api: KubeApi = {
      ...base.api,
      list: async (kind, query) => {
        asked.push([query?.limit, query?.maxBytes]);
        if ((query?.limit ?? 0) > 2) throw new KubeError(0, "TooLarge", "the answer has more than 10 bytes");
        return await base.api.list(kind, query);
      },
    };
    const { clock, log } = base;
    const reflector = new Reflector({ api, kind: widgets, clock, log, pageSize: 8, pageBytes: 10 });
    const running = reflector.run(base.signal);
    await base.eventually(() => reflector.synced);
    expect(reflector.store.list()).toHaveLength(6);
    expect(asked).toEqual([
      [8, 10],
      [2, 10],
      [2, 10],
      [2, 10],
    ]);
    base.stop.abort();
    await running;
  });

  it("goes on where it was when the server ends a watch in order", async () => {
    const { reflector, create, names, calls, signal, clock, stop } = reflecting();
    const running = reflector.run(signal);
    await clock.advance(30 * 60_000);
    create("late");
    await clock.advance(1000);
    expect(names()).toEqual(["late"]);
    expect(calls.filter((call) => call === "list")).toHaveLength(1);
    expect(calls.filter((call) => call === "watch").length).toBeGreaterThan(2);
    stop.abort();
    await running;
  });

  it("opens a new watch after a dropped connection and misses nothing", async () => {
    const weather = { ...calm(), apiLatency: 1, watchLag: 0, watchDrop: 0.5 };
    const { reflector, create, names, calls, signal, clock, stop } = reflecting({ weather });
    const running = reflector.run(signal);
    for (let index = 0; index < 20; index += 1) {
      create(`w${String(index).padStart(2, "0")}`);
      await clock.advance(500);
    }
    await clock.advance(10 * 60_000);
    expect(names()).toHaveLength(20);
    expect(calls.filter((call) => call === "list")).toHaveLength(1);
    stop.abort();
    await running;
  });

  it("keeps its objects while the server is away, asks less and less often, and catches up", async () => {
    const { reflector, create, remove, names, weather, signal, clock, calls, eventually, stop } = reflecting();
    create("a");
    const running = reflector.run(signal);
    await eventually(() => reflector.synced);
    weather.apiDown = true;
    create("b");
    const before = calls.length;
    await clock.advance(20 * 60_000);
    expect(names()).toEqual(["a"]);
    expect(calls.length - before).toBeLessThan(120);
    remove("a");
    weather.apiDown = false;
    await eventually(() => names().join("") === "b", 60);
    stop.abort();
    await running;
  });

  it("lists again when its version is gone", async () => {
    const { reflector, create, remove, server, names, weather, signal, clock, eventually, calls, stop } = reflecting();
    create("a");
    create("b");
    const running = reflector.run(signal);
    await eventually(() => reflector.synced);
    weather.apiDown = true;
    remove("a");
    create("c");
    await clock.advance(60_000);
    server.compact();
    weather.apiDown = false;
    await eventually(() => names().join("") === "bc", 120);
    expect(calls.filter((call) => call === "list").length).toBeGreaterThan(1);
    stop.abort();
    await running;
  });

  it("lists again when the continue token of a page is gone", async () => {
    const base = stage();
    const plain = base.connect();
    let refusals = 1;
    const api: KubeApi = {
      ...plain,
      list: async (kind, query) => {
        if (query?.continue !== undefined && refusals-- > 0) throw new KubeError(410, "Expired", "token too old");
        return await plain.list(kind, query);
      },
    };
    for (const name of ["a", "b", "c"]) base.server.create(widgets, { metadata: { name, namespace: "san" } });
    const reflector = new Reflector({ api, kind: widgets, clock: base.clock, log: base.log, pageSize: 2 });
    const running = reflector.run(base.signal);
    await base.eventually(() => reflector.synced, 60);
    expect(reflector.store.size).toBe(3);
    base.stop.abort();
    await running;
  });

  it("repairs what a watch failed to tell with its periodic list", async () => {
    const base = stage();
    const plain = base.connect();
    const deaf: KubeApi = {
      ...plain,
      async *watch(kind, query) {
        for await (const event of plain.watch(kind, query)) if (event.type === "BOOKMARK") yield event;
      },
    };
    const { reflector, signal, stop } = (() => {
      const reflector = new Reflector({
        api: deaf,
        kind: widgets,
        clock: base.clock,
        log: base.log,
        relistSeconds: 600,
      });
      return { reflector, signal: base.signal, stop: base.stop };
    })();
    const running = reflector.run(signal);
    await base.eventually(() => reflector.synced);
    base.server.create(widgets, { metadata: { name: "unheard", namespace: "san" } });
    await base.clock.advance(400_000);
    expect(reflector.store.size).toBe(0);
    await base.clock.advance(400_000);
    expect(reflector.store.size).toBe(1);
    stop.abort();
    await running;
  });

  it("reads no more objects than there is memory for, says what it needs, and goes on once there are fewer", async () => {
    const base = stage();
    for (const name of ["a", "b", "c", "d", "e"]) base.server.create(widgets, { metadata: { name, namespace: "san" } });
    let pages = 0;
    const plain = base.connect();
    const api: KubeApi = {
      ...plain,
      list: (kind, query) => {
        pages += 1;
        return plain.list(kind, query);
      },
    };
    const { clock, log } = base;
    const capacity = { atMost: 4, objects: (): number => reflector.store.size };
    const reflector: Reflector<Widget> = new Reflector({ api, kind: widgets, clock, log, pageSize: 2, capacity });
    const running = reflector.run(base.signal);
    await clock.advance(10 * 60_000);
    expect([reflector.synced, reflector.store.size]).toEqual([false, 4]);
    expect(pages).toBeLessThan(40);
    expect(reflector.refusal).toBe(
      "TooManyObjects: the memory limit serves about 4 objects and there are at least 5, so the operator changes nothing: set resources.limits.memory to 128Mi or more, or divide the namespaces among several releases",
    );
    expect(base.messages("error")).toEqual([reflector.refusal]);
    for (const name of ["a", "b"]) base.server.delete(widgets, { namespace: "san", name });
    await base.eventually(() => reflector.synced);
    expect([reflector.refusal, reflector.store.size]).toEqual([undefined, 3]);
    base.stop.abort();
    await running;
  });

  it("tells those who wait for the first list when it is there, or that it will not come", async () => {
    const { reflector, signal, stop, clock } = reflecting();
    const gaveUp = new AbortController();
    const impatient = reflector.untilSynced(gaveUp.signal).then(
      () => "synced",
      (reason: unknown) => reason,
    );
    gaveUp.abort("tired");
    expect(await impatient).toBe("tired");
    let synced = false;
    void reflector.untilSynced(signal).then(() => {
      synced = true;
    });
    const running = reflector.run(signal);
    await clock.advance(1000);
    expect(synced).toBe(true);
    stop.abort();
    await running;
  });
});
