import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { customResourceDefinition } from "../../../src/api/generate/crd.ts";
import { difference } from "../../../src/api/generate/difference.ts";
import { structural } from "../../../src/api/generate/structural.ts";
import { definitions } from "../../../src/api/kinds.ts";
import { withRules } from "../../../src/api/rules.ts";

describe("crds/ and docs/reference", () => {
  it("are what the schemas say", () => {
    const generate = join(import.meta.dirname, "../../../src/api/generate.ts");
    const { stdout, stderr, status } = spawnSync(process.execPath, [generate, "--check"], { encoding: "utf8" });
    expect({ stdout, stderr, status }).toEqual({ stdout: "", stderr: "", status: 0 });
  });
});

describe("a CustomResourceDefinition", () => {
  it("names its kind, short name, category and selectable fields", () => {
    const { metadata, spec } = customResourceDefinition(definitions.AoeVolume);
    expect(metadata).toEqual({ name: "aoevolumes.xensan.dev" });
    expect(spec.names).toEqual({
      kind: "AoeVolume",
      listKind: "AoeVolumeList",
      plural: "aoevolumes",
      singular: "aoevolume",
      shortNames: ["aoev"],
      categories: ["xensan"],
    });
    expect(spec.versions[0]?.subresources).toEqual({ status: {} });
    expect(spec.versions[0]?.selectableFields).toEqual([
      { jsonPath: ".spec.serverRef.name" },
      { jsonPath: ".spec.shelf" },
      { jsonPath: ".spec.slot" },
    ]);
  });

  it.each(Object.values(definitions))("of $kind prints its summary, reason, message and age", ({ columns }) => {
    const names = columns.map(({ name, priority }) => (priority === undefined ? name : `(${name})`));
    expect(names.slice(-5)).toEqual([
      names.includes("Succeeded") ? "Succeeded" : "Ready",
      "Reason",
      "Paused",
      "(Message)",
      "Age",
    ]);
  });
});

describe("a structural schema", () => {
  it("knows a default down to what it leaves out", () => {
    const timeouts = z.object({ idle: z.int().default(30), keepalive: z.int().default(2), other: z.int().optional() });
    expect(structural(timeouts.prefault({ idle: 40 }), "spec").default).toEqual({ idle: 40, keepalive: 2 });
  });

  it("carries rules written in CEL, those of an earlier call first", () => {
    const once = withRules(z.int(), [{ cel: "self > 1", message: "must be more than 1" }]);
    const twice = withRules(once, [{ cel: "self != 3", message: "must not be 3", path: ["a", "b"] }]);
    expect(structural(twice.describe("A number."), "spec")).toMatchObject({
      description: "A number.",
      "x-kubernetes-validations": [
        { rule: "self > 1", message: "must be more than 1" },
        { rule: "self != 3", message: "must not be 3", fieldPath: ".a.b" },
      ],
    });
  });

  it.each([
    ["a string without a maximum", z.object({ name: z.string() }), "spec.name: a string needs a maximum length"],
    [
      "a list without a type",
      z.object({ names: z.array(z.string().max(3)).max(3) }),
      "spec.names: a list needs a list type: setOf, mapListOf or atomicListOf",
    ],
    ["a list without a maximum", z.object({ names: z.array(z.string().max(3)) }), "spec.names: a list needs a maximum"],
  ])("refuses %s", (_, schema, message) => {
    expect(() => structural(schema, "spec")).toThrow(new Error(message));
  });

  it.each([
    ["a union", z.union([z.string().max(3), z.int()])],
    ["a map", z.record(z.string().max(3), z.string().max(3))],
    ["a number with a fraction", z.number()],
  ])("refuses %s rather than dropping it in silence", (_, schema) => {
    expect(() => structural(z.object({ it: schema }), "spec")).toThrow(z.ZodError);
  });
});

describe("a difference", () => {
  it("shows the lines between what both texts begin and end with", () => {
    expect(difference("a\nb\nc\nd\n", "a\nx\nd\n")).toBe("@@ line 2 @@\n-b\n-c\n+x");
  });

  it("is cut where nobody reads on", () => {
    const text = Array.from({ length: 100 }, (_, index) => `line ${index}`).join("\n");
    expect(difference("", text).split("\n")).toHaveLength(41);
  });
});
