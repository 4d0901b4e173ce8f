import { describe, expect, it } from "vitest";
import { objectSchema } from "../../../src/api/generate/crd.ts";
import { type ApiRule, apiRules } from "../../../src/api/generate/rules.ts";
import { definitions } from "../../../src/api/kinds.ts";
import { parseSpec } from "../../../src/api/parse.ts";
import { exampleFiles, rejectFiles } from "./documents.ts";

describe("the examples", () => {
  const examples = exampleFiles("examples");

  it.each(examples)("$file is accepted", ({ documents }) => {
    expect(documents.map((document) => parseSpec(document.kind, document)).filter(({ ok }) => !ok)).toEqual([]);
  });

  it("show every kind, in a file of its own", () => {
    const kinds = exampleFiles("examples/kinds").map(({ file, documents }) => [
      file,
      [...new Set(documents.map(({ kind }) => kind))],
    ]);
    expect(kinds).toEqual(
      Object.keys(definitions)
        .map((kind) => [`examples/kinds/${kind.toLowerCase()}.yaml`, [kind]])
        .toSorted(),
    );
  });
});

/** A path with every index dropped: `spec.disks[0].path` is `spec.disks[].path`. */
const anywhere = (path: string) => path.replaceAll(/\[\d+\]/g, "[]");

describe("what must be refused", () => {
  const files = rejectFiles();
  const alone = files.filter(({ documents }) => documents.length === 1);
  const changes = files.filter(({ documents }) => documents.length > 1);

  it.each(alone)("$file is refused by our schemas too, at the field it names", ({ documents, field }) => {
    const [document] = documents;
    if (document === undefined) throw new Error("no document");
    const result = parseSpec(document.kind, document);
    expect(result).toMatchObject({ ok: false, message: expect.stringMatching(/ must /) });
    expect(result.ok ? "" : result.message).toContain(field);
  });

  it.each(changes)("$file holds objects that are all right by themselves", ({ documents }) => {
    expect(documents.map((document) => parseSpec(document.kind, document)).filter(({ ok }) => !ok)).toEqual([]);
  });

  /** A form, such as that of a MAC address, occurs in many fields; one example covers it. */
  const isForm = ({ rule }: { rule: string }) => /^(self|string\(self\))\.matches\('\^/.test(rule);

  it("has an example for every form of a text", () => {
    const missing = Object.values(definitions)
      .flatMap((definition) => apiRules(objectSchema(definition)))
      .filter((rule) => isForm(rule) && !rule.path.startsWith("status."))
      .filter(({ message }) => !files.some(({ expect }) => message.includes(expect)))
      .map(({ path, message }) => `${path}: ${message}`);
    expect(missing).toEqual([]);
  });

  it("has an example for every other rule written in CEL", () => {
    const missing = Object.values(definitions).flatMap((definition) =>
      apiRules(objectSchema(definition))
        .filter((rule) => !isForm(rule))
        .filter(
          (rule) =>
            !files.some(
              ({ documents, expect, field }) =>
                documents[0]?.kind === definition.kind &&
                rule.message.includes(expect) &&
                anywhere(field) === reportedField(rule),
            ),
        )
        .map((rule) => `${definition.kind} ${reportedField(rule)}: ${rule.message}`),
    );
    expect(missing).toEqual([]);
  });

  it("says in every rule what must hold", () => {
    const silent = Object.values(definitions)
      .flatMap((definition) => apiRules(objectSchema(definition)))
      .filter(({ message }) => !/\bmust\b/.test(message));
    expect(silent).toEqual([]);
  });

  it("names no example after a rule that is gone", () => {
    const rules = Object.values(definitions).flatMap((definition) => apiRules(objectSchema(definition)));
    const schemaWords =
      /^(should (match|be (less|greater) than or equal to -?\d+|have at least \d+ items)|must have at most \d+ items|supported values|Too long: may not be more than \d+|Duplicate value|Required value|must be of type (integer|string))$/;
    const stale = files.filter(
      ({ expect }) => !schemaWords.test(expect) && !rules.some(({ message }) => message.includes(expect)),
    );
    expect(stale.map(({ file }) => file)).toEqual([]);
  });
});

function reportedField({ path, fieldPath }: ApiRule): string {
  return path === "" ? (fieldPath ?? "").slice(1) : `${path}${fieldPath ?? ""}`;
}
