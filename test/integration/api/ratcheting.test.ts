import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { parse } from "yaml";
import { createKubeClient, type KubeClient, textSource } from "../../../src/runtime/client-node.ts";
import { removeFinalizer } from "../../../src/runtime/finalizers.ts";
import type { Kind, KubeObject } from "../../../src/runtime/kube-api.ts";
import { customResourceDefinitions } from "../../contract-kube-api/built-in-kinds.ts";

/** AoeVolume in another group, so that its definition may change under the test. */
const group = "ratchet.xensan.dev";
const kind: Kind<KubeObject & { spec?: unknown }> = {
  ...{ group, version: "v1alpha1", kind: "AoeVolume", plural: "aoevolumes", namespaced: true },
};
const key = { namespace: "default", name: "old" };
const definition = fileURLToPath(new URL("../../../crds/aoevolumes.yaml", import.meta.url));

/** The definition with its rules, or as an older one without rules. */
async function define(rules: "WithRules" | "WithoutRules"): Promise<KubeObject> {
  const text = (await readFile(definition, "utf8")).replaceAll("xensan.dev", group);
  const crd: KubeObject = parse(text, (name: unknown, value: unknown) =>
    rules === "WithoutRules" && name === "x-kubernetes-validations" ? undefined : value,
  );
  return crd;
}

let api: KubeClient;
const applyDefinition = async (rules: "WithRules" | "WithoutRules") => {
  const { metadata, ...rest } = await define(rules);
  const object = { ...rest, metadata: { ...metadata, namespace: "" } };
  await api.apply(customResourceDefinitions, object, { fieldManager: "test", force: true });
};
const spec = (device: string, slot = 1) => ({ serverRef: { name: "san" }, shelf: 0, slot, backing: { device } });
const create = (name: string, device: string) =>
  api.create(kind, {
    metadata: { namespace: "default", name, finalizers: ["xensan.dev/cleanup"] },
    spec: spec(device),
  });

beforeAll(async () => {
  api = createKubeClient({ source: textSource(inject("kubeconfig")) });
  await applyDefinition("WithoutRules");
  await vi.waitFor(() => create("old", "/dev/../vdb"), { timeout: 30_000, interval: 200 });
  await applyDefinition("WithRules");
  await vi.waitFor(() => expect(create("new", "/dev/../vdb")).rejects.toThrow("must not contain . or .."), {
    timeout: 30_000,
    interval: 500,
  });
});
afterAll(async () => {
  await api.delete(customResourceDefinitions, { namespace: "", name: `aoevolumes.${group}` });
  await api.close();
});

describe("an object from before a rule that it breaks", () => {
  it("gets a status, annotations, and changes of its other fields", async () => {
    const applied = await api.apply<KubeObject & { status?: unknown }>(
      kind,
      { metadata: key, status: { target: "e0.1" } },
      { fieldManager: "xensan", force: true, subresource: "status" },
    );
    expect(applied.status).toMatchObject({ target: "e0.1" });
    await api.mergePatch(kind, key, { metadata: { annotations: { "xensan.dev/abandon": "old" } } });
    await api.mergePatch(kind, key, { spec: { bufferCount: 32 } });
  });

  it("may not break the rule in another way, and keeps the rules about changes", async () => {
    await expect(api.mergePatch(kind, key, { spec: { backing: { device: "/dev/./vdb" } } })).rejects.toThrow(
      "must not contain . or ..",
    );
    await expect(api.mergePatch(kind, key, { spec: { slot: 2 } })).rejects.toThrow("slot must not change");
  });

  it("is let go of when it is deleted", async () => {
    await api.delete(kind, key);
    const object = await api.get(kind, key);
    await removeFinalizer({ api, kind, object, finalizer: "xensan.dev/cleanup" });
    await expect(api.get(kind, key)).rejects.toMatchObject({ status: 404 });
  });
});
