import { describe, expect, it } from "vitest";
import { addFinalizer, removeFinalizer } from "../../../src/runtime/finalizers.ts";
import { widgets } from "../../contract-kube-api/widget.ts";
import { stage } from "./stage.ts";

const key = { namespace: "san", name: "a" };
const finalizer = "xensan.dev/cleanup";

async function widgetOnStage() {
  const on = stage();
  const api = on.connect();
  const object = await api.create(widgets, { metadata: { ...key } });
  const finalizers = async () => (await api.get(widgets, key)).metadata.finalizers;
  const others = (names: string[]) => api.mergePatch(widgets, key, { metadata: { finalizers: names } });
  return { ...on, api, object, finalizers, others, request: { api, kind: widgets, object, finalizer } };
}

describe("a finalizer", () => {
  it("is added once", async () => {
    const { request, finalizers } = await widgetOnStage();
    const first = await addFinalizer(request);
    expect(await addFinalizer({ ...request, object: first })).toBe(first);
    expect(await finalizers()).toEqual([finalizer]);
  });

  it("is added and removed beside those that others put there meanwhile", async () => {
    const { request, finalizers, others } = await widgetOnStage();
    await others(["other.example/a"]);
    const object = await addFinalizer(request);
    expect(await finalizers()).toEqual(["other.example/a", finalizer]);
    await others(["other.example/a", finalizer, "other.example/b"]);
    await removeFinalizer({ ...request, object });
    expect(await finalizers()).toEqual(["other.example/a", "other.example/b"]);
  });

  it("lets a deleted object go, also when it is gone already", async () => {
    const { request, api } = await widgetOnStage();
    const object = await addFinalizer(request);
    await api.delete(widgets, key);
    await removeFinalizer({ ...request, object });
    await expect(api.get(widgets, key)).rejects.toMatchObject({ status: 404 });
    expect(await removeFinalizer({ ...request, object })).toBeUndefined();
  });

  it("never touches a successor of the same name", async () => {
    const { request, api, finalizers, others } = await widgetOnStage();
    const object = await addFinalizer(request);
    await removeFinalizer({ ...request, object });
    await api.delete(widgets, key);
    await api.create(widgets, { metadata: { ...key } });
    await others([finalizer]);
    await expect(removeFinalizer({ ...request, object })).rejects.toMatchObject({ status: 409 });
    expect(await finalizers()).toEqual([finalizer]);
  });
});
