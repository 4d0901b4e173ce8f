import { describe, expect, it } from "vitest";
import { Ledger } from "../../../../src/controllers/hosts/ledger.ts";
import type { StepOutcome, StepResult } from "../../../../src/controllers/hosts/step.ts";
import { refTo } from "../../../../src/controllers/identity.ts";
import { stage } from "../../runtime/stage.ts";
import { done, step } from "./rig.ts";

const object = refTo("AoeVolume", "san", "data");
const place = { work: object, machine: "san1" };
const steps = [step("ensure-export", ["0", "1"])];
const failed: StepOutcome = { kind: "failed", exitCode: 1, message: "no such interface" };
const refused: StepOutcome = { kind: "refused", reason: "BackingMissing", message: "/dev/sdb does not exist" };

function trying() {
  const { clock } = stage();
  const ledger = new Ledger(clock);
  const now = () => clock.monotonic();
  const resultOf = (outcome: StepOutcome): StepResult[] => [
    { step: steps[0] as (typeof steps)[0], outcome, at: now() },
  ];
  /** One try, from the decision to the look that shows it without effect. */
  const fail = (outcome: StepOutcome, basis = "facts") => {
    ledger.begin(place, steps, basis, []);
    return resultOf(outcome);
  };
  return { clock, ledger, resultOf, fail };
}

describe("what was tried", () => {
  it("may be tried at once the first time", () => {
    const { ledger } = trying();
    expect(ledger.due(place, steps, "facts", [])).toEqual({ kind: "Go" });
    expect(ledger.lastOutcome(place, steps)).toBeUndefined();
  });

  it("waits twice as long after each failure, at most five minutes", async () => {
    const { clock, ledger, resultOf, fail } = trying();
    let results = fail(failed);
    const waits: number[] = [];
    for (let round = 0; round < 9; round++) {
      const verdict = ledger.due(place, steps, "facts", results);
      if (verdict.kind !== "Wait") throw new Error(`round ${round}: ${verdict.kind}`);
      waits.push(verdict.seconds);
      await clock.advance(verdict.seconds * 1000);
      expect(ledger.due(place, steps, "facts", results)).toEqual({ kind: "Go", outcome: failed });
      ledger.begin(place, steps, "facts", results);
      results = resultOf(failed);
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
  });

  it.each([
    ["done without effect", done, 5],
    ["refused", refused, 30],
    ["busy", { kind: "busy", message: "the lock is held" }, 2],
    ["failed", failed, 5],
    ["lost", { kind: "lost", reason: "ConnectionLost", message: "reset by peer" }, 5],
  ] as const)("waits by how it ended: %s", (_, outcome, seconds) => {
    const { ledger, fail } = trying();
    expect(ledger.due(place, steps, "facts", fail(outcome))).toEqual({ kind: "Wait", seconds, outcome });
    expect(ledger.lastOutcome(place, steps)).toEqual(outcome);
  });

  it("counts one result once, however often it is judged", () => {
    const { ledger, fail } = trying();
    const results = fail(failed);
    for (let look = 0; look < 5; look++)
      expect(ledger.due(place, steps, "facts", results)).toEqual({ kind: "Wait", seconds: 5, outcome: failed });
  });

  it("is tried sooner when the facts have changed, but not within five seconds", async () => {
    const { clock, ledger, fail } = trying();
    const results = fail(refused);
    expect(ledger.due(place, steps, "other facts", results)).toEqual({
      kind: "Wait",
      seconds: 5,
      outcome: refused,
    });
    await clock.advance(5_000);
    expect(ledger.due(place, steps, "facts", results)).toEqual({ kind: "Wait", seconds: 25, outcome: refused });
    expect(ledger.due(place, steps, "other facts", results)).toEqual({ kind: "Go", outcome: refused });
  });

  it("is another thing with other arguments: its failures do not count", () => {
    const { ledger, fail } = trying();
    const results = fail(refused);
    ledger.due(place, steps, "facts", results);
    const other = [step("ensure-export", ["0", "2"])];
    expect(ledger.due(place, other, "facts", results)).toEqual({ kind: "Go" });
  });

  it("is forgotten when the plan is empty", () => {
    const { ledger, fail } = trying();
    const results = fail(refused);
    ledger.due(place, steps, "facts", results);
    ledger.worked(place);
    expect(ledger.due(place, steps, "facts", results)).toEqual({ kind: "Go" });
  });

  it("is forgotten with its object, on every host, and with no other object", () => {
    const { clock, ledger } = trying();
    const places = [place, { work: object, machine: "san2" }, { work: { ...object, part: "vm" }, machine: "san1" }];
    const other = { work: { ...object, name: "data2" }, machine: "san1" };
    const result: StepResult = { step: steps[0] as (typeof steps)[0], outcome: refused, at: clock.monotonic() };
    for (const one of [...places, other]) {
      ledger.begin(one, steps, "facts", []);
      expect(ledger.due(one, steps, "facts", [result]).kind).toBe("Wait");
    }
    ledger.forget(object);
    expect(places.map((one) => ledger.due(one, steps, "facts", [result]).kind)).toEqual(["Go", "Go", "Go"]);
    expect(ledger.due(other, steps, "facts", [result]).kind).toBe("Wait");
  });
});

describe("a page of the ledger", () => {
  it("keeps one note of each object until the object is gone", () => {
    const { ledger } = trying();
    const [since, seen] = [ledger.page<number>(), ledger.page<true>()];
    const other = { ...object, name: "data2" };
    since.set(object, 1);
    since.set({ ...object }, 2);
    since.set(other, 3);
    seen.set(object, true);
    ledger.forget({ ...object });
    expect([[...since], [...seen]]).toEqual([[[other, 3]], []]);
  });
});
