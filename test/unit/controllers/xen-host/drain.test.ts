import { describe, expect, it } from "vitest";
import { planDrain } from "../../../../src/controllers/xen-host/drain.ts";

const domains = Array.from({ length: 8000 }, (_, index) => ({
  uuid: `37baabc6-98d5-48a2-9634-${String(index).padStart(12, "0")}`,
  name: `vm${index}`,
  domainRef: undefined,
  passing: false,
}));
const drained = (rest: object = {}) =>
  planDrain("bella", {
    ...{
      maintenance: "Drain",
      domains,
      gap: undefined,
      arriving: [],
      own: [],
      others: [],
      names: new Set<string>(),
      nowMs: 0,
    },
    ...rest,
  });

describe("the drain of a host that shows domains without an end", () => {
  it("makes as many migrations as a host may have domains, and no more while these are there", () => {
    const { create } = drained();
    expect(create.map(({ uuid }) => uuid)).toEqual(domains.slice(0, 256).map(({ uuid }) => uuid));
    const own = create.map(({ name, uuid }) => ({
      apiVersion: "xensan.dev/v1alpha1",
      kind: "XenMigration",
      metadata: { namespace: "san", name },
      spec: { domain: uuid },
    }));
    const { create: more, withdraw, condition } = drained({ own });
    expect({ more, withdraw, status: condition.status, reason: condition.reason }).toEqual({
      more: [],
      withdraw: [],
      status: "False",
      reason: "Draining",
    });
  });

  it.each([
    ["drain-bella-37baabc6-98d5-48a2-9634-000000000000-2", 3],
    ["drain-bella-37baabc6-98d5-48a2-9634-000000000000-02", 1],
    ["drain-brutus-37baabc6-98d5-48a2-9634-000000000000-2", 1],
    ["by-hand-99999999999999999999999", 1],
    ["drain-bella-37baabc6-98d5-48a2-9634-000000000000-9007199254740991", 1],
    ["drain-bella-37baabc6-98d5-48a2-9634-000000000000-1000000000", 1_000_000_001],
  ])("numbers its migrations after its own, whatever else has its label: after %s comes %d", (name, number) => {
    const ended = {
      apiVersion: "xensan.dev/v1alpha1",
      kind: "XenMigration",
      metadata: { namespace: "san", name },
      spec: { domain: domains[0]?.uuid },
      status: {
        completionTime: "1970-01-01T00:00:00Z",
        conditions: [{ type: "Succeeded", status: "True", reason: "Succeeded", message: "" }],
      },
    };
    expect(drained({ domains: domains.slice(0, 1), own: [ended] }).create.map((one) => one.name)).toEqual([
      `drain-bella-37baabc6-98d5-48a2-9634-000000000000-${number}`,
    ]);
  });

  it("leaves out a name that something else has", () => {
    const start = "drain-bella-37baabc6-98d5-48a2-9634-000000000000-";
    const names = new Set([`${start}1`, `${start}2`, `${start}4`]);
    expect(drained({ domains: domains.slice(0, 1), names }).create.map(({ name }) => name)).toEqual([`${start}3`]);
  });

  it("moves what can be read of a list with a gap, and is not over before all of it can be", () => {
    const gap = 'a row could not be read (the name is empty): "domain ? - 0"';
    const some = drained({ domains: domains.slice(0, 2), gap });
    expect([some.create.length, some.condition.reason, some.condition.message]).toEqual([
      2,
      "DrainBlocked",
      `an unknown domain: ${gap}; moving or queued: vm0, vm1`,
    ]);
    const none = drained({ domains: [], gap });
    expect([none.condition.status, none.condition.reason]).toEqual(["False", "DrainBlocked"]);
  });

  it("ends with no domain only", () => {
    expect(drained({ domains: [] }).condition).toEqual({
      type: "Drained",
      status: "True",
      reason: "Drained",
      message: "The host has no domains",
    });
  });
});

describe("a drain of a host without domains", () => {
  it.each([
    [[], "True/Drained", "The host has no domains"],
    [["vm-test"], "False/Draining", "moving or queued: vm-test"],
  ])("is over when nothing brings one: %s", (arriving, word, message) => {
    const { condition } = drained({ domains: [], arriving });
    expect([`${condition.status}/${condition.reason}`, condition.message]).toEqual([word, message]);
  });
});

describe("a drain of one domain", () => {
  const [one] = domains;
  const held = (name: string) => ({
    apiVersion: "xensan.dev/v1alpha1",
    kind: "XenMigration",
    metadata: { namespace: "san", name, deletionTimestamp: "2026-11-05T00:00:00Z", finalizers: ["example.com/hold"] },
    spec: { domain: one?.uuid },
  });
  it("does not wait for a deleted migration that somebody keeps", () => {
    const mine = held(`drain-bella-${one?.uuid}-1`);
    expect(drained({ domains: [one], others: [held("by-hand")] }).create.map(({ name }) => name)).toEqual([
      `drain-bella-${one?.uuid}-1`,
    ]);
    const names = new Set([mine.metadata.name]);
    expect(drained({ domains: [one], own: [mine], names }).create.map(({ name }) => name)).toEqual([
      `drain-bella-${one?.uuid}-2`,
    ]);
  });

  it("says why the API server refuses its migration, and tries again", () => {
    const { condition, againSeconds } = drained({ domains: [one], refused: "exceeded quota: migrations" });
    expect([condition.status, condition.reason, condition.message, againSeconds]).toEqual([
      "False",
      "DrainBlocked",
      "No XenMigration can be created: exceeded quota: migrations; moving or queued: vm0",
      300,
    ]);
  });
});
