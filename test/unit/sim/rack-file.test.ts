import { describe, expect, it } from "vitest";
import { loadRack, parseRack, RackFileError, tutorialRack } from "../../../src/sim/rack-file.ts";
import { scaleRack } from "../../../src/sim/scale.ts";

describe("the tutorial's rack", () => {
  it("is a SAN box and two dom0s with the lab's names, ports and MACs", () => {
    const { hosts } = loadRack(tutorialRack);
    const shown = Object.entries(hosts).map(([name, host]) => [
      name,
      host.roles[0],
      host.ssh.port,
      host.interfaces.find((nic) => nic.segment === "san")?.mac,
      host.packages,
    ]);
    expect(shown).toEqual([
      ["san", "server", 2210, "52:54:00:99:01:10", ["lvm2"]],
      ["bella", "dom0", 2211, "52:54:00:99:01:11", []],
      ["brutus", "dom0", 2212, "52:54:00:99:01:12", []],
    ]);
    expect(hosts.san?.disks.map((disk) => [disk.path, disk.size])).toEqual([
      ["/dev/vda", 4 * 1024 ** 3],
      ["/dev/vdb", 2 * 1024 ** 3],
      ["/dev/vdc", 8 * 1024 ** 3],
    ]);
  });
});

describe("a rack file with mistakes", () => {
  const host = {
    roles: ["server"],
    ssh: { port: 2210 },
    interfaces: [{ name: "eth0", mac: "52:54:00:99:00:10", segment: "management" }],
    disks: [{ path: "/dev/vda", size: "4Gi", mountPoint: "/" }],
  };
  it.each<[string, object, string]>([
    ["a role that is none", { ...host, roles: ["nas"] }, "hosts.san.roles.0: Invalid option"],
    ["a size without sense", { ...host, disks: [{ ...host.disks[0], size: "4 GB" }] }, '(got "4 GB")'],
    ["no root disk", { ...host, disks: [{ path: "/dev/vda", size: "4Gi" }] }, "one disk must have mountPoint: /"],
    ["a field that is none", { ...host, nics: 1 }, 'hosts.san: Unrecognized key: "nics"'],
    [
      "a MAC in capitals",
      { ...host, interfaces: [{ name: "eth0", mac: "52:54:00:99:00:AA", segment: "m" }] },
      "must be a lower-case MAC",
    ],
  ])("%s is named", (_what, san, message) => {
    expect(() => parseRack({ hosts: { san } }, "rack.yaml")).toThrow(RackFileError);
    expect(() => parseRack({ hosts: { san } }, "rack.yaml")).toThrow(message);
  });

  it("says who else has a port or a MAC", () => {
    expect(() => parseRack({ hosts: { a: host, b: host } })).toThrow(
      "rack is not a rack:\n" +
        "  hosts.b.ssh.port: ssh endpoint 127.0.0.1:2210 must be unique; hosts.a.ssh.port has it too (got 2210)\n" +
        '  hosts.b.interfaces.0.mac: MAC 52:54:00:99:00:10 must be unique; hosts.a.interfaces.0.mac has it too (got "52:54:00:99:00:10")',
    );
  });
});

describe("a rack by the hundred", () => {
  it("has as many hosts as asked for, each with MACs of its own", () => {
    const { hosts } = scaleRack({ servers: 10, dom0s: 290 });
    expect(Object.keys(hosts)).toHaveLength(300);
    expect(new Set(Object.values(hosts).flatMap((host) => host.interfaces.map((nic) => nic.mac))).size).toBe(600);
  });
});
