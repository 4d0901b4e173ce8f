import { describe, expect, it } from "vitest";
import { customResourceDefinition } from "../../../src/api/generate/crd.ts";
import type { StructuralSchema } from "../../../src/api/generate/structural.ts";
import { definitions } from "../../../src/api/kinds.ts";
import { narrowings } from "../../crd/compatibility.ts";
import { withField } from "../published-schema.ts";

const older = customResourceDefinition(definitions.AoeVolume);

/** The definition with the field at `path` changed; undefined removes it. */
function newer(path: string, change: (field: StructuralSchema) => StructuralSchema | undefined): unknown {
  const copy = structuredClone(older);
  const [version] = copy.spec.versions;
  if (version !== undefined) {
    const { openAPIV3Schema } = version.schema;
    version.schema.openAPIV3Schema = withField(path, change)(openAPIV3Schema);
  }
  return copy;
}

describe("a newer definition", () => {
  it("takes nothing away when it is the same", () => {
    expect(narrowings(older, structuredClone(older))).toEqual([]);
  });

  it.each<[string, string, (field: StructuralSchema) => StructuralSchema | undefined]>([
    ["a field more", "status.server", (field) => ({ ...field, properties: { ...field.properties, more: field } })],
    ["a value more", "spec.access", (field) => ({ ...field, enum: [...(field.enum ?? []), "WriteOnce"] })],
    ["a higher maximum", "spec.slot", (field) => ({ ...field, maximum: 1000 })],
    ["a rule less", "spec.shelf", ({ "x-kubernetes-validations": _rules, ...field }) => field],
    ["other words", "spec.shelf", (field) => ({ ...field, description: "The shelf." })],
  ])("may have %s", (_, path, change) => {
    expect(narrowings(older, newer(path, change))).toEqual([]);
  });

  it.each<[string, string, (field: StructuralSchema) => StructuralSchema | undefined, string]>([
    ["a field less", "spec.slot", () => undefined, "spec.slot: is gone"],
    ["a field less in a list", "status.clients[].state", () => undefined, "status.clients[].state: is gone"],
    [
      "another type",
      "spec.slot",
      (field) => ({ ...field, type: "string" }),
      'spec.slot: type is "string", was "integer"',
    ],
    [
      "a value less",
      "spec.access",
      (field) => ({ ...field, enum: ["ReadWrite"] }),
      "spec.access: the value ReadOnly is gone",
    ],
    ["a lower maximum", "spec.slot", (field) => ({ ...field, maximum: 100 }), "spec.slot: maximum is 100, was 254"],
    ["a higher minimum", "spec.slot", (field) => ({ ...field, minimum: 1 }), "spec.slot: minimum is 1, was 0"],
    [
      "another default",
      "spec.access",
      (field) => ({ ...field, default: "ReadOnly" }),
      'spec.access: default is "ReadOnly", was "ReadWrite"',
    ],
    [
      "a field that must be given",
      "status.server",
      (field) => ({ ...field, required: ["mac"] }),
      "status.server: mac is required",
    ],
    [
      "a rule more",
      "spec.slot",
      (field) => ({ ...field, "x-kubernetes-validations": [{ rule: "self > 1", message: "must be more than 1" }] }),
      "spec.slot: a new or changed rule: must be more than 1",
    ],
  ])("is told when it has %s", (_, path, change, line) => {
    expect(narrowings(older, newer(path, change))).toEqual([`AoeVolume v1alpha1 ${line}`]);
  });

  it("is told when it no longer serves a version or selects by a field", () => {
    const copy = structuredClone(older);
    const [version] = copy.spec.versions;
    if (version !== undefined) version.selectableFields = version.selectableFields.slice(1);
    expect(narrowings(older, copy)).toEqual(["AoeVolume v1alpha1 spec.serverRef.name: is no longer selectable"]);
    expect(narrowings(older, { ...copy, spec: { ...copy.spec, versions: [] } })).toEqual([
      "AoeVolume v1alpha1: is no longer served",
    ]);
  });
});

describe("every kind", () => {
  const undescribed = (schema: StructuralSchema, path: string): string[] => [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
      ...(field.description === undefined || field.description.trim() === "" ? [`${path}.${name}`] : []),
      ...undescribed(field, `${path}.${name}`),
    ]),
    ...(schema.items === undefined ? [] : undescribed(schema.items, `${path}[]`)),
  ];

  it.each(Object.values(definitions))("says what each field of $kind is", (definition) => {
    const { properties = {} } = customResourceDefinition(definition).spec.versions[0]?.schema.openAPIV3Schema ?? {};
    const missing = ["spec", "status"].flatMap((part) => undescribed(properties[part] ?? {}, part));
    expect(missing).toEqual([]);
  });
});
