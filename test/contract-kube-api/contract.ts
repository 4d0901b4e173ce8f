import { beforeEach, describe, expect, it } from "vitest";
import { type KubeApi, KubeError, type WatchEvent } from "../../src/runtime/kube-api.ts";
import { events, leases, secrets } from "./built-in-kinds.ts";
import { type Widget, widgets } from "./widget.ts";

/** One API server to judge. */
export interface Subject {
  readonly api: KubeApi;
  /** A namespace that nobody used before. */
  newNamespace(): Promise<string>;
  /** Makes resource version "1" too old to watch from. */
  forgetHistory(): Promise<void>;
}

/** What xensan relies on in an API server, said once and asked of the real one and of the one in the simulation. */
export function describeKubeApi(name: string, subject: () => Subject): void {
  describe(`${name}: a Kubernetes API`, () => {
    let api: KubeApi;
    let namespace: string;
    beforeEach(async () => {
      api = subject().api;
      namespace = await subject().newNamespace();
    });

    const widget = (
      name: string,
      rest: Omit<Partial<Widget>, "metadata"> & { metadata?: Partial<Widget["metadata"]> } = {},
    ): Widget => ({
      apiVersion: "contract.xensan.dev/v1",
      kind: "Widget",
      ...rest,
      metadata: { name, namespace, ...rest.metadata },
    });
    const key = (name: string) => ({ namespace, name });
    const get = (name: string) => api.get(widgets, key(name));
    const applyWidget = (fields: Record<string, unknown>, manager = "one", force = false) =>
      api.apply(
        widgets,
        { apiVersion: "contract.xensan.dev/v1", kind: "Widget", metadata: key("a"), ...fields },
        { fieldManager: manager, force },
      );
    const applyStatus = (status: Widget["status"], manager = "xensan", meta: Record<string, unknown> = {}) =>
      api.apply(
        widgets,
        { apiVersion: "contract.xensan.dev/v1", kind: "Widget", metadata: { ...key("a"), ...meta }, status },
        { fieldManager: manager, force: true, subresource: "status" },
      );

    describe("creating", () => {
      it("answers the object with identity, defaults and the status that the schema gives it", async () => {
        const created = await api.create(widgets, widget("a", { spec: { size: 1 } }));
        expect(created.metadata).toMatchObject({ name: "a", namespace, generation: 1 });
        expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        expect({ ...created, metadata: undefined }).toEqual({
          apiVersion: "contract.xensan.dev/v1",
          kind: "Widget",
          metadata: undefined,
          spec: { colour: "Red", size: 1 },
          status: { conditions: [pending] },
        });
        expect((await get("a")).metadata.resourceVersion).toBe(created.metadata.resourceVersion);
      });

      it("ignores the status of the request and drops unknown fields", async () => {
        const extra: Widget["spec"] & { taste: string } = { size: 1, taste: "sweet" };
        const created = await api.create(widgets, widget("a", { spec: extra, status: { server: { pid: 1 } } }));
        expect(created.spec).toEqual({ colour: "Red", size: 1 });
        expect(created.status).toEqual({ conditions: [pending] });
      });

      it("refuses a name that exists, and what the schema refuses", async () => {
        await api.create(widgets, widget("a"));
        await expect(api.create(widgets, widget("a"))).rejects.toMatchObject(failure(409, "AlreadyExists"));
        await expect(api.create(widgets, widget("b", { spec: { colour: "Mauve" } }))).rejects.toMatchObject(
          failure(422, "Invalid"),
        );
        await expect(api.create(widgets, widget("b", { spec: { size: 11 } }))).rejects.toMatchObject(
          failure(422, "Invalid"),
        );
        await expect(get("b")).rejects.toMatchObject(failure(404, "NotFound"));
      });
    });

    describe("updating", () => {
      it("needs the current resourceVersion", async () => {
        const first = await api.create(widgets, widget("a", { spec: { size: 1 } }));
        const second = await api.update(widgets, { ...first, spec: { size: 2 } });
        expect(second.metadata.generation).toBe(2);
        await expect(api.update(widgets, { ...first, spec: { size: 3 } })).rejects.toMatchObject(
          failure(409, "Conflict"),
        );
        await expect(api.update(widgets, widget("b", { metadata: { resourceVersion: "1" } }))).rejects.toMatchObject(
          failure(404, "NotFound"),
        );
      });

      it("of a Lease that is gone, of a kind that an update may create, is a conflict if it names the uid", async () => {
        const created = await api.create(widgets, widget("a"));
        await api.delete(widgets, key("a"));
        await expect(api.update(widgets, created)).rejects.toMatchObject(failure(404, "NotFound"));
        const lease = await api.create(leases, { metadata: { name: "leader", namespace }, spec: {} });
        await api.delete(leases, key("leader"));
        await expect(api.update(leases, lease)).rejects.toMatchObject(failure(409, "Conflict"));
      });

      it("counts a generation for the spec only, never for metadata or status", async () => {
        const first = await api.create(widgets, widget("a", { spec: { size: 1 } }));
        const labelled = await api.update(widgets, { ...first, metadata: { ...first.metadata, labels: { x: "y" } } });
        expect([labelled.metadata.generation, labelled.metadata.labels]).toEqual([1, { x: "y" }]);
        const status = await applyStatus({ observedGeneration: 1 });
        expect(status.metadata.generation).toBe(1);
      });

      it("leaves the status alone", async () => {
        await api.create(widgets, widget("a", { spec: { size: 1 } }));
        const withStatus = await applyStatus({ server: { pid: 7 } });
        const { status: _status, ...rest } = withStatus;
        const updated = await api.update(widgets, {
          ...rest,
          spec: { colour: "Blue" },
          status: { server: { pid: 8 } },
        });
        expect(updated.status?.server).toEqual({ pid: 7 });
        expect(updated.spec).toEqual({ colour: "Blue" });
      });

      it("that changes nothing counts no generation", async () => {
        const first = await api.create(widgets, widget("a", { spec: { size: 1 } }));
        const same = await api.update(widgets, first);
        expect([same.metadata.generation, same.spec]).toEqual([1, first.spec]);
      });
    });

    describe("a merge patch", () => {
      it("sets, replaces lists and removes with null", async () => {
        await api.create(
          widgets,
          widget("a", { metadata: { annotations: { a: "1", b: "2" } }, spec: { size: 1, holes: [1, 2] } }),
        );
        const patched = await api.mergePatch(widgets, key("a"), {
          metadata: { annotations: { a: null, c: "3" } },
          spec: { size: null, holes: [3] },
        });
        expect(patched.metadata.annotations).toEqual({ b: "2", c: "3" });
        expect(patched.spec).toEqual({ colour: "Red", holes: [3] });
        expect(patched.metadata.generation).toBe(2);
      });

      it("is optimistic with a resourceVersion and not without", async () => {
        const first = await api.create(widgets, widget("a"));
        await api.mergePatch(widgets, key("a"), { spec: { size: 1 } });
        const stale = { metadata: { resourceVersion: first.metadata.resourceVersion }, spec: { size: 2 } };
        await expect(api.mergePatch(widgets, key("a"), stale)).rejects.toMatchObject(failure(409, "Conflict"));
        await expect(api.mergePatch(widgets, key("b"), { spec: {} })).rejects.toMatchObject(failure(404, "NotFound"));
        expect((await get("a")).spec?.size).toBe(1);
      });

      it("does not reach the status", async () => {
        await api.create(widgets, widget("a"));
        const patched = await api.mergePatch(widgets, key("a"), { status: { server: { pid: 1 } } });
        expect(patched.status).toEqual({ conditions: [pending] });
      });
    });

    describe("server-side apply", () => {
      it("creates what is not there, and the same again changes nothing", async () => {
        const first = await applyWidget({ spec: { size: 1 } });
        expect(first.spec).toEqual({ colour: "Red", size: 1 });
        const again = await applyWidget({ spec: { size: 1 } });
        expect([again.metadata.generation, again.spec]).toEqual([1, first.spec]);
      });

      it("removes what its manager no longer claims, and only that", async () => {
        await applyWidget({ spec: { size: 1, holes: [1] } }, "one");
        await applyWidget({ spec: { size: 1, made: { by: "two" } } }, "two");
        const left = await applyWidget({ spec: { holes: [2] } }, "one");
        expect(left.spec).toEqual({ colour: "Red", size: 1, holes: [2], made: { by: "two" } });
        const gone = await applyWidget({ spec: {} }, "two");
        expect(gone.spec).toEqual({ colour: "Red", holes: [2] });
      });

      it("refuses to overwrite another manager's value unless forced", async () => {
        await applyWidget({ spec: { size: 1 } }, "one");
        await expect(applyWidget({ spec: { size: 2 } }, "two")).rejects.toMatchObject(failure(409, "Conflict"));
        const forced = await applyWidget({ spec: { size: 2 } }, "two", true);
        expect(forced.spec?.size).toBe(2);
        const released = await applyWidget({ spec: {} }, "one");
        expect(released.spec?.size).toBe(2);
      });

      it("merges map lists by their keys", async () => {
        await applyWidget({ spec: { parts: [{ name: "wheel", count: 4 }] } }, "one");
        const both = await applyWidget({ spec: { parts: [{ name: "door", count: 2 }] } }, "two");
        expect(both.spec?.parts).toEqual([
          { name: "wheel", count: 4 },
          { name: "door", count: 2 },
        ]);
        const one = await applyWidget({ spec: { parts: [] } }, "one");
        expect(one.spec?.parts).toEqual([{ name: "door", count: 2 }]);
      });

      it("adds and removes its own finalizer beside others", async () => {
        await api.create(widgets, widget("a", { metadata: { finalizers: ["other.dev/x"] } }));
        const mine = await applyWidget({ metadata: { ...key("a"), finalizers: ["xensan.dev/cleanup"] } });
        expect([...(mine.metadata.finalizers ?? [])].sort()).toEqual(["other.dev/x", "xensan.dev/cleanup"]);
        const without = await applyWidget({});
        expect(without.metadata.finalizers).toEqual(["other.dev/x"]);
      });

      it("with the uid or version of another object is a conflict", async () => {
        await applyWidget({ spec: { size: 1 } });
        const other = { ...key("a"), uid: "00000000-0000-4000-8000-000000000000" };
        await expect(applyWidget({ metadata: other, spec: { size: 2 } })).rejects.toMatchObject(
          failure(409, "Conflict"),
        );
        const stale = { ...key("a"), resourceVersion: "1" };
        await expect(applyStatus({ server: { pid: 1 } }, "xensan", { resourceVersion: "1" })).rejects.toMatchObject(
          failure(409, "Conflict"),
        );
        // The status subresource does not look at the uid: only a resourceVersion ties a status to one object.
        const status = await applyStatus({ server: { pid: 1 } }, "xensan", { uid: other.uid });
        expect(status.status?.server).toEqual({ pid: 1 });
        await expect(applyWidget({ metadata: stale, spec: { size: 2 } })).rejects.toMatchObject(
          failure(409, "Conflict"),
        );
      });
    });

    describe("applying the status", () => {
      it("merges conditions by type, over the default ones too", async () => {
        await api.create(widgets, widget("a"));
        const first = await applyStatus({ observedGeneration: 1, conditions: [ready] });
        expect(first.status).toEqual({ observedGeneration: 1, conditions: [ready] });
        const painted = { type: "Painted", status: "False" };
        const two = await applyStatus({ conditions: [painted] }, "painter");
        expect(two.status).toEqual({ observedGeneration: 1, conditions: [ready, painted] });
        const again = await applyStatus({ observedGeneration: 1, conditions: [ready] });
        expect(again.status).toEqual(two.status);
      });

      it("removes fields, list items and emptied objects that it no longer claims", async () => {
        await api.create(widgets, widget("a"));
        const gone = { type: "Conflicted", status: "True" };
        await applyStatus({
          conditions: [ready, gone],
          server: { pid: 7, unit: "x" },
          clients: [{ name: "bella", state: "Up" }],
        });
        const less = await applyStatus({ conditions: [ready], server: { pid: 7 } });
        expect(less.status).toEqual({ conditions: [ready], server: { pid: 7 } });
        const least = await applyStatus({ conditions: [ready] });
        expect(least.status).toEqual({ conditions: [ready] });
      });

      it("touches nothing else, and is refused for an object that is gone or by the schema", async () => {
        const created = await api.create(widgets, widget("a", { spec: { size: 1 } }));
        const applied = await api.apply(
          widgets,
          {
            apiVersion: "contract.xensan.dev/v1",
            kind: "Widget",
            metadata: { ...key("a"), labels: { x: "y" } },
            spec: { size: 9 },
            status: { server: { pid: 1 } },
          },
          { fieldManager: "xensan", force: true, subresource: "status" },
        );
        expect([applied.spec, applied.metadata.labels, applied.metadata.generation]).toEqual([
          created.spec,
          undefined,
          1,
        ]);
        await expect(applyStatus({ conditions: [{ type: "Ready", status: "Perhaps" }] })).rejects.toMatchObject(
          failure(422, "Invalid"),
        );
        await api.delete(widgets, key("a"));
        await expect(applyStatus({ server: { pid: 1 } })).rejects.toMatchObject(failure(404, "NotFound"));
        const { uid = "", resourceVersion = "" } = created.metadata;
        const named = { metadata: { ...key("a"), uid, resourceVersion }, status: { server: { pid: 1 } } };
        const request = { fieldManager: "xensan", force: true, subresource: "status" } as const;
        await expect(api.apply(widgets, named, request)).rejects.toMatchObject(failure(404, "NotFound"));
      });

      it("by the manager that also applied the object leaves the object's values", async () => {
        await applyWidget(
          { metadata: { ...key("a"), finalizers: ["xensan.dev/cleanup"] }, spec: { size: 1 } },
          "xensan",
        );
        const status = await applyStatus({ server: { pid: 1 } });
        expect([status.spec?.size, status.metadata.finalizers]).toEqual([1, ["xensan.dev/cleanup"]]);
        const main = await applyWidget(
          { metadata: { ...key("a"), finalizers: ["xensan.dev/cleanup"] }, spec: { size: 1 } },
          "xensan",
        );
        expect(main.status?.server).toEqual({ pid: 1 });
      });
    });

    describe("deleting", () => {
      it("waits for the finalizers", async () => {
        const created = await api.create(widgets, widget("a", { metadata: { finalizers: ["xensan.dev/cleanup"] } }));
        await api.delete(widgets, key("a"));
        const marked = await get("a");
        expect(marked.metadata.deletionTimestamp).toMatch(/^\d{4}-/);
        expect(marked.metadata.generation).toBe((created.metadata.generation ?? 0) + 1);
        await api.delete(widgets, key("a"));
        expect((await get("a")).metadata.resourceVersion).toBe(marked.metadata.resourceVersion);
        const more = { metadata: { finalizers: ["xensan.dev/cleanup", "late.dev/x"] } };
        await expect(api.mergePatch(widgets, key("a"), more)).rejects.toMatchObject(failure(422, "Invalid"));
        await api.mergePatch(widgets, key("a"), { metadata: { finalizers: null } });
        await expect(get("a")).rejects.toMatchObject(failure(404, "NotFound"));
      });

      it("heeds preconditions", async () => {
        const created = await api.create(widgets, widget("a"));
        const uid = "00000000-0000-4000-8000-000000000000";
        await expect(api.delete(widgets, key("a"), { preconditions: { uid } })).rejects.toMatchObject(
          failure(409, "Conflict"),
        );
        await expect(api.delete(widgets, key("a"), { preconditions: { resourceVersion: "1" } })).rejects.toMatchObject(
          failure(409, "Conflict"),
        );
        await api.delete(widgets, key("a"), { preconditions: { uid: created.metadata.uid ?? "" } });
        await expect(api.delete(widgets, key("a"))).rejects.toMatchObject(failure(404, "NotFound"));
      });

      it("and creating again makes another object", async () => {
        const first = await api.create(widgets, widget("a"));
        await api.delete(widgets, key("a"));
        const second = await api.create(widgets, widget("a"));
        expect(second.metadata.uid).not.toBe(first.metadata.uid);
        expect(second.metadata.generation).toBe(1);
      });
    });

    describe("listing", () => {
      const names = (list: { items: Widget[] }) => list.items.map((item) => item.metadata.name);

      it("pages through one moment in time", async () => {
        for (const name of ["a", "b", "c", "d", "e"]) await api.create(widgets, widget(name));
        const first = await api.list(widgets, { namespace, limit: 2 });
        await api.delete(widgets, key("c"));
        const second = await api.list(widgets, { namespace, limit: 2, continue: first.continue ?? "" });
        const third = await api.list(widgets, { namespace, limit: 2, continue: second.continue ?? "" });
        expect([names(first), names(second), names(third)]).toEqual([["a", "b"], ["c", "d"], ["e"]]);
        expect(third.continue).toBeUndefined();
        expect([second.resourceVersion, third.resourceVersion]).toEqual([first.resourceVersion, first.resourceVersion]);
      });

      it("selects by namespace, label and name", async () => {
        await api.create(widgets, widget("a", { metadata: { labels: { app: "x", tier: "1" } } }));
        await api.create(widgets, widget("b", { metadata: { labels: { app: "y" } } }));
        await api.create(widgets, widget("c"));
        const select = async (options: { labelSelector?: string; fieldSelector?: string }) =>
          names(await api.list(widgets, { namespace, ...options }));
        expect(await select({ labelSelector: "app=x" })).toEqual(["a"]);
        expect(await select({ labelSelector: "app in (x, y),!tier" })).toEqual(["b"]);
        expect(await select({ labelSelector: "app!=x" })).toEqual(["b", "c"]);
        expect(await select({ fieldSelector: "metadata.name=b" })).toEqual(["b"]);
        await expect(select({ fieldSelector: "spec.nothing=b" })).rejects.toMatchObject({ status: 400 });
        const elsewhere = await subject().newNamespace();
        expect(await api.list(widgets, { namespace: elsewhere }).then(names)).toEqual([]);
        expect((await api.list(widgets)).items.length).toBeGreaterThanOrEqual(3);
      });
    });

    describe("watching", () => {
      /** What a watch tells until it has told `count` events, or ended. */
      const collect = async (resourceVersion: string, count: number, timeoutSeconds = 30) => {
        const stop = new AbortController();
        const seen: WatchEvent<Widget>[] = [];
        for await (const event of api.watch(widgets, {
          namespace,
          resourceVersion,
          timeoutSeconds,
          signal: stop.signal,
        })) {
          if (event.type === "BOOKMARK") continue;
          seen.push(event);
          if (seen.length === count) stop.abort();
        }
        return seen.map((event) =>
          event.type === "BOOKMARK" ? [] : [event.type, event.object.metadata.name, event.object.spec?.size],
        );
      };

      it("tells every change since a list, in order, and ends when aborted", async () => {
        await api.create(widgets, widget("before"));
        const { resourceVersion } = await api.list(widgets, { namespace });
        const other = await subject().newNamespace();
        const told = collect(resourceVersion, 5);
        await api.create(widgets, widget("a", { spec: { size: 1 } }));
        await api.create(widgets, { ...widget("z"), metadata: { name: "z", namespace: other } });
        await api.mergePatch(widgets, key("a"), { spec: { size: 2 } });
        await api.delete(widgets, key("a"));
        await api.create(widgets, widget("a", { spec: { size: 3 }, metadata: { finalizers: ["xensan.dev/cleanup"] } }));
        await api.delete(widgets, key("a"));
        expect(await told).toEqual([
          ["ADDED", "a", 1],
          ["MODIFIED", "a", 2],
          ["DELETED", "a", 2],
          ["ADDED", "a", 3],
          ["MODIFIED", "a", 3],
        ]);
        expect(await collect(resourceVersion, 2)).toEqual([
          ["ADDED", "a", 1],
          ["MODIFIED", "a", 2],
        ]);
      });

      it("tells of one type of Secrets only", async () => {
        const { resourceVersion } = await api.list(secrets, { namespace });
        const stop = new AbortController();
        const seen: string[] = [];
        const secret = (name: string, type: string) => ({
          metadata: { name, namespace },
          type,
          data: { password: "cA==" },
        });
        await api.create(secrets, secret("other", "Opaque"));
        await api.create(secrets, secret("login", "kubernetes.io/basic-auth"));
        await api.delete(secrets, key("other"));
        await api.delete(secrets, key("login"));
        const where = {
          namespace,
          resourceVersion,
          timeoutSeconds: 30,
          fieldSelector: "type=kubernetes.io/basic-auth",
        };
        for await (const event of api.watch(secrets, { ...where, signal: stop.signal })) {
          if (event.type !== "BOOKMARK") seen.push(`${event.type} ${event.object.metadata.name}`);
          if (seen.length === 2) stop.abort();
        }
        expect(seen).toEqual(["ADDED login", "DELETED login"]);
      });

      it("ends by itself after its time", async () => {
        const { resourceVersion } = await api.list(widgets, { namespace });
        expect(await collect(resourceVersion, 1, 1)).toEqual([]);
      });

      it("from a forgotten version is gone", async () => {
        await api.create(widgets, widget("a"));
        await subject().forgetHistory();
        await expect(collect("1", 1)).rejects.toMatchObject({ status: 410 });
      });

      it("does not start for an aborted signal", async () => {
        const signal = AbortSignal.abort();
        for await (const _event of api.watch(widgets, { namespace, resourceVersion: "1", signal }))
          expect.unreachable();
      });
    });

    describe("kinds that Kubernetes brings", () => {
      it("keeps a Secret's stringData as data", async () => {
        const secret = { metadata: { name: "key", namespace }, type: "Opaque", stringData: { a: "ä" } };
        const created = await api.create(secrets, secret);
        expect([created.data, created.stringData]).toEqual([{ a: Buffer.from("ä").toString("base64") }, undefined]);
      });

      it("lets one of two candidates take a Lease", async () => {
        const lease = {
          metadata: { name: "leader", namespace },
          spec: { holderIdentity: "one", leaseDurationSeconds: 15 },
        };
        const created = await api.create(leases, lease);
        await api.update(leases, { ...created, spec: { ...created.spec, holderIdentity: "two" } });
        await expect(
          api.update(leases, { ...created, spec: { ...created.spec, holderIdentity: "three" } }),
        ).rejects.toMatchObject(failure(409, "Conflict"));
        expect((await api.get(leases, { namespace, name: "leader" })).spec?.holderIdentity).toBe("two");
      });

      it("stores Events", async () => {
        const event = {
          metadata: { name: "a.1", namespace },
          eventTime: "2026-01-01T00:00:00.000000Z",
          reportingController: "xensan.dev/operator",
          reportingInstance: "one",
          action: "Export",
          reason: "Exported",
          regarding: { kind: "Widget", name: "a", namespace },
          type: "Normal",
        };
        expect((await api.create(events, event)).reason).toBe("Exported");
      });

      it("does not know a kind that nobody declared", async () => {
        const kind = {
          group: "contract.xensan.dev",
          version: "v1",
          kind: "Gadget",
          plural: "gadgets",
          namespaced: true,
        };
        const error = await api.list(kind).catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(KubeError);
        expect(error).toMatchObject({ status: 404 });
      });
    });
  });
}

const pending = { type: "Ready", status: "Unknown", reason: "Pending", message: "Waiting for controller" };
const ready = { type: "Ready", status: "True", reason: "Done", message: "It is" };

function failure(status: number, reason: string): { status: number; reason: string } {
  return { status, reason };
}
