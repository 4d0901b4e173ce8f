import { describe, expect, it } from "vitest";
import type { Condition } from "../../../src/api/conditions.ts";
import { hasCondition, removeCondition, setCondition, summarise } from "../../../src/runtime/conditions.ts";

const noon = Date.UTC(2026, 0, 1, 12);
const exported = { type: "Exported", status: "True", reason: "Exported", message: "e0.1 is exported" } as const;
const stored: Condition = { ...exported, observedGeneration: 1, lastTransitionTime: "2026-01-01T12:00:00Z" };

describe("a condition", () => {
  it("gets its time and generation when it is first set", () => {
    expect(setCondition([], exported, { now: noon + 789, generation: 1 })).toEqual([stored]);
  });

  it("shows what cannot be printed, which no status could hold", () => {
    const [{ message } = { message: "" }] = setCondition(
      [],
      { ...exported, message: "a\u009b\u001b[2Jb\n" },
      { now: noon, generation: 1 },
    );
    expect(message).toBe("a\ufffd␛[2Jb␊");
  });

  it("keeps the time of its transition while only the words change", () => {
    const update = { ...exported, reason: "Adopted", message: "found running" };
    expect(setCondition([stored], update, { now: noon + 60_000, generation: 2 })).toEqual([
      { ...stored, ...update, observedGeneration: 2 },
    ]);
  });

  it("moves its time when its status changes, and keeps its place in the list", () => {
    const others: Condition = { ...stored, type: "Attached" };
    const update = { ...exported, status: "False", reason: "Stopped" } as const;
    expect(setCondition([stored, others], update, { now: noon + 60_000, generation: 1 })).toEqual([
      { ...stored, ...update, lastTransitionTime: "2026-01-01T12:01:00Z" },
      others,
    ]);
  });

  it("leaves the very same list when nothing changed", () => {
    const list = [stored];
    expect(setCondition(list, exported, { now: noon + 60_000, generation: 1 })).toBe(list);
    expect(removeCondition(list, "Other")).toBe(list);
    expect(removeCondition(list, "Exported")).toEqual([]);
  });

  it("counts only for the generation it speaks of", () => {
    expect(hasCondition([stored], "Exported")).toBe(true);
    expect(hasCondition([stored], "Exported", "True", 1)).toBe(true);
    expect(hasCondition([stored], "Exported", "True", 2)).toBe(false);
    expect(hasCondition([stored], "Exported", "False")).toBe(false);
    expect(hasCondition(undefined, "Exported")).toBe(false);
  });

  it("is cut to what the API server accepts", () => {
    const [condition] = setCondition([], { ...exported, message: "x".repeat(40_000) }, { now: noon, generation: 1 });
    expect(condition?.message).toHaveLength(32_768);
  });
});

describe("the summary of conditions", () => {
  const rules = {
    type: "Ready",
    required: ["Exported", "Attached"],
    negative: ["Conflicted"],
    readyMessage: "all clients see e0.1",
  };
  const condition = (type: string, status: Condition["status"]): Condition => ({
    type,
    status,
    reason: `${type}${status}`,
    message: `${type} is ${status}`,
    lastTransitionTime: "2026-01-01T12:00:00Z",
  });
  it.each([
    ["all required are true", ["Exported=True", "Attached=True"], "True", "Ready", "all clients see e0.1"],
    ["one is false", ["Exported=True", "Attached=False"], "False", "AttachedFalse", "Attached is False"],
    ["false outweighs unknown", ["Exported=Unknown", "Attached=False"], "False", "AttachedFalse", "Attached is False"],
    ["one is unknown", ["Exported=Unknown", "Attached=True"], "Unknown", "ExportedUnknown", "Exported is Unknown"],
    ["one has not been set", ["Exported=True"], "Unknown", "Pending", "Attached has not been checked yet"],
    ["a bad sign is up", ["Exported=False", "Conflicted=True"], "False", "ConflictedTrue", "Conflicted is True"],
    [
      "a bad sign is down",
      ["Exported=True", "Attached=True", "Conflicted=False"],
      "True",
      "Ready",
      "all clients see e0.1",
    ],
    [
      "a bad sign is unknown",
      ["Exported=True", "Attached=True", "Conflicted=Unknown"],
      "Unknown",
      "ConflictedUnknown",
      "Conflicted is Unknown",
    ],
  ])("when %s", (_when, given, status, reason, message) => {
    const conditions = given.map((text) => {
      const [type = "", value] = text.split("=");
      return condition(type, value === "True" || value === "False" ? value : "Unknown");
    });
    expect(summarise(conditions, rules)).toEqual({ type: "Ready", status, reason, message });
  });
});
