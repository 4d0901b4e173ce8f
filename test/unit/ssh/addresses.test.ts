import { describe, expect, it } from "vitest";
import { createAddressGate, readAddressPolicy } from "../../../src/ssh/addresses.ts";

const dns: Record<string, string[]> = {
  "bella.example": ["10.1.0.7"],
  "both.example": ["169.254.169.254", "10.1.0.8"],
  "evil.example": ["127.0.0.1", "::ffff:169.254.169.254"],
  "six.example": ["2001:db8::1"],
};
const resolve = async (host: string) => {
  const found = dns[host];
  if (found === undefined) throw new Error(`getaddrinfo ENOTFOUND ${host}`);
  return found;
};
const gate = createAddressGate(["10.1.0.0/16", "2001:db8::/32", "192.0.2.7", "Backup.Example"], resolve);
const refused = (message: string) => expect.objectContaining({ code: "AddressNotAllowed", started: false, message });

describe("the operator's list of allowed addresses", () => {
  it("lets addresses inside of it pass", async () => {
    expect(await Promise.all(["10.1.255.255", "192.0.2.7", "2001:db8:1::5", "::ffff:10.1.0.1"].map(gate))).toEqual([
      ["10.1.255.255"],
      ["192.0.2.7"],
      ["2001:db8:1::5"],
      ["::ffff:10.1.0.1"],
    ]);
  });

  it("names an address outside of it", async () => {
    await expect(gate("10.2.0.1")).rejects.toEqual(
      refused("10.2.0.1 is not in the operator's list of allowed addresses"),
    );
    await expect(gate("::1")).rejects.toEqual(refused("::1 is not in the operator's list of allowed addresses"));
  });

  it("judges a name by what it resolves to, and hands on only the addresses that may be used", async () => {
    expect(await gate("bella.example")).toEqual(["10.1.0.7"]);
    expect(await gate("six.example")).toEqual(["2001:db8::1"]);
    expect(await gate("both.example")).toEqual(["10.1.0.8"]);
    await expect(gate("evil.example")).rejects.toEqual(
      refused("evil.example (127.0.0.1, ::ffff:169.254.169.254) is not in the operator's list of allowed addresses"),
    );
  });

  it("is not fooled by other spellings of an address", async () => {
    // getaddrinfo understands these as 127.0.0.1; here they are names that do not resolve.
    for (const spelling of ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"]) {
      await expect(gate(spelling)).rejects.toMatchObject({ code: "Unreachable", started: false });
    }
  });

  it("trusts a listed name with whatever it resolves to", async () => {
    dns["backup.example"] = ["198.51.100.1"];
    expect(await gate("backup.example")).toEqual(["198.51.100.1"]);
  });

  it("says that a name cannot be resolved", async () => {
    await expect(gate("nowhere.example")).rejects.toMatchObject({
      code: "Unreachable",
      message: "nowhere.example cannot be resolved: getaddrinfo ENOTFOUND nowhere.example",
    });
  });

  it("lets nothing pass when it is empty, and everything when there is none", async () => {
    await expect(createAddressGate([], resolve)("10.1.0.7")).rejects.toMatchObject({ code: "AddressNotAllowed" });
    expect(await createAddressGate("Any", resolve)("evil.example")).toEqual(["127.0.0.1", "::ffff:169.254.169.254"]);
  });

  it.each([
    "10.0.0.0/33",
    "10.0.0/8",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "2001:db8::/129",
    "a b",
    "",
    "-a",
    "*.example",
    "300.1.1.1",
  ])("refuses the entry %j", (entry) => {
    expect(() => createAddressGate([entry])).toThrow(
      `has ${JSON.stringify(entry)}, which is neither a CIDR block nor an IP address nor a host name`,
    );
  });
});

describe("what whoever runs the operator writes down", () => {
  const accepted = "it must be CIDR blocks, IP addresses and host names, or only Any for every address";

  it("is a list of addresses, or Any", () => {
    expect(readAddressPolicy(["Any"])).toBe("Any");
    expect(readAddressPolicy(["10.1.0.0/16", "backup.example"])).toEqual(["10.1.0.0/16", "backup.example"]);
  });

  it.each([
    [[], `is missing; ${accepted}`],
    [["any"], `is "any"; ${accepted}`],
    [["10.1.0.0/16", "Any"], `is "10.1.0.0/16,Any"; ${accepted}`],
    [["10.1.0.0/99"], 'has "10.1.0.0/99", which is neither a CIDR block nor an IP address nor a host name'],
  ])("is not %j", (entries, message) => {
    expect(() => readAddressPolicy(entries)).toThrow(new RangeError(message));
  });
});
