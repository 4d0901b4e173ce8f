import { expect, it } from "vitest";
import { domainState } from "../../../src/controllers/domain-state.ts";

it.each([
  ["r-----", "Running"],
  ["-b----", "Running"],
  ["------", "Running"],
  ["", "Running"],
  ["--p---", "Paused"],
  ["---s--", "ShutDown"],
  ["---sc-", "Crashed"],
  ["--ps-d", "Dying"],
])("xl's %j is %s", (letters, word) => {
  expect(domainState(letters)).toBe(word);
});
