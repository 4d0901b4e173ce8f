import { describe, expect, it } from "vitest";
import { UsageError } from "../../../../src/cli/command.ts";
import { addressText, parseAddress } from "../../../../src/cli/import/address.ts";
import { parseFstab } from "../../../../src/cli/import/fstab.ts";
import { meansFilesystem } from "../../../../src/host/fstab.ts";

describe("the address of a host", () => {
  it.each([
    ["10.0.0.1", { host: "10.0.0.1", port: 22, user: "root" }, "root@10.0.0.1"],
    ["admin@san.example:2222", { host: "san.example", port: 2222, user: "admin" }, "admin@san.example:2222"],
    ["fd00::1", { host: "fd00::1", port: 22, user: "root" }, "root@fd00::1"],
    ["root@[fd00::1]:2222", { host: "fd00::1", port: 2222, user: "root" }, "root@[fd00::1]:2222"],
  ])("%j is read", (text, address, again) => {
    expect(parseAddress("san", text)).toEqual(address);
    expect(addressText(address)).toBe(again);
  });

  it.each(["", "root@", "@host", "host:", "host:0", "host:65536", "a b", "ssh://host", "[10.0.0.1]:22", "Root@host"])(
    "%j is refused in words",
    (text) => {
      expect(() => parseAddress("host", text)).toThrow(UsageError);
      expect(() => parseAddress("host", text)).toThrow(
        `--host is ${JSON.stringify(text)}; it must be [USER@]HOST[:PORT], like root@10.0.0.1`,
      );
    },
  );
});

describe("fstab", () => {
  const text = `# /etc/fstab
/dev/vda1 / ext4 errors=remount-ro 0 1
# xensan: san/data 1
LABEL=DATA\t/home  ocfs2  _netdev,noatime 0 0
UUID="7A3C2F10-5b1d-4c7e-9a66-0d1e2f3a4b5c" /srv/my\\040images ocfs2 _netdev
/dev/etherd/e0.3 none

`;
  const entries = parseFstab(text);
  it("is read entry by entry", () => {
    expect(entries).toEqual([
      { source: "/dev/vda1", mountPoint: "/", type: "ext4", options: ["errors=remount-ro"], ours: false },
      { source: "LABEL=DATA", mountPoint: "/home", type: "ocfs2", options: ["_netdev", "noatime"], ours: true },
      {
        source: "UUID=7A3C2F10-5b1d-4c7e-9a66-0d1e2f3a4b5c",
        mountPoint: "/srv/my images",
        type: "ocfs2",
        options: ["_netdev"],
        ours: false,
      },
    ]);
  });

  it("names a file system by device, UUID or label", () => {
    const uuid = "7a3c2f10-5b1d-4c7e-9a66-0d1e2f3a4b5c";
    const which = (device: string, label: string, id = "0") =>
      entries
        .filter((entry) => meansFilesystem(entry.source, { device, uuid: id, label }))
        .map(({ mountPoint }) => mountPoint);
    expect([which("/dev/vda1", ""), which("/dev/x", "DATA"), which("/dev/x", "", uuid)]).toEqual([
      ["/"],
      ["/home"],
      ["/srv/my images"],
    ]);
  });
});
