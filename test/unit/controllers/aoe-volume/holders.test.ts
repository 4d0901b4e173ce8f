import { expect, it } from "vitest";
import { holdOf } from "../../../../src/controllers/aoe-volume/holders.ts";
import { refTo } from "../../../../src/controllers/identity.ts";
import type { AoeDevice, HostFacts } from "../../../../src/host/facts.ts";
import { reachable } from "../facts.ts";
import { volume } from "./observations.ts";

const device: AoeDevice = {
  ...{ shelf: 0, slot: 1, up: true, flags: [], macs: [], interfaces: ["eth1"], payload: 1024, sizeBytes: 2 ** 30 },
  users: [],
};

/** The hold of e0.1 where XenHost bella sees it, and one row of its list could not be read. */
function holdWith(row: string) {
  const unread = [{ row, why: "the size is too large" }];
  const aoeDevices: HostFacts["aoeDevices"] = { state: "known", value: [device], unread };
  const seen = { host: "XenHost bella", view: reachable({ aoeDevices }), fresh: true, trusted: true };
  return holdOf(volume({ bystanders: [{ ref: refTo("XenHost", "san", "bella"), ...seen }] }));
}

it.each([
  [undefined, { kind: "Free" }],
  ["XenHost brutus sees the heartbeat of node 0 (bella)", { kind: "Unknown" }],
])("of a client without a XenHost, of which the others say %j", (heard, expected) => {
  const clients = [{ name: "bella", listed: true, state: "NotFound", heard }] as const;
  const because = heard === undefined ? {} : { because: [`XenHost bella does not exist, and ${heard}`] };
  expect(holdOf(volume({ clients }))).toEqual({ ...expected, ...because });
});

it.each([
  ["device e99.9 up 0200000000ff eth1 8704 281474976710655", "Free"],
  ["user e0.10", "Free"],
  ["others", "Free"],
  ["device e0.1 up 0200000000ff eth1 8704 281474976710655", "Unknown"],
  ["user e0.1", "Unknown"],
  ["dev", "Unknown"],
])("with the unreadable row %j of a list of devices the device of e0.1 is %s", (row, kind) => {
  expect(holdWith(row).kind).toBe(kind);
});
