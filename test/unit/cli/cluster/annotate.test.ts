import { expect, it } from "vitest";
import { annotating } from "../../../../src/cli/cluster/annotate.ts";

const path = "/metadata/annotations/xensan.dev~1paused";
const key = "xensan.dev/paused";

it.each([
  [
    "the first annotation",
    undefined,
    "true",
    [
      { op: "add", path: "/metadata/annotations", value: {} },
      { op: "add", path, value: "true" },
    ],
  ],
  ["another one", { a: "b" }, "true", [{ op: "add", path, value: "true" }]],
  ["another value", { [key]: "no" }, "true", [{ op: "add", path, value: "true" }]],
  ["the same value", { [key]: "true" }, "true", []],
  ["its end", { [key]: "true", a: "b" }, undefined, [{ op: "remove", path }]],
  ["nothing to end", { a: "b" }, undefined, []],
  ["nothing at all", undefined, undefined, []],
])("an annotation is set and taken away by a JSON patch: %s", (_case, present, value, steps) => {
  expect(annotating(present, key, value)).toEqual(steps);
});
