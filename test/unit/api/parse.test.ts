import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KindName } from "../../../src/api/kinds.ts";
import { definitions } from "../../../src/api/kinds.ts";
import { parseSpec } from "../../../src/api/parse.ts";

const volume = { serverRef: { name: "san" }, shelf: 0, slot: 1, backing: { device: "/dev/vdb" } };
const messageFor = (kind: KindName, spec: unknown, name = "a") => {
  const result = parseSpec(kind, { metadata: { name }, spec });
  return result.ok ? "accepted" : result.message;
};

describe("a spec that the API server let through", () => {
  it("gets the defaults that an object of today has", () => {
    expect(parseSpec("AoeVolume", { metadata: { name: "data" }, spec: volume })).toEqual({
      ok: true,
      spec: { ...volume, access: "ReadWrite", directIO: "Disabled", sync: "Enabled", deletionPolicy: "Retain" },
    });
  });

  it.each([
    [{ ...volume, shelf: 70000 }, "spec.shelf is 70000: must be at most 65534"],
    [
      { ...volume, shelf: 4095 },
      "spec.shelf is 4095: shelf must not be 4095: initiators use it as the broadcast address",
    ],
    [{ ...volume, shelf: "0" }, 'spec.shelf is "0": must be a number'],
    [{ ...volume, shelf: 0.5 }, "spec.shelf is 0.5: must be a whole number"],
    [{ ...volume, shelf: undefined }, "spec.shelf is missing: must be a number"],
    [{ ...volume, access: "RW" }, 'spec.access is "RW": must be ReadWrite or ReadOnly'],
    [
      { ...volume, backing: { device: "/dev/$(reboot)" } },
      'spec.backing.device is "/dev/$(reboot)": must be an absolute path of letters, digits and . _ / @ : + , = -, without a slash at the end or two in a row',
    ],
    [
      { ...volume, clientRefs: [{ name: "bella" }, { name: "brutus" }, { name: "bella" }] },
      'spec.clientRefs[2] is {"name":"bella"}: must be listed only once',
    ],
    [{ ...volume, backing: {} }, "spec.backing is {}: backing must have exactly one of device, file and logicalVolume"],
    [undefined, "spec is missing: must be an object"],
    [
      { ...volume, interface: "e".repeat(500) },
      `spec.interface is "${"e".repeat(96)}...: must have at most 15 characters; spec.interface is "${"e".repeat(96)}...: must be a network interface name: 1 to 15 letters, digits and . _ -, not starting with . or -`,
    ],
  ])("is explained: %j", (spec, message) => {
    expect(messageFor("AoeVolume", spec)).toBe(message);
  });

  it("names five problems and counts the others", () => {
    expect(
      messageFor("XenMigration", {
        domain: 1,
        mode: 2,
        timeoutSeconds: 3,
        abort: 4,
        sourceHostRef: 5,
        targetHostRef: 6,
      }),
    ).toBe(
      [
        "spec.domain is 1: must be a string",
        "spec.sourceHostRef is 5: must be an object",
        "spec.targetHostRef is 6: must be an object",
        "spec.mode is 2: must be Live or Offline",
        "spec.timeoutSeconds is 3: must be at least 30",
        "and 1 more",
      ].join("; "),
    );
  });

  it("is judged together with the object's name", () => {
    const spec = {
      ssh: { host: "bella.example", privateKeySecretRef: { name: "rack-ssh" } },
      aoe: { interfaces: ["eth1"] },
      relocation: { mode: "Enabled", allowedSourceHostRefs: [{ name: "bella" }] },
    };
    expect(messageFor("XenHost", spec, "brutus")).toBe("accepted");
    expect(messageFor("XenHost", spec, "bella")).toBe(
      'spec.relocation.allowedSourceHostRefs is [{"name":"bella"}]: relocation.allowedSourceHostRefs must name other hosts: a host does not migrate domains to itself',
    );
  });

  it("becomes a message, never an exception, whatever it is", () => {
    const kinds = Object.keys(definitions).filter((kind): kind is KindName => kind in definitions);
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.jsonValue(), (kind, spec) => {
        expect(typeof messageFor(kind, spec)).toBe("string");
      }),
      { numRuns: 500 },
    );
  });

  it("is the same after it was parsed once", () => {
    const once = parseSpec("AoeVolume", { metadata: { name: "data" }, spec: volume });
    if (!once.ok) throw new Error(once.message);
    expect(parseSpec("AoeVolume", { metadata: { name: "data" }, spec: once.spec })).toEqual(once);
  });
});
