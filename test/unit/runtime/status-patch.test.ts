import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { KubeApi } from "../../../src/runtime/kube-api.ts";
import { KubeError } from "../../../src/runtime/kube-api.ts";
import { applyStatus, Confirmed, saysTheSame, withStatus } from "../../../src/runtime/status-patch.ts";
import { Store } from "../../../src/runtime/store.ts";
import { type Widget, widgets } from "../../contract-kube-api/widget.ts";
import { stage } from "./stage.ts";

const key = { namespace: "san", name: "a" };
const ready = { type: "Ready", status: "True", reason: "Ready", message: "fine" };

async function widgetOnStage() {
  const on = stage();
  const plain = on.connect();
  const writes: unknown[] = [];
  const api: KubeApi = {
    ...plain,
    apply: (kind, object, options) => {
      writes.push(object);
      return plain.apply(kind, object, options);
    },
  };
  const object = await api.create(widgets, { metadata: { ...key } });
  const get = () => api.get(widgets, key);
  return { ...on, api, writes, object, get };
}

describe("the status of an object", () => {
  it("is written when it differs from what is stored, and only then", async () => {
    const { api, object, writes, signal } = await widgetOnStage();
    const status = { conditions: [ready], clients: [{ name: "bella", state: "up" }] };
    const first = await applyStatus({ api, kind: widgets, object }, status, signal);
    const second = await applyStatus({ api, kind: widgets, object: first }, structuredClone(status), signal);
    expect(second).toBe(first);
    expect(writes).toEqual([
      { metadata: { ...key, uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion }, status },
    ]);
  });

  it("is written without empty texts, which an old server would take for null", async () => {
    const { api, object, writes, signal } = await widgetOnStage();
    const status = { conditions: [ready], clients: [{ name: "bella", state: "" }] };
    const first = await applyStatus({ api, kind: widgets, object }, status, signal);
    expect(writes).toMatchObject([{ status: { conditions: [ready], clients: [{ name: "bella" }] } }]);
    expect(first.status).toEqual({ conditions: [ready], clients: [{ name: "bella" }] });
    expect(await applyStatus({ api, kind: widgets, object: first }, structuredClone(status), signal)).toBe(first);
  });

  it("is written as far as it is admissible, and not again", async () => {
    const { api, object, writes, signal } = await widgetOnStage();
    const status = { conditions: [ready], clients: [{ name: "bella", state: "odd \ud83d" }] };
    const seen: unknown[] = [];
    const admissible = (wanted: unknown) => {
      seen.push(wanted);
      return { conditions: [ready] };
    };
    const first = await applyStatus({ api, kind: widgets, object, admissible }, status, signal);
    await applyStatus({ api, kind: widgets, object: first, admissible }, status, signal);
    expect(writes).toMatchObject([{ status: { conditions: [ready] } }]);
    expect(first.status).toEqual({ conditions: [ready] });
    expect(seen[0]).toEqual({ conditions: [ready], clients: [{ name: "bella", state: "odd \ufffd" }] });
  });

  it("tells the store what stands there when an answer was lost and the next write meets a conflict", async () => {
    const { api, object, signal } = await widgetOnStage();
    const status = { conditions: [ready] };
    // Stored, but never answered.
    const lost = await applyStatus({ api, kind: widgets, object }, status, signal);
    const seen: unknown[] = [];
    const store = new (class extends Store<Widget> {
      override observe(one: Widget) {
        seen.push(one);
      }
    })({ log: pino({ level: "silent" }) });
    await applyStatus({ api, kind: widgets, object, store }, status, signal);
    expect(seen).toEqual([lost]);
  });

  it("loses fields that are no longer stated", async () => {
    const { api, object, signal, get } = await widgetOnStage();
    const write = { api, kind: widgets };
    const first = await applyStatus(
      { ...write, object },
      { conditions: [ready], server: { pid: 7, unit: "u" } },
      signal,
    );
    const second = await applyStatus({ ...write, object: first }, { conditions: [ready], server: { pid: 7 } }, signal);
    await applyStatus({ ...write, object: second }, { conditions: [ready], server: undefined }, signal);
    expect((await get()).status).toEqual({ conditions: [ready] });
  });

  it("takes back what somebody else overwrote", async () => {
    const { api, object, signal, get } = await widgetOnStage();
    const status = { conditions: [ready], server: { pid: 7 } };
    await applyStatus({ api, kind: widgets, object }, status, signal);
    await api.apply(
      widgets,
      { metadata: key, status: { server: { pid: 8 } } },
      { fieldManager: "intruder", force: true, subresource: "status" },
    );
    await applyStatus({ api, kind: widgets, object: await get() }, status, signal);
    expect((await get()).status).toEqual(status);
  });

  it("gets in although the object changed meanwhile", async () => {
    const { api, object, signal, get } = await widgetOnStage();
    await api.mergePatch(widgets, key, { spec: { size: 3 } });
    await applyStatus({ api, kind: widgets, object }, { conditions: [ready], server: { pid: 7 } }, signal);
    expect((await get()).status).toEqual({ conditions: [ready], server: { pid: 7 } });
  });

  it("does not replace what the cache did not show: the server has another status", async () => {
    const { api, object, signal, get } = await widgetOnStage();
    const intent = { server: { unit: "operation-1" } };
    // Stored, but never answered.
    await applyStatus({ api, kind: widgets, object }, intent, signal);
    const anew = applyStatus({ api, kind: widgets, object }, { server: { unit: "operation-2" } }, signal);
    await expect(anew).rejects.toMatchObject({
      status: 409,
      message: expect.stringContaining("differs from the cache"),
    });
    expect((await get()).status).toMatchObject(intent);
  });

  it("does not reach a successor of the same name", async () => {
    const { api, object, signal, get } = await widgetOnStage();
    await api.delete(widgets, key);
    await api.create(widgets, { metadata: { ...key } });
    await expect(applyStatus({ api, kind: widgets, object }, { server: { pid: 7 } }, signal)).rejects.toMatchObject({
      status: 409,
    });
    expect((await get()).status?.server).toBeUndefined();
  });

  describe("that others write to as well", () => {
    const audited = { type: "Audited", status: "True", reason: "Seen", message: "by an auditor" };
    const condition = { "f:type": {}, "f:status": {}, "f:reason": {}, "f:message": {}, ".": {} };
    const object: Widget = {
      metadata: {
        name: "a",
        managedFields: [
          {
            manager: "xensan",
            operation: "Apply",
            fieldsV1: {
              "f:status": {
                "f:conditions": { 'k:{"type":"Ready"}': condition },
                "f:server": { "f:pid": {} },
                "f:clients": {},
              },
            },
          },
          { manager: "auditor", operation: "Update", fieldsV1: { "f:status": { "f:observedGeneration": {} } } },
        ],
      },
      status: {
        conditions: [audited, ready],
        server: { pid: 7, unit: "theirs" },
        clients: [{ name: "bella" }],
        observedGeneration: 3,
      },
    };
    const ours = { conditions: [ready], server: { pid: 7 }, clients: [{ name: "bella" }] };

    it.each<[string, unknown, boolean]>([
      ["what we state is there", ours, true],
      ["one value differs", { ...ours, server: { pid: 8 } }, false],
      ["a field we stated before is no longer stated", { ...ours, server: {} }, false],
      ["a list we stated before is no longer stated", { conditions: [ready], server: { pid: 7 } }, false],
      ["a condition of ours is no longer stated", { ...ours, conditions: [] }, false],
      ["a condition of ours differs", { ...ours, conditions: [{ ...ready, status: "False" }] }, false],
      ["a condition is new", { ...ours, conditions: [ready, { ...ready, type: "Attached" }] }, false],
      ["a list without keys differs", { ...ours, clients: [{ name: "brutus" }] }, false],
    ])("is left as it is when %s: %o: %s", (_when, desired, same) => {
      expect(saysTheSame(object, desired, "xensan")).toBe(same);
    });
  });

  it("without a record of ownership is compared as a whole", () => {
    const object: Widget = { metadata: { name: "a" }, status: { server: { pid: 1, unit: "u" } } };
    expect(saysTheSame(object, { server: { unit: "u", pid: 1 }, clients: undefined }, "xensan")).toBe(true);
    expect(saysTheSame(object, { server: { pid: 1 } }, "xensan")).toBe(false);
    expect(saysTheSame({ metadata: { name: "a" } }, {}, "xensan")).toBe(true);
  });
});

describe("a reconcile with a draft of the status", () => {
  const nothing: NonNullable<Widget["status"]> = {};

  it("writes it once at the end", async () => {
    const { api, object, signal, get, writes } = await widgetOnStage();
    const write = { api, kind: widgets, object, initial: nothing, leading: signal };
    const result = await withStatus(write, async (draft) => {
      draft.status.server = { pid: 1 };
      draft.status.server = { pid: 2 };
      return "result";
    });
    expect([result, writes.length, (await get()).status?.server]).toEqual(["result", 1, { pid: 2 }]);
  });

  it("writes how far it got when it fails, and reports the failure", async () => {
    const { api, object, signal, get } = await widgetOnStage();
    const write = { api, kind: widgets, object, initial: nothing, leading: signal };
    const failing = withStatus(write, async (draft) => {
      draft.status.server = { pid: 1 };
      throw new Error("halfway");
    });
    await expect(failing).rejects.toThrow("halfway");
    expect((await get()).status?.server).toEqual({ pid: 1 });
  });

  it("writes an intent before it goes on, and nothing more when the rest changed nothing", async () => {
    const { api, object, signal, get, writes } = await widgetOnStage();
    await withStatus({ api, kind: widgets, object, initial: nothing, leading: signal }, async (draft) => {
      draft.status.server = { unit: "operation-1" };
      await draft.flush();
      expect((await get()).status?.server).toEqual({ unit: "operation-1" });
    });
    expect(writes).toHaveLength(1);
  });

  it("does not go on when the intent could not be written", async () => {
    const { api, object, signal } = await widgetOnStage();
    const broken: KubeApi = {
      ...api,
      apply: async () => await Promise.reject(new KubeError(500, "InternalError", "etcd")),
    };
    let acted = false;
    const failing = withStatus(
      { api: broken, kind: widgets, object, initial: nothing, leading: signal },
      async (draft) => {
        draft.status.server = { unit: "operation-1" };
        await draft.flush();
        acted = true;
      },
    );
    await expect(failing).rejects.toThrow("etcd");
    expect(acted).toBe(false);
  });

  it("writes nothing once it no longer leads", async () => {
    const { api, object, signal, stop, writes } = await widgetOnStage();
    const losing = withStatus({ api, kind: widgets, object, initial: nothing, leading: signal }, async (draft) => {
      draft.status.server = { pid: 1 };
      stop.abort(new Error("leadership lost"));
    });
    await expect(losing).rejects.toThrow("leadership lost");
    expect(writes).toEqual([]);
  });
});

describe("an intent that something irreversible rests on", () => {
  const nothing: NonNullable<Widget["status"]> = {};
  const intent = { server: { unit: "operation-1" } };

  /**
   * One reconcile that writes `status` and acts once the server has confirmed it; the requests, and whether it acted.
   */
  async function reconcile(
    { api, signal }: { readonly api: KubeApi; readonly signal: AbortSignal },
    object: Widget,
    confirmed: Confirmed,
    wanted: NonNullable<Widget["status"]> = object.status ?? nothing,
  ) {
    let [asked, acted] = [0, false];
    const counting: KubeApi = {
      ...api,
      get: (...request) => {
        asked += 1;
        return api.get(...request);
      },
    };
    const initial = object.status ?? nothing;
    const write = { api: counting, kind: widgets, object, initial, leading: signal, confirmed };
    const error = await withStatus(write, async (draft) => {
      draft.status = wanted;
      await draft.flush();
      await draft.confirm();
      acted = true;
    }).catch((thrown: unknown) => thrown);
    return { asked, acted, error };
  }

  it("is not asked for again where its write was answered, then or before", async () => {
    const on = await widgetOnStage();
    const confirmed = new Confirmed();
    expect(await reconcile(on, on.object, confirmed, intent)).toEqual({ asked: 0, acted: true, error: undefined });
    expect(await reconcile(on, await on.get(), confirmed)).toEqual({ asked: 0, acted: true, error: undefined });
  });

  it("is asked for once by a process that finds it in its cache", async () => {
    const on = await widgetOnStage();
    await applyStatus({ api: on.api, kind: widgets, object: on.object }, intent, on.signal);
    const confirmed = new Confirmed();
    expect(await reconcile(on, await on.get(), confirmed)).toEqual({ asked: 1, acted: true, error: undefined });
    expect(await reconcile(on, await on.get(), confirmed)).toEqual({ asked: 0, acted: true, error: undefined });
  });

  it("keeps it waiting while the cache is older than the server", async () => {
    const on = await widgetOnStage();
    const old = await applyStatus({ api: on.api, kind: widgets, object: on.object }, intent, on.signal);
    await applyStatus({ api: on.api, kind: widgets, object: old }, { server: { unit: "operation-2" } }, on.signal);
    const { acted, error } = await reconcile(on, old, new Confirmed());
    expect([acted, error]).toEqual([false, expect.objectContaining({ status: 409 })]);
  });

  it("keeps it waiting while a write has had no answer and nobody can be asked", async () => {
    const on = await widgetOnStage();
    const confirmed = new Confirmed();
    await reconcile(on, on.object, confirmed, intent);
    const before = await on.get();
    const silent = async () => await Promise.reject(new KubeError(0, "ConnectionReset", "socket hang up"));
    const changed = { server: { unit: "operation-2" } };
    const lost = await reconcile({ ...on, api: { ...on.api, apply: silent } }, before, confirmed, changed);
    expect(lost).toMatchObject({ acted: false, error: { status: 0 } });
    const blind = await reconcile({ ...on, api: { ...on.api, get: silent } }, before, confirmed);
    expect(blind).toMatchObject({ acted: false, error: { status: 0 } });
    expect(await reconcile(on, before, confirmed)).toEqual({ asked: 1, acted: true, error: undefined });
  });
});
