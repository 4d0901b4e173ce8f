import { loadDriver } from "../../src/sim/model/aoe-driver.ts";
import { onlineFromFiles } from "../../src/sim/model/o2cb.ts";
import { createImage, resolve } from "../../src/sim/model/storage.ts";
import { startVblade } from "../../src/sim/model/vblade.ts";
import { parseRack, type RackFile } from "../../src/sim/rack-file.ts";
import type { Stage } from "../simulation/stage.ts";
import { clusterConf, domainFile } from "../typed-files.ts";

/** The rack of the tutorial of 2010, built by hand long before xensan: its dom0s are called Bella and Brutus. */

export const dom0Names = ["bella", "brutus"] as const;
const device = "/dev/etherd/e0.1";
const imagePath = "/home/vm-test.img";
const fileOfDomain = "/etc/xen/vm-test.cfg";
export const uuidOfDomain = "37baabc6-98d5-48a2-9634-a38b12e29c45";

const typedDomain = `${domainFile("console=hvc0")}vif     = [ 'mac=00:16:3e:01:02:03,bridge=xenbr0' ]
`;

const root = { path: "/dev/vda", size: "4Gi", signature: "ext4", mountPoint: "/" };
const host = (index: number, rest: object) => ({
  ssh: { port: 2210 + index },
  interfaces: [
    { name: "eth0", mac: `52:54:00:99:00:1${index}`, segment: "management", address: `10.98.0.1${index}/24` },
    { name: "eth1", mac: `52:54:00:99:01:1${index}`, segment: "san", address: `10.99.0.1${index}/24` },
  ],
  disks: [root],
  ...rest,
});

const dom0 = (index: number, name: string, init: "systemd" | "sysvinit") =>
  host(index, {
    roles: ["dom0"],
    init,
    memory: "2Gi",
    packages: ["aoetools", "ocfs2-tools"],
    directories: ["/home"],
    files: [
      { path: "/etc/hostname", text: `${name}\n` },
      { path: "/etc/ocfs2/cluster.conf", text: clusterConf },
      { path: "/etc/default/o2cb", text: "O2CB_ENABLED=true\nO2CB_BOOTCLUSTER=ocfs2\n" },
      { path: "/etc/fstab", text: `/dev/vda / ext4 defaults 0 1\n${device} /home ocfs2 _netdev 0 0\n` },
      ...(name === "Bella" ? [{ path: fileOfDomain, text: typedDomain }] : []),
    ],
  });

/** `export`: a line of /etc/inittab that init runs, or `vbladed` typed on a console. */
export interface ByHand {
  readonly export: "Inittab" | "Typed";
  readonly init: "systemd" | "sysvinit";
}

const vblade = ["0", "1", "eth1", "/dev/sdb1"];

export const rackByHand = ({ export: how, init }: ByHand): RackFile =>
  parseRack({
    hosts: {
      san: host(0, {
        roles: ["server"],
        init: how === "Inittab" ? "sysvinit" : init,
        memory: "512Mi",
        packages: ["vblade"],
        disks: [
          root,
          // mkfs -t ocfs2 -L DATA: the stack o2cb, without a cluster name.
          { path: "/dev/sdb1", size: "2Gi", signature: "ocfs2", ocfs2: { label: "DATA", cluster: "" } },
        ],
        files:
          how === "Typed"
            ? []
            : [
                {
                  path: "/etc/inittab",
                  text: `id:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\ne0:2345:respawn:/usr/sbin/vblade ${vblade.join(" ")}\n`,
                },
              ],
      }),
      bella: dom0(1, "Bella", init),
      brutus: dom0(2, "Brutus", init),
    },
  });

/** Everything that was typed: export, cluster, mounts, and the domain on Bella. */
export async function buildByHand(stage: Stage, how: ByHand): Promise<void> {
  const { rack } = stage;
  if (how.export === "Typed") startVblade(rack.world, rack.host("san"), vblade, { by: "None", instance: "" });
  for (const name of dom0Names) loadDriver(rack.world, rack.host(name), new Map([["aoe_iflist", "eth1"]]));
  await stage.advance(30_000);
  for (const name of dom0Names) onlineFromFiles(rack.world, rack.host(name), "ocfs2");
  for (const name of dom0Names) {
    if (rack.ocfs2.mountsOf(name).length === 0) rack.ocfs2.mount(name, device, "/home");
    await stage.advance(60_000);
  }
  const bella = rack.host("bella");
  const problem = createImage(rack.world, bella, imagePath, 256 * 2 ** 20, "Allocated");
  if (problem !== undefined) throw new Error(`${imagePath}: ${problem}`);
  const { node } = resolve(bella, imagePath);
  if (node?.kind === "File")
    Object.assign(node.content, { signature: "ext4", uuid: "pattern", label: "byte 7 of each page" });
  rack.xen.createDomain("bella", `${typedDomain}uuid = "${uuidOfDomain}"\n`);
  await stage.advance(1000);
}

/** The image as each dom0 sees it: inode, size and content. */
export const imageSeen = (stage: Stage) =>
  dom0Names.map((name) => {
    const { node } = resolve(stage.rack.host(name), imagePath);
    if (node?.kind !== "File") return `${name}: ${node?.kind ?? "nothing"}`;
    return `${name}: inode ${node.inode}, ${node.sizeBytes} bytes, ${JSON.stringify(node.content)}`;
  });

/** Everything on the disks of the machines: paths with their contents, and mounts. */
export function fingerprint(stage: Stage): string[] {
  stage.rack.settle();
  return [...stage.rack.hosts.values()].flatMap((one) => [
    ...[...one.rootFileSystem.nodes].map(([path, node]) => `${one.name} ${path} ${JSON.stringify(node)}`),
    ...one.running.mounts.map(
      ({ source, mountPoint, options }) => `${one.name} mount ${source} ${mountPoint} ${options}`,
    ),
    ...[...one.running.processes.values()].map(({ pid, argv }) => `${one.name} ${pid} vblade ${argv.join(" ")}`),
    ...[...one.packages].map(([name, version]) => `${one.name} ${name} ${version}`),
    `${one.name} booted ${one.running.bootId}`,
  ]);
}
