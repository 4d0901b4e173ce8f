import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { definitions } from "../../../src/api/kinds.ts";
import { createKubeClient, type KubeClient, textSource } from "../../../src/runtime/client-node.ts";
import type { Kind, KubeObject } from "../../../src/runtime/kube-api.ts";
import { namespaces } from "../../contract-kube-api/built-in-kinds.ts";
import { largest } from "./largest.ts";

const namespace = "api-largest";
let api: KubeClient;
beforeAll(async () => {
  api = createKubeClient({ source: textSource(inject("kubeconfig")) });
  await api.create(namespaces, { metadata: { name: namespace } });
});
afterAll(() => api.close());

const kindOf = (kind: string): Kind<KubeObject & { spec?: unknown }> => {
  const definition = Object.values(definitions).find((one) => one.kind === kind);
  if (definition === undefined) throw new Error(`no kind of ours: ${kind}`);
  return { group: "xensan.dev", version: "v1alpha1", kind, plural: definition.plural, namespaced: true };
};

interface Schema {
  readonly maxItems?: number | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly items?: Schema | undefined;
}
const schemaSchema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    maxItems: z.number().optional(),
    properties: z.record(z.string(), schemaSchema).optional(),
    items: schemaSchema.optional(),
  }),
);
const crdSchema = z.object({
  spec: z.object({
    versions: z.array(z.object({ schema: z.object({ openAPIV3Schema: schemaSchema }) })),
  }),
});

/** Lists of the schema that the object does not fill: `spec.clientRefs: 3 of 254`. */
function unfilled(schema: Schema, value: unknown, at: string): string[] {
  if (Array.isArray(value)) {
    const short = value.length < (schema.maxItems ?? 0) ? [`${at}: ${value.length} of ${schema.maxItems}`] : [];
    return [...short, ...(schema.items === undefined ? [] : unfilled(schema.items, value[0], `${at}[]`))];
  }
  if (schema.items !== undefined) return value === undefined ? [`${at}: absent`] : [];
  const fields = z.record(z.string(), z.unknown()).safeParse(value).data ?? {};
  return Object.entries(schema.properties ?? {}).flatMap(([name, part]) =>
    unfilled(part, fields[name], `${at}.${name}`),
  );
}

describe("an object as large as its schema allows", () => {
  it("is there of every kind", () => {
    expect(largest.map(({ kind }) => kind)).toEqual(Object.keys(definitions).sort());
  });

  it.each(largest)("$kind: every list is full", async ({ kind, spec }) => {
    const file = new URL(`../../../crds/${kindOf(kind).plural}.yaml`, import.meta.url);
    const [version] = crdSchema.parse(parse(await readFile(file, "utf8"))).spec.versions;
    const schema = version?.schema.openAPIV3Schema.properties?.spec ?? {};
    expect(unfilled(schema, spec, "spec")).toEqual([]);
  });

  it.each(largest)("$kind: is accepted, and a change of it, within the server's budget for rules", async (object) => {
    const kind = kindOf(object.kind);
    const key = { namespace, name: object.metadata.name };
    await api.create(kind, { ...object, metadata: key });
    const changed = await api.mergePatch(kind, key, { metadata: { labels: { changed: "once" } } });
    const { generation } = await api.update(kind, changed).then(({ metadata }) => metadata);
    expect(generation).toBe(1);
    await api.delete(kind, key);
  });
});
