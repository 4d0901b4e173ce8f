import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  discover,
  ensureExport,
  ensureFile,
  ensureLogicalVolume,
  interfaceUp,
  prepareInitiator,
  probe,
} from "../../../src/host/actions.ts";
import { canonicalOptions, parseVbladeArguments } from "../../../src/host/vblade-arguments.ts";

const owner = { namespace: "san", name: "a", uid: "1111-aa" };
const exported = {
  owner,
  shelf: 0,
  slot: 1,
  interface: "eth1",
  interfaces: [
    { name: "eth1", segment: "rack" },
    { name: "eth2", segment: "backup" },
  ],
  backing: "/dev/sdb",
  options: ["-r", "-b", "16", "-m", "52:54:00:99:01:11,52:54:00:99:01:12"],
  restart: "IfNeeded",
  allowedBackings: ["/dev/sd[b-z]", "san/*"],
} as const;

describe("a command for a host", () => {
  it("is its script, its arguments and what it ensures", () => {
    const { script, args, timeoutSeconds, ensures } = ensureExport(exported);
    expect({ name: script.name, args, timeoutSeconds, ensures }).toEqual({
      name: "ensure-export",
      args: [
        "san/a 1111-aa",
        "0",
        "1",
        "eth1",
        "/dev/sdb",
        "-r -b 16 -m 52:54:00:99:01:11,52:54:00:99:01:12",
        "ifneeded",
        "-",
        "-",
        "eth1=rack eth2=backup",
        "/dev/sd[b-z]",
        "san/*",
      ],
      timeoutSeconds: 120,
      ensures: "/dev/sdb exported as e0.1 on eth1",
    });
  });

  it("asks the probe for the roles, segments and backings of the host", () => {
    expect(probe({ roles: ["Server", "Client"], segments: ["eth1"], backings: ["/dev/sdb"] }).args).toEqual([
      "server,client",
      "segment=eth1",
      "backing=/dev/sdb",
    ]);
    expect(probe({ roles: [], segments: [], backings: [] }).args).toEqual(["none"]);
  });

  it("rounds sizes up to whole sectors", () => {
    const sized = (sizeBytes: number) => ensureFile({ owner, path: "/srv/a", sizeBytes, allowedBackings: [] }).args[2];
    expect([1, 512, 513, 500_000_000].map(sized)).toEqual(["512", "512", "1024", "500000256"]);
  });
});

describe("a value that no host could be given", () => {
  it.each([
    ["shelf", () => ensureExport({ ...exported, shelf: 4095 }), /shelf is 4095; it must be/],
    ["shelf", () => ensureExport({ ...exported, shelf: 65535 }), /from 0 to 65534/],
    ["slot", () => ensureExport({ ...exported, slot: 255 }), /slot is 255; it must be a whole number from 0 to 254/],
    ["interface", () => interfaceUp("eth1; reboot"), /interface is "eth1; reboot"/],
    ["interface", () => interfaceUp("a-name-of-16-chr"), /1 to 15/],
    ["interface", () => prepareInitiator({ interfaces: ["-a"] }), /interface is "-a"/],
    [
      "segment",
      () => ensureExport({ ...exported, interfaces: [{ name: "eth1", segment: "a b" }] }),
      /segment is "a b"/,
    ],
    ["option", () => ensureExport({ ...exported, options: ["-x"] }), /options is "-x"/],
    ["option", () => ensureExport({ ...exported, options: ["-m", "zz"] }), /-m is "zz"/],
    ["option", () => ensureExport({ ...exported, options: ["-b"] }), /-b is ""/],
    ["uid", () => ensureExport({ ...exported, owner: { ...owner, uid: "a b" } }), /uid is "a b"/],
    ["name", () => ensureExport({ ...exported, backing: `/srv/${"a".repeat(256)}` }), /names of at most 255/],
    ["glob", () => ensureExport({ ...exported, allowedBackings: ["/srv/../*"] }), /allowedBackings is/],
    ["glob", () => ensureExport({ ...exported, allowedBackings: ["/srv/$x"] }), /allowedBackings is/],
    [
      "volume",
      () => ensureLogicalVolume({ owner, volumeGroup: "-v", name: "a", sizeBytes: 1, allowedBackings: [] }),
      /volumeGroup/,
    ],
    ["target", () => discover({ targets: [{ shelf: 0.5, slot: 1 }], waitSeconds: 1 }), /shelf is 0.5/],
  ])("is refused by name: %s", (_field, build, message) => {
    expect(build).toThrow(message);
  });

  it("is, for a path, everything that sh, systemd or init would read as something else", async () => {
    await fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (text) => {
        const build = () => ensureExport({ ...exported, backing: `/srv/${text}` }).args[4];
        if (/^[A-Za-z0-9._+:@=,/-]+$/.test(text) && !`/${text}/`.match(/\/(\.{0,2})\//))
          expect(build()).toBe(`/srv/${text}`);
        else expect(build).toThrow(/path is/);
      }),
    );
  });
});

describe("vblade's command line", () => {
  const flag = fc.oneof(
    fc.constantFrom(["-r"], ["-s"], ["-d"]),
    fc.nat(100).map((count) => ["-b", String(count)]),
  );
  it("is read wherever its options stand, joined or apart", () => {
    const expected = { shelf: 0, slot: 1, interface: "eth1", backing: "/dev/sdb", options: ["-r", "-b", "16"] };
    for (const line of ["-r -b 16 0 1 eth1 /dev/sdb", "0 1 eth1 /dev/sdb -rb16", "0 1 -r eth1 -b16 /dev/sdb"]) {
      expect(parseVbladeArguments(line.split(" "))).toEqual(expected);
    }
    expect(parseVbladeArguments(["abc", "1", "eth1", "/x"])?.shelf).toBe(0);
    expect(parseVbladeArguments(["0", "1", "eth1"])).toBeUndefined();
  });
  it("means the same in any order", async () => {
    await fc.assert(
      fc.property(fc.uniqueArray(flag, { selector: ([name]) => name }), (flags) => {
        expect(canonicalOptions(flags.toReversed().flat())).toBe(canonicalOptions(flags.flat()));
      }),
    );
  });
});
