import { describe, expect, it } from "vitest";
import { planDrain } from "../../../../src/controllers/xen-host/drain.ts";

const domains = Array.from({ length: 8000 }, (_, index) => ({
  uuid: `37baabc6-98d5-48a2-9634-${String(index).padStart(12, "0")}`,
  name: `vm${index}`,
  domainRef: undefined,
  passing: false,
}));
const drained = (rest: object = {}) =>
  planDrain("bella", { maintenance: "Drain", domains, own: [], others: [], nowMs: 0, ...rest });

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

  it("ends with no domain only", () => {
    expect(drained({ domains: [] }).condition).toEqual({
      type: "Drained",
      status: "True",
      reason: "Drained",
      message: "The host has no domains",
    });
  });
});
