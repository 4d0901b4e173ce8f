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

  it("ends with no domain only", () => {
    expect(drained({ domains: [] }).condition).toEqual({
      type: "Drained",
      status: "True",
      reason: "Drained",
      message: "The host has no domains",
    });
  });
});
