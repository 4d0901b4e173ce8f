import { pino } from "pino";
import { expect, it } from "vitest";
import { fitting } from "../../../src/controllers/reconciler.ts";

it("a field that does not fit is logged once, as long as it does not, for each object", () => {
  const lines: string[] = [];
  const log = pino({ level: "warn" }, { write: (line: string) => lines.push(line) });
  const fits = fitting("XenHost");
  const [one, other] = [
    { namespace: "san", name: "bella" },
    { namespace: "san", name: "brutus" },
  ];
  const bad = { machineID: "x".repeat(65) };
  expect([one, one, other, one].map((key) => fits.fit(key, bad, log))).toEqual([{}, {}, {}, {}]);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ fields: ["machineID"] }, { fields: ["machineID"] }]);
  const good = { machineID: "x".repeat(64) };
  expect(fits.fit(one, good, log)).toBe(good);
  fits.fit(one, bad, log);
  fits.forget(other);
  fits.fit(other, bad, log);
  expect(lines).toHaveLength(4);
});
