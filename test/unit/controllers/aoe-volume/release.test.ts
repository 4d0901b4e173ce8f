import { expect, it } from "vitest";
import { release } from "../../../../src/controllers/aoe-volume/release.ts";
import type { HostFacts, LogicalVolume } from "../../../../src/host/facts.ts";
import { known } from "../facts.ts";
import { backing, server, sound, volume } from "./observations.ts";

/** What a deleted volume with policy Delete says, whose export is removed already. */
function look(given: Partial<HostFacts>, spec: object = {}, rest: { readonly leftOut?: boolean } = {}) {
  const { interfaces, tools } = sound;
  const facts = {
    ...{ exports: known([]), interfaces: interfaces ?? known([]), tools: tools ?? known(new Map()) },
    ...given,
  };
  const released = release(
    volume({ removed: true, server: server(facts, rest) }, { deletionPolicy: "Delete", ...spec }),
  );
  if (released.kind === "Released") return "Released";
  const [condition] = released.finding.conditions;
  const steps = released.finding.steps.map(({ action }) => action);
  return [`${condition?.status} ${condition?.reason}`, condition?.message, ...steps];
}

const leave = "Or set the annotation xensan.dev/abandon=vm to remove this object and leave the export as it is";
const lv = { backing: { logicalVolume: { volumeGroup: "vg0", name: "data", size: "1Gi" } } };
const logicalVolume: LogicalVolume = {
  ...{ volumeGroup: "vg0", name: "data", path: "/dev/vg0/data", sizeBytes: 2 ** 30, volumeGroupFreeBytes: 0 },
  owner: "san/vm 1",
};

it("is released when its file is gone, and deletes it before", () => {
  expect(look({ backings: known([{ ...backing, kind: "Missing" }]) })).toBe("Released");
  expect(look({ backings: known([backing]) })).toContain("delete-file");
});

it.each<[string, Partial<HostFacts>, string, { readonly leftOut?: boolean }?]>([
  ["unknown", { backings: { state: "unknown", why: "stat hangs" } }, "stat hangs"],
  [
    "a row that could not be read",
    { backings: { state: "known", value: [], unread: [{ row: "/srv/vm.img", why: "Input/output error" }] } },
    "Input/output error",
  ],
  [
    "too many",
    { backings: known([]) },
    "a host is asked about 2048 backings at most, those of the oldest AoeVolumes",
    { leftOut: true },
  ],
])("keeps its finalizer while its file is %s", (_what, given, why, rest) => {
  const message = `AoeServer san1 did not report what /srv/vm.img is: ${why}. ${leave}`;
  expect(look(given, {}, rest)).toEqual(["True FactsUnknown", message]);
});

it("does not wait for a path that its server does not allow", () => {
  expect(look({ backings: known([]) }, { backing: { file: { path: "/etc/vm.img", size: "1Gi" } } })).toBe("Released");
});

it.each<[string, HostFacts["logicalVolumes"], string]>([
  ["unknown", { state: "unknown", why: "lvs hangs" }, "lvs hangs"],
  [
    "a row that could not be read",
    { state: "known", value: [], unread: [{ row: "vg0 data x", why: "the size is not a number" }] },
    'a row could not be read (the size is not a number): "vg0 data x"',
  ],
])("keeps its finalizer while its logical volume is %s", (_what, logicalVolumes, why) => {
  const message = `AoeServer san1 did not report its logical volumes: ${why}. ${leave}`;
  expect(look({ logicalVolumes }, lv)).toEqual(["True FactsUnknown", message]);
});

it("waits for no row about another logical volume", () => {
  const unread = [{ row: "vg0 other x", why: "the size is not a number" }];
  expect(look({ logicalVolumes: { state: "known", value: [], unread } }, lv)).toBe("Released");
  expect(look({ logicalVolumes: { state: "known", value: [logicalVolume], unread } }, lv)).toContain(
    "delete-logical-volume",
  );
});
