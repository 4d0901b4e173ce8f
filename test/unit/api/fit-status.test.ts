import { describe, expect, it } from "vitest";
import { fitStatus } from "../../../src/api/fit-status.ts";
import { definitions } from "../../../src/api/kinds.ts";

const ready = {
  ...{ type: "Ready", status: "True", lastTransitionTime: "2026-11-30T00:00:00Z", reason: "Ready", message: "fine" },
};
const long = "x".repeat(5000);
const one = { target: "e0.1", interface: "eth1", backing: "/a", state: "Running" };

describe("a status that its schema does not accept", () => {
  it("is left as it is where it is acceptable", () => {
    const status = { conditions: [ready], exports: [one] };
    const fitted = fitStatus(definitions.AoeServer.status, status);
    expect(fitted.status).toBe(status);
    expect(fitted.left).toEqual([]);
  });

  it.each<[string, keyof typeof definitions, object, object, string[]]>([
    ["a field", "XenHost", { machineID: long }, {}, ["machineID"]],
    [
      "a number",
      "XenHost",
      { facts: { hostname: "bella", interfaces: [{ name: "eth0", mtu: 4294967295 }] } },
      { facts: { hostname: "bella", interfaces: [{ name: "eth0" }] } },
      ["facts.interfaces[].mtu"],
    ],
    [
      "the entry around a required field",
      "AoeServer",
      { exports: [one, { ...one, target: long, backing: long }, { state: "Running" }, one] },
      { exports: [one, one] },
      ["exports[].target", "exports[].backing"],
    ],
    [
      "the object around a required field",
      "AoeVolume",
      { target: "e0.1", backing: { identity: long, path: "/a" } },
      { target: "e0.1" },
      ["backing.identity"],
    ],
    [
      "entries that are too many",
      "AoeServer",
      { exports: Array.from({ length: 300 }, () => one) },
      { exports: Array.from({ length: 256 }, () => one) },
      ["exports"],
    ],
    ["a word that it does not know", "XenDomain", { state: "Dancing", domainID: 3 }, { domainID: 3 }, ["state"]],
  ])("loses %s, and keeps its conditions", (_what, kind, bad, good, left) => {
    const schema = definitions[kind].status;
    const status = { ...bad, conditions: [ready] };
    const before = structuredClone(status);
    const fitted = fitStatus(schema, status);
    expect(fitted.status).toEqual({ ...good, conditions: [ready] });
    expect(fitted.left.toSorted()).toEqual(left.toSorted());
    expect(schema.safeParse(fitted.status).success).toBe(true);
    expect(status).toEqual(before);
  });

  it("never loses a condition: what is wrong with one is the server's to say", () => {
    const status = { conditions: [{ ...ready, message: "x".repeat(40_000) }], machineID: long };
    expect(fitStatus(definitions.XenHost.status, status)).toEqual({
      status: { conditions: status.conditions },
      left: ["machineID"],
    });
  });
});
