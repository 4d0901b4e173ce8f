import { parseRack, type RackFile, type RackFileInput } from "./rack-file.ts";

/** Size of a generated rack: numbers of servers and dom0s, and their equipment. */
export interface Scale {
  readonly servers: number;
  readonly dom0s: number;
  readonly init?: "systemd" | "sysvinit";
  /** Bytes of the disk that holds /srv/aoe, on each server. */
  readonly storageBytes?: number;
  readonly packages?: "Installed" | "Missing";
}

const mac = (network: number, host: number) =>
  `52:54:00:${[network, host >> 8, host & 0xff].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`;

/** A rack of any size: san-1… with /srv/aoe, a blank /dev/vdb and the volume group `san`, and dom0-1…. */
export function scaleRack(scale: Scale): RackFile {
  const hosts: RackFileInput["hosts"] = {};
  const installed = scale.packages === "Installed";
  const interfaces = (index: number) => [
    { name: "eth0", mac: mac(0, index), segment: "management" },
    { name: "eth1", mac: mac(1, index), segment: "san" },
  ];
  for (let index = 1; index <= scale.servers; index++) {
    hosts[`san-${index}`] = {
      roles: ["server"],
      ssh: { port: 0 },
      init: scale.init ?? "systemd",
      interfaces: interfaces(index),
      disks: [
        { path: "/dev/vda", size: scale.storageBytes ?? 2 ** 44, signature: "ext4", mountPoint: "/" },
        { path: "/dev/vdb", size: "2Gi" },
        { path: "/dev/vdc", size: 2 ** 44, volumeGroup: "san" },
      ],
      directories: ["/srv/aoe"],
      packages: installed ? ["lvm2", "vblade"] : ["lvm2"],
    };
  }
  for (let index = 1; index <= scale.dom0s; index++) {
    hosts[`dom0-${index}`] = {
      roles: ["dom0"],
      ssh: { port: 0 },
      init: scale.init ?? "systemd",
      memory: "2Gi",
      interfaces: interfaces(scale.servers + index),
      disks: [{ path: "/dev/vda", size: "4Gi", signature: "ext4", mountPoint: "/" }],
      packages: installed ? ["aoetools"] : [],
    };
  }
  return parseRack({ hosts });
}
