import { describe, expect, it } from "vitest";
import { Attempts } from "../../../../src/controllers/hosts/attempts.ts";
import type { StepOutcome, StepResult } from "../../../../src/controllers/hosts/step.ts";
import { stage } from "../../runtime/stage.ts";
import { done, step } from "./rig.ts";

const owner = "AoeVolume san/data on AoeServer/san1";
const steps = [step("ensure-export", ["0", "1"])];
const failed: StepOutcome = { kind: "failed", exitCode: 1, message: "no such interface" };
const refused: StepOutcome = { kind: "refused", reason: "BackingMissing", message: "/dev/sdb does not exist" };

function trying() {
  const { clock } = stage();
  const attempts = new Attempts(clock);
  const now = () => clock.monotonic();
  const resultOf = (outcome: StepOutcome): StepResult[] => [
    { step: steps[0] as (typeof steps)[0], outcome, at: now() },
  ];
  /** One try from the judgement to the look that shows it without effect. */
  const fail = (outcome: StepOutcome, basis = "facts") => {
    attempts.begin(owner, steps, basis, []);
    return resultOf(outcome);
  };
  return { clock, attempts, resultOf, fail };
}

describe("what was tried", () => {
  it("may be tried at once the first time", () => {
    const { attempts } = trying();
    expect(attempts.judge(owner, steps, "facts", [])).toEqual({ kind: "Go" });
    expect(attempts.lastOutcome(owner, steps)).toBeUndefined();
  });

  it("waits twice as long after each failure, at most five minutes", async () => {
    const { clock, attempts, resultOf, fail } = trying();
    let results = fail(failed);
    const waits: number[] = [];
    for (let round = 0; round < 9; round++) {
      const verdict = attempts.judge(owner, steps, "facts", results);
      if (verdict.kind !== "Wait") throw new Error(`round ${round}: ${verdict.kind}`);
      waits.push(verdict.seconds);
      await clock.advance(verdict.seconds * 1000);
      expect(attempts.judge(owner, steps, "facts", results)).toEqual({ kind: "Go", outcome: failed });
      attempts.begin(owner, steps, "facts", results);
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
    const { attempts, fail } = trying();
    expect(attempts.judge(owner, steps, "facts", fail(outcome))).toEqual({ kind: "Wait", seconds, outcome });
    expect(attempts.lastOutcome(owner, steps)).toEqual(outcome);
  });

  it("counts one result once, however often it is judged", () => {
    const { attempts, fail } = trying();
    const results = fail(failed);
    for (let look = 0; look < 5; look++)
      expect(attempts.judge(owner, steps, "facts", results)).toEqual({ kind: "Wait", seconds: 5, outcome: failed });
  });

  it("is tried sooner when the facts have changed, but not within five seconds", async () => {
    const { clock, attempts, fail } = trying();
    const results = fail(refused);
    expect(attempts.judge(owner, steps, "other facts", results)).toEqual({
      kind: "Wait",
      seconds: 5,
      outcome: refused,
    });
    await clock.advance(5_000);
    expect(attempts.judge(owner, steps, "facts", results)).toEqual({ kind: "Wait", seconds: 25, outcome: refused });
    expect(attempts.judge(owner, steps, "other facts", results)).toEqual({ kind: "Go", outcome: refused });
  });

  it("is another thing with other arguments: its failures do not count", () => {
    const { attempts, fail } = trying();
    const results = fail(refused);
    attempts.judge(owner, steps, "facts", results);
    const other = [step("ensure-export", ["0", "2"])];
    expect(attempts.judge(owner, other, "facts", results)).toEqual({ kind: "Go" });
  });

  it("is forgotten when the plan is empty", () => {
    const { attempts, fail } = trying();
    const results = fail(refused);
    attempts.judge(owner, steps, "facts", results);
    attempts.settle(owner);
    expect(attempts.judge(owner, steps, "facts", results)).toEqual({ kind: "Go" });
  });

  it("is forgotten with its object, on every host, and with no other object", () => {
    const { clock, attempts } = trying();
    const owners = ["AoeVolume san/data on a", "AoeVolume san/data on b", "AoeVolume san/data #clients on a"];
    const other = "AoeVolume san/data2 on a";
    const result: StepResult = { step: steps[0] as (typeof steps)[0], outcome: refused, at: clock.monotonic() };
    for (const one of [...owners, other]) {
      attempts.begin(one, steps, "facts", []);
      expect(attempts.judge(one, steps, "facts", [result]).kind).toBe("Wait");
    }
    attempts.forget("AoeVolume san/data");
    expect(owners.map((one) => attempts.judge(one, steps, "facts", [result]).kind)).toEqual(["Go", "Go", "Go"]);
    expect(attempts.judge(other, steps, "facts", [result]).kind).toBe("Wait");
  });
});
