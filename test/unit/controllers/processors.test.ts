import { expect, it } from "vitest";
import { processorProblem } from "../../../src/controllers/processors.ts";

it.each([
  [undefined, 1, undefined],
  ["0", 1, undefined],
  ["0-3", 4, undefined],
  ["0-7,^4-7", 4, undefined],
  ["0-7,^4-6", 4, "the highest processor of the host is number 3, and spec.cpus is 0-7,^4-6"],
  ["4", 4, "the highest processor of the host is number 3, and spec.cpus is 4"],
])("cpus %s on a host with %d: %s", (cpus, count, problem) => {
  expect(processorProblem(cpus, { cpus: count })).toBe(problem);
});
