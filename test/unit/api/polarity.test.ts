import { describe, expect, it } from "vitest";
import { isSet } from "../../../src/api/common.ts";
import { definitions } from "../../../src/api/kinds.ts";
import { judged, polarity } from "../../../src/api/polarity.ts";

describe("which status of a condition one wants", () => {
  it("is said of every condition type of every kind", () => {
    const types = Object.values(definitions).flatMap(({ conditionTypes }) => conditionTypes);
    expect(types.filter((type) => !(type in polarity))).toEqual([]);
  });

  it.each([
    ["Drained", "False", "NotDraining", "Idle"],
    ["Drained", "False", "DrainBlocked", "Bad"],
    ["Migrating", "False", "NotMigrating", "Idle"],
    ["PendingRestart", "False", "UpToDate", "Good"],
    ["Paused", "True", "Paused", "Bad"],
    ["Ready", "Unknown", "Pending", "Unknown"],
  ] as const)("%s %s %s is %s", (type, status, reason, verdict) => {
    expect(judged({ type, status, reason })).toBe(verdict);
  });
});

describe("an annotation that says yes or no", () => {
  it.each([
    ["true", true],
    ["yes", true],
    ["", true],
    ["perhaps", true],
    ["False", false],
    [" no ", false],
    ["off", false],
    ["0", false],
    [undefined, false],
  ])("%s is %s", (value, set) => {
    expect(isSet(value)).toBe(set);
  });
});
