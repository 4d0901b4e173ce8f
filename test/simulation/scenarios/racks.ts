import { parseRack, type RackFile } from "../../../src/sim/rack-file.ts";

const host = (index: number, rest: object) => ({
  ssh: { port: 2210 + index },
  interfaces: [
    { name: "eth0", mac: `52:54:00:99:00:1${index}`, segment: "management", address: `10.98.0.1${index}/24` },
    { name: "eth1", mac: `52:54:00:99:01:1${index}`, segment: "san", address: `10.99.0.1${index}/24` },
  ],
  disks: [{ path: "/dev/vda", size: "4Gi", signature: "ext4", mountPoint: "/" }],
  ...rest,
});

const root = { path: "/dev/vda", size: "4Gi", signature: "ext4", mountPoint: "/" };

/** A SAN box under systemd with a volume group, an old one under sysvinit, and three dom0s on one segment. */
export function twoServers(): RackFile {
  return parseRack({
    hosts: {
      san: host(0, {
        roles: ["server"],
        disks: [
          root,
          { path: "/dev/vdb", size: "2Gi", serial: "fast" },
          { path: "/dev/vdc", size: "8Gi", volumeGroup: "san" },
          { path: "/dev/vdd", size: "1Gi", signature: "ext4" },
        ],
        directories: ["/srv/aoe"],
        packages: ["lvm2"],
      }),
      oldie: host(1, {
        roles: ["server"],
        init: "sysvinit",
        disks: [root, { path: "/dev/sdb", size: "1Gi" }, { path: "/dev/sdc", size: "1Gi" }],
        directories: ["/srv/aoe"],
      }),
      bella: host(2, { roles: ["dom0"] }),
      brutus: host(3, { roles: ["dom0"] }),
      caesar: host(4, { roles: ["dom0"], packages: ["aoetools"] }),
    },
  });
}
