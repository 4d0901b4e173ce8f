import { expect, it } from "vitest";
import { Ledger } from "../../../../src/controllers/hosts/ledger.ts";
import { refTo } from "../../../../src/controllers/identity.ts";
import { type StartRequest, Starts } from "../../../../src/controllers/xen-domain/starts.ts";
import { stage } from "../../runtime/stage.ts";

const domain = (name: string) => refTo("XenDomain", "san", name);
const request = (name: string, rest: Partial<StartRequest> = {}, priority = 0): StartRequest => ({
  host: refTo("XenHost", "san", "bella"),
  uuid: name,
  mebibytes: 128,
  rank: { priority, created: "2026-11-28T12:00:00Z", name },
  again: false,
  ...rest,
});

it("two are started at once on one host, and the third says whom it waits for", () => {
  const starts = new Starts(new Ledger(stage().clock));
  expect(starts.ask(domain("a"), request("a"), 0)).toBeUndefined();
  expect(starts.ask(domain("b"), request("b"), 0)).toBeUndefined();
  expect(starts.ask(domain("c"), request("c"), 0)).toContain("(a, b)");
  expect(starts.ask(domain("d"), request("d", { host: refTo("XenHost", "san", "brutus") }), 0)).toBeUndefined();
  // A start that was admitted stays admitted.
  expect(starts.ask(domain("a"), request("a"), 5_000)).toBeUndefined();
  starts.end(domain("a"));
  expect(starts.ask(domain("c"), request("c"), 5_000)).toBeUndefined();
});

it("those that are started again wait for others of a higher rank to come forward", () => {
  const starts = new Starts(new Ledger(stage().clock));
  const again = { again: true };
  expect(starts.ask(domain("low"), request("low", again, -1), 0)).toContain("of a higher priority");
  expect(starts.ask(domain("high"), request("high", again, 7), 1_000)).toContain("of a higher priority");
  expect(starts.ask(domain("low"), request("low", again, -1), 2_500)).toContain(
    "high will be started there first (spec.priority 7)",
  );
  expect(starts.ask(domain("high"), request("high", again, 7), 3_000)).toBeUndefined();
  expect(starts.ask(domain("low"), request("low", again, -1), 3_500)).toBeUndefined();
});

it("one that has gone silent holds up nobody", () => {
  const starts = new Starts(new Ledger(stage().clock));
  expect(starts.ask(domain("high"), request("high", { again: true }, 7), 0)).toContain("of a higher priority");
  expect(starts.ask(domain("low"), request("low", {}, 0), 10_000)).toContain("high");
  expect(starts.ask(domain("low"), request("low", {}, 0), 20_000)).toBeUndefined();
});

it("memory counts as taken from when a start is let through until the host shows the domain", () => {
  const starts = new Starts(new Ledger(stage().clock));
  starts.ask(domain("a"), request("a"), 0);
  expect(starts.reserved(refTo("XenHost", "san", "bella"), domain("b"), () => false)).toBe(128);
  expect(starts.reserved(refTo("XenHost", "san", "bella"), domain("a"), () => false)).toBe(0);
  expect(starts.reserved(refTo("XenHost", "san", "brutus"), domain("b"), () => false)).toBe(0);
  expect(starts.reserved(refTo("XenHost", "san", "bella"), domain("b"), (uuid) => uuid === "a")).toBe(0);
  starts.end(domain("a"));
  expect(starts.reserved(refTo("XenHost", "san", "bella"), domain("b"), () => false)).toBe(0);
});
