import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import type { ProgressState, Row } from "../../../src/up/progress.ts";
import { rowOf } from "../../../src/up/rows.ts";
import { renderScreen } from "../../../src/up/screen.ts";

const condition = (type: string, status: string, reason = "R", observedGeneration?: number) => ({
  type,
  status,
  reason,
  message: `${type} says ${reason}`,
  ...(observedGeneration === undefined ? {} : { observedGeneration }),
});
const volume = (conditions: unknown[], generation = 2) => ({
  kind: "AoeVolume",
  metadata: { name: "data", namespace: "san", generation },
  status: { conditions },
});

describe("the row of an object", () => {
  it("without a status says nothing yet", () => {
    expect(rowOf({ kind: "XenHost", metadata: { name: "bella", namespace: "san" } }, 5)).toEqual({
      kind: "XenHost",
      namespace: "san",
      name: "bella",
      reason: "",
      message: "",
      conditions: [],
    });
  });

  it("is ready from the moment its summary was first true", () => {
    const conditions = [condition("Exported", "True"), condition("Ready", "True", "AllAttached", 2)];
    const first = rowOf(volume(conditions), 1500);
    expect(first).toMatchObject({
      ready: "True",
      reason: "AllAttached",
      readyAt: 1500,
      conditions: [{ type: "Exported", status: "True", reason: "R" }],
    });
    expect(rowOf(volume(conditions), 9000, first).readyAt).toBe(1500);
  });

  it("does not believe a condition about an older spec", () => {
    expect(rowOf(volume([condition("Ready", "True", "AllAttached", 1)]), 5).ready).toBe("Unknown");
  });

  it("sums up a bounded kind by Succeeded", () => {
    expect(rowOf(volume([condition("Succeeded", "False", "Refused")]), 5)).toMatchObject({
      ready: "False",
      reason: "Refused",
    });
  });
});

const row = (over: Partial<Row>): Row => ({
  kind: "AoeVolume",
  namespace: "san",
  name: "data",
  reason: "",
  message: "",
  conditions: [],
  ...over,
});

describe("the picture", () => {
  const state: ProgressState = {
    stages: [
      { name: "control plane", state: "Done", text: "kube-apiserver", startedAt: 0, endedAt: 6100 },
      { name: "convergence", state: "Active", text: "0 of 2", startedAt: 6100 },
    ],
    notes: ["port 2210 was taken"],
    rows: [
      row({
        ready: "True",
        reason: "Done",
        readyAt: 8200,
        conditions: [
          { type: "Exported", status: "True", reason: "Exported" },
          { type: "Drained", status: "False", reason: "NotDraining" },
          { type: "PendingRestart", status: "False", reason: "UpToDate" },
          { type: "Attached", status: "False", reason: "TargetMissing" },
        ],
      }),
      row({ kind: "XenHost", name: "brutus", ready: "False", reason: "Unreachable", message: "no route to host" }),
    ],
  };

  it("shows stages with their times and a table with reasons", () => {
    expect(renderScreen(state, { width: 80, now: 8300, color: false })).toEqual([
      "  ✔ control plane  kube-apiserver                                          6.1 s",
      "  ⠸ convergence    0 of 2                                                  2.2 s",
      "    port 2210 was taken",
      "",
      "    KIND       NAME    REASON       AFTER   CONDITIONS",
      "  ✔ AoeVolume  data    Done         8.2 s   ✔Exported ·Drained ✘Attached",
      "  … XenHost    brutus  Unreachable          ",
      "      no route to host",
    ]);
  });

  it.each([40, 60, 100, 200])("is never wider than a terminal of %i columns, with colors or without", (width) => {
    const wide = {
      ...state,
      rows: [
        row({
          ready: "False",
          reason: "X",
          message: "m".repeat(500),
          conditions: Array.from({ length: 20 }, (_, i) => ({
            type: `Condition${i}`,
            status: "Unknown" as const,
            reason: "Pending",
          })),
        }),
      ],
    };
    for (const color of [true, false]) {
      const lines = renderScreen(wide, { width, now: 0, color }).map((line) => stripVTControlCharacters(line));
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(Math.max(width, 60));
    }
  });
});
