import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { patienceSeconds } from "../../../src/api/reasons/patience.ts";
import { reasons } from "../../../src/api/reasons.ts";
import { eventReasonOf, eventReasons } from "../../../src/controllers/step-events.ts";

/** Scripts that change nothing. */
const looking = ["probe", "probe-running", "await-migration", "read-configuration"];

describe("what a step has done", () => {
  it("has a word for every script that changes a host", () => {
    const directory = new URL("../../../src/host/scripts/", import.meta.url);
    const scripts = readdirSync(directory).flatMap((file) => (file.endsWith(".sh") ? [file.slice(0, -3)] : []));
    expect(Object.keys(eventReasons).sort()).toEqual(scripts.filter((name) => !looking.includes(name)).sort());
  });

  it("uses words of the catalogue only", () => {
    const words = Object.values(eventReasons).flatMap((one) => (typeof one === "string" ? [one] : Object.values(one)));
    expect(words.filter((word) => !(word in reasons))).toEqual([]);
    expect(Object.keys(patienceSeconds).filter((word) => !(word in reasons))).toEqual([]);
  });

  it.each([
    ["ensure-export", "started pid 12", "Exported"],
    ["ensure-export", "unchanged pid 12", undefined],
    ["ensure-file", "grown", "BackingGrown"],
    ["ensure-image", "copying", undefined],
    ["stop-domain", "absent", undefined],
    ["stop-domain", "waiting", "Stopping"],
    ["do-something", "", "DoSomething"],
  ])("%s that says %s is %s", (action, detail, reason) => {
    expect(eventReasonOf(action, detail)).toBe(reason);
  });
});
