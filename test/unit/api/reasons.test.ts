import { describe, expect, it } from "vitest";
import { definitions } from "../../../src/api/kinds.ts";
import { type ReasonEntry, reasons } from "../../../src/api/reasons.ts";
import { refusals } from "../../../src/host/refusals.ts";

const entries: [string, ReasonEntry][] = Object.entries(reasons);
const everyType = new Set(Object.values(definitions).flatMap((definition) => definition.conditionTypes));
const onDemand = ["every type", "Paused", "DeletionBlocked"];

describe("the catalogue of reasons", () => {
  it("is in PascalCase, and tells the meaning and what to do in sentences", () => {
    const odd = entries.filter(
      ([name, { meaning, action }]) =>
        !/^[A-Z][A-Za-z]+$/.test(name) || !/^\S.*\.$/.test(meaning) || !/^\S.*\.$/.test(action),
    );
    expect(odd).toEqual([]);
  });

  it("knows only condition types that some kind has", () => {
    const unknown = entries.flatMap(([name, { conditions }]) =>
      conditions.filter((type) => !everyType.has(type) && !onDemand.includes(type)).map((type) => `${name}: ${type}`),
    );
    expect(unknown).toEqual([]);
  });

  it("has every reason for which a script on a host refuses", () => {
    expect(Object.keys(refusals).filter((reason) => !(reason in reasons))).toEqual([]);
  });
});
