import { describe, expect, it } from "vitest";
import { readVolume, withEntities } from "../../../../src/cli/entity.ts";
import { plain } from "../../../../src/cli/paint.ts";
import { differences } from "../../../../src/cli/plan/difference.ts";
import { forecastOf } from "../../../../src/cli/plan/forecast.ts";
import { missingFor } from "../../../../src/cli/plan/missing.ts";
import { planText } from "../../../../src/cli/plan/text.ts";
import * as w from "../world.ts";

describe("differences", () => {
  it.each<[unknown, unknown, object[]]>([
    [{ a: 1 }, { a: 1 }, []],
    [{ a: 1 }, { a: 2 }, [{ path: "a", before: 1, after: 2 }]],
    [{ a: { b: 1 } }, { a: {} }, [{ path: "a.b", before: 1 }]],
    [{}, { a: [] }, [{ path: "a", after: [] }]],
    [{ l: [{ name: "x" }, { name: "y" }] }, { l: [{ name: "y" }] }, [{ path: "l[x]", before: { name: "x" } }]],
    [{ l: ["x", "y"] }, { l: ["y", "x"] }, []],
    [{ l: ["x"] }, { l: ["x", "z"] }, [{ path: "l[z]", after: "z" }]],
    [{ l: [{ p: 1 }] }, { l: [{ p: 2 }] }, [{ path: "l[0].p", before: 1, after: 2 }]],
    [{ a: [1] }, { a: { 0: 1 } }, [{ path: "a", before: [1], after: { 0: 1 } }]],
  ])("of %j and %j", (before, after, expected) => {
    expect(differences(before, after)).toEqual(expected);
  });
});

const typed = { apiVersion: "xensan.dev/v1alpha1", kind: "AoeVolume" };
const manifest = { ...typed, ...w.volume() };
const grown = {
  ...manifest,
  metadata: { ...manifest.metadata, generation: 2 },
  spec: Object.assign({}, manifest.spec, { slot: 9 }),
};

describe("the forecast of a manifest", () => {
  it("says what is new, what stays, and what becomes of each field", () => {
    const of = (before: unknown, after: unknown) => forecastOf(manifest, { kind: "Accepted", before, after });
    expect(of(undefined, manifest)).toMatchObject({ verdict: "Create", changes: [] });
    expect(of(manifest, { ...manifest, status: {} })).toMatchObject({ verdict: "Unchanged" });
    expect(of(manifest, grown)).toMatchObject({
      verdict: "Change",
      changes: [{ path: "spec.slot", before: 1, after: 9 }],
    });
  });

  it("refuses what the server refuses, and what an old server leaves to the operator", () => {
    expect(forecastOf(manifest, { kind: "Refused", message: "no" })).toMatchObject({
      verdict: "Refused",
      message: "no",
    });
    const two = {
      ...manifest,
      spec: Object.assign({}, manifest.spec, { backing: { device: "/dev/vdb", file: { path: "/a", size: "1Mi" } } }),
    };
    expect(forecastOf(two, { kind: "Accepted", before: undefined, after: two })).toMatchObject({
      verdict: "Refused",
      message: expect.stringContaining("backing must have exactly one of device, file and logicalVolume"),
    });
  });

  it("names the fields that kubectl apply would take out", () => {
    const clientRefs = [{ name: "bella" }, { name: "brutus" }, { name: "third" }];
    const spec = Object.assign({}, manifest.spec, { clientRefs });
    const before = {
      ...manifest,
      spec,
      metadata: {
        ...manifest.metadata,
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({ ...manifest, spec }) },
      },
    };
    expect(forecastOf(manifest, { kind: "Accepted", before, after: before })).toMatchObject({
      verdict: "Change",
      dropped: ["spec.clientRefs[third]"],
    });
  });

  it("shows the operator's steps only of an object under dry-run, and only of the spec it has", () => {
    const steps = [{ hostRef: { kind: "AoeServer", name: "san" }, action: "export", summary: "e0.1 is exported" }];
    const object = (annotations: object, observedGeneration: number) => ({
      ...manifest,
      metadata: { ...manifest.metadata, annotations },
      status: { observedGeneration, plan: steps },
    });
    const stepsOf = (before: unknown) => forecastOf(manifest, { kind: "Accepted", before, after: before }).steps;
    const dry = { "xensan.dev/dry-run": "true" };
    expect([stepsOf(object(dry, 1)), stepsOf(object(dry, 0)), stepsOf(object({}, 1))]).toEqual([
      steps,
      undefined,
      undefined,
    ]);
  });

  it("names references that lead nowhere, in the cluster or in the files", () => {
    const volume = readVolume(w.volume());
    const before = w.rack({ servers: [], volumes: [], hosts: [w.host("bella")] });
    expect(missingFor(volume, withEntities(before, [volume]))).toEqual([
      "AoeServer san (spec.serverRef), which does not exist",
      "XenHost brutus (spec.clientRefs), which does not exist",
    ]);
  });

  it("reads as a list of signs", () => {
    const forecasts = [
      forecastOf(manifest, { kind: "Accepted", before: undefined, after: manifest }, [
        "AoeServer san (spec.serverRef), which does not exist",
      ]),
      forecastOf(manifest, { kind: "Accepted", before: manifest, after: grown }),
      forecastOf(manifest, { kind: "Unjudged", message: 'namespaces "san" not found' }),
    ];
    expect(planText(forecasts, plain)).toBe(
      [
        "+ AoeVolume san/data would be created",
        "    needs AoeServer san (spec.serverRef), which does not exist",
        "~ AoeVolume san/data would be changed",
        "    spec.slot: 1 becomes 9",
        '? AoeVolume san/data cannot be checked yet: namespaces "san" not found',
        "",
        "Nothing was applied: 1 would be created, 1 would be changed, 1 cannot be checked yet.",
        "",
      ].join("\n"),
    );
  });
});
