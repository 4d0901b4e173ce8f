import { expect, it } from "vitest";
import { Ledger } from "../../../../src/controllers/hosts/ledger.ts";
import type { StepOutcome, StepResult } from "../../../../src/controllers/hosts/step.ts";
import { refTo } from "../../../../src/controllers/identity.ts";
import { Shutdowns } from "../../../../src/controllers/xen-domain/shutdowns.ts";
import { stage } from "../../runtime/stage.ts";
import { step } from "../hosts/rig.ts";

const vm = refTo("XenDomain", "san", "vm");
const result = (at: number, outcome: StepOutcome, action = "stop-domain"): StepResult => ({
  step: { ...step("stop-domain"), action },
  outcome,
  at,
});
const waiting: StepOutcome = { kind: "done", detail: "waiting" };

it("counts from the first answer that the guest was asked, also while the next command runs", () => {
  const shutdowns = new Shutdowns(new Ledger(stage().clock));
  expect(shutdowns.look(vm, [], 5_000)).toBeUndefined();
  expect(shutdowns.look(vm, [result(20_000, waiting)], 21_000)).toBe(1_000);
  expect(shutdowns.look(vm, [], 30_000)).toBe(10_000);
  expect(shutdowns.look(vm, [result(41_000, waiting)], 42_000)).toBe(22_000);
});

it.each<[string, StepResult]>([
  ["a refused stop", result(1_000, { kind: "refused", reason: "DomainMigrating", message: "xl save" })],
  ["a lost stop", result(1_000, { kind: "lost", reason: "Unreachable", message: "no route" })],
  ["a stop that has worked", result(1_000, { kind: "done", detail: "stopped" })],
  ["another step", result(1_000, waiting, "ensure-image")],
])("does not count %s", (_what, one) => {
  expect(new Shutdowns(new Ledger(stage().clock)).look(vm, [one], 2_000)).toBeUndefined();
});

it("begins anew after a time in which no stop was wanted", () => {
  const shutdowns = new Shutdowns(new Ledger(stage().clock));
  const before = [result(1_000, waiting)];
  expect(shutdowns.look(vm, before, 2_000)).toBe(1_000);
  shutdowns.end(vm, 3_000);
  expect(shutdowns.look(vm, before, 90_000)).toBeUndefined();
  expect(shutdowns.look(vm, [result(91_000, waiting)], 92_000)).toBe(1_000);
});
