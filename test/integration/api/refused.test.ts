import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { apiVersion } from "../../../src/api/common.ts";
import { definitions, type KindName } from "../../../src/api/kinds.ts";
import { chosenMinor, defaultMinor } from "../../../src/controlplane/versions.ts";
import { createKubeClient, type KubeClient, textSource } from "../../../src/runtime/client-node.ts";
import { isConflict, type Kind, KubeError, type KubeObject } from "../../../src/runtime/kube-api.ts";
import { namespaces } from "../../contract-kube-api/built-in-kinds.ts";
import { type Document, type RejectFile, rejectFiles } from "../../unit/api/documents.ts";

const namespace = "api-refused";
let api: KubeClient;
beforeAll(async () => {
  api = createKubeClient({ source: textSource(inject("kubeconfig")) });
  await api.create(namespaces, { metadata: { name: namespace } });
});
afterAll(() => api.close());

const kindOf = (kind: KindName): Kind => {
  const { plural } = definitions[kind];
  return { group: "xensan.dev", version: "v1alpha1", kind, plural, namespaced: true };
};

/** Example and field of each row. */
const refused = (table: string) =>
  table.split("\n").flatMap((row) => /^\| [a-z]+\/\S+ \| `[^`]*` \|/.exec(row)?.[0] ?? []);

/** Like `kubectl replace` and `kubectl create`. */
async function write({ kind, metadata, ...rest }: Document): Promise<void> {
  const of = kindOf(kind);
  const object: KubeObject & { spec?: unknown } = { apiVersion, kind, ...rest, metadata: { ...metadata, namespace } };
  try {
    await api.create(of, object);
  } catch (error) {
    if (!isConflict(error)) throw error;
    const { resourceVersion = "" } = (await api.get(of, { namespace, name: metadata.name })).metadata;
    await api.update(of, { ...object, metadata: { ...object.metadata, resourceVersion } });
  }
}

/** The server's message about the last document, after it has accepted those before it. */
async function refusal({ documents }: RejectFile): Promise<string> {
  const [last, ...before] = documents.toReversed();
  if (last === undefined) return "no document";
  try {
    for (const document of before.toReversed()) await write(document);
    return await write(last).then(
      () => "accepted",
      (error: unknown) => (error instanceof KubeError ? error.message : String(error)),
    );
  } finally {
    for (const { kind, metadata } of documents)
      await api.delete(kindOf(kind), { namespace, name: metadata.name }).catch(() => undefined);
  }
}

/** As code in a Markdown table, so that no * and < is taken for markup. */
const asCode = (text: string) => (text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``);

/** The message without `AoeVolume.xensan.dev "data" is invalid: ` in front, and without what differs per run. */
const told = (message: string) =>
  message
    .replace(/^[A-Za-z0-9]+\.xensan\.dev "[^"]*" is invalid: /, "")
    .replaceAll("\n", " ")
    .replaceAll("|", "\\|");

describe("what must be refused", () => {
  const rows: string[] = [];

  it.each(rejectFiles())("$file: $expect", { timeout: 20_000 }, async (file) => {
    const message = await refusal(file);
    const name = file.file.replace("test/crd/reject/", "").replace(".yaml", "");
    const text = told(message);
    rows.push(`| ${name} | \`${file.field}\` | ${asCode(text.length > 400 ? `${text.slice(0, 399)}…` : text)} |`);
    expect(message).toContain(file.expect);
    const field = file.field.replace(/\[\]/g, "").split(".").at(-1) ?? "";
    expect(message).toContain(field);
  });

  it("is told in words: field, value and what is accepted", () => {
    expect(rows.filter((row) => row.includes("should match '"))).toEqual([]);
  });

  it("is the table of docs/reference/refusals.md", async () => {
    const head =
      "# What the API server refuses\n\nOne line per example of `test/crd/reject`, in the server's own words.\n\n";
    const table = `| example | field | what the server says |\n|---|---|---|\n${rows.toSorted().join("\n")}\n`;
    const page = "../../../docs/reference/refusals.md";
    if (chosenMinor() === defaultMinor) await expect(`${head}${table}`).toMatchFileSnapshot(page);
    // Older servers name the type where newer ones name the value; they refuse the same.
    else expect(refused(table)).toEqual(refused(await readFile(new URL(page, import.meta.url), "utf8")));
  });
});
