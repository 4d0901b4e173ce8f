import { z } from "zod";
import { atomicListOf, mapListOf } from "./lists.ts";
import { volumeSizeSchema } from "./quantity.ts";
import { localRefSchema } from "./references.ts";
import { immutable, immutableRequired, withRules } from "./rules.ts";
import { absolutePathSchema, filesystemLabelSchema, interfaceNameSchema, relativePathSchema, textOf } from "./text.ts";

/** Boot settings, disks and network cards of a domain. */

export const domainBootSchema = withRules(
  z.object({
    kernel: absolutePathSchema.optional().describe("Kernel on the dom0, within the host's allowed.bootFiles."),
    ramdisk: absolutePathSchema
      .optional()
      .describe("Initial ramdisk on the dom0, within the host's allowed.bootFiles."),
    commandLine: textOf(/^[ !#%-~]*$/, 1024, "printable ASCII without quotation marks or $")
      .optional()
      .describe("Arguments of the kernel."),
    bootloader: z.enum(["pygrub"]).optional().describe("Reads the kernel from the guest's own disk."),
    order: withRules(atomicListOf(z.enum(["Disk", "Cdrom", "Network"]), { min: 1, max: 3 }), [
      {
        cel: "self.all(a, self.exists_one(b, b == a))",
        message: "order must name each device once",
        holds: (order) => new Set(order).size === order.length,
      },
    ])
      .optional()
      .describe(
        "Devices from which the firmware boots, in the order in which it tries them (HVM only); Disk, then Cdrom when omitted.",
      ),
    firmware: z
      .enum(["BIOS", "UEFI"])
      .optional()
      .describe("Firmware of the guest (HVM only); BIOS when omitted. UEFI needs xl, and OVMF on the dom0."),
  }),
  [
    {
      cel: "(has(self.kernel) ? 1 : 0) + (has(self.bootloader) ? 1 : 0) + (has(self.order) || has(self.firmware) ? 1 : 0) == 1",
      message: "boot must have exactly one of kernel, bootloader, and the settings of firmware: order, firmware",
      holds: ({ kernel, bootloader, order, firmware }) =>
        [kernel, bootloader, order ?? firmware].filter((way) => way !== undefined).length === 1,
    },
    {
      cel: "has(self.kernel) || (!has(self.ramdisk) && !has(self.commandLine))",
      message: "boot.ramdisk and boot.commandLine must come with boot.kernel",
      holds: (boot) => boot.kernel !== undefined || (boot.ramdisk === undefined && boot.commandLine === undefined),
    },
  ],
).describe("How the domain boots: a kernel of the dom0, a bootloader, or its firmware.");

const elsewhere = "add another disk instead";

const deviceSchema = textOf(/^(xvd|sd|hd)[a-z][0-9]{0,2}$/, 6, "a virtual device, like xvda or xvdb1");

const filesystemRefSchema = z.object({
  clusterRef: localRefSchema.describe("Ocfs2Cluster."),
  label: filesystemLabelSchema.describe("Label of one of its file systems."),
});

const diskSchema = withRules(
  z.object({
    device: deviceSchema.describe("Name of the disk in the guest."),
    filesystemRef: filesystemRefSchema.describe("Shared file system that holds the image. Immutable."),
    path: relativePathSchema.describe("Image file below the file system's mount point. Immutable."),
    size: volumeSizeSchema.describe("Size of the image; it may grow."),
    sourcePath: relativePathSchema
      .optional()
      .describe(
        "Image on the same file system from which a new disk is copied; the disk is empty when omitted. It must be in the templates of the file system. Immutable.",
      ),
    access: z.enum(["ReadWrite", "ReadOnly"]).default("ReadWrite").describe("ReadOnly: the guest cannot write to it."),
  }),
  [
    immutableRequired("filesystemRef", elsewhere),
    immutableRequired("path", elsewhere),
    immutable("sourcePath", elsewhere),
  ],
);

/** Disks of a domain, in the order the guest sees them; no two share an image. */
export const domainDisksSchema = withRules(mapListOf(diskSchema, ["device"], { max: 26 }), [
  {
    cel: "self.all(a, self.exists_one(b, b.path == a.path && b.filesystemRef.label == a.filesystemRef.label && b.filesystemRef.clusterRef.name == a.filesystemRef.clusterRef.name))",
    message: "every disk must have its own image",
    holds: (disks) =>
      new Set(
        disks.map((disk) => JSON.stringify([disk.filesystemRef.clusterRef.name, disk.filesystemRef.label, disk.path])),
      ).size === disks.length,
  },
]).describe("Image files on a shared file system.");

const cdromSchema = z.object({
  device: deviceSchema.describe("Name of the drive in the guest, like hdc."),
  filesystemRef: filesystemRefSchema.describe("Shared file system that holds the image."),
  path: relativePathSchema.describe(
    "Image file (ISO) below the file system's mount point. It must be in the templates of the file system, and is only read.",
  ),
});

/** CD-ROM drives of a domain; several domains may use the same image. */
export const domainCdromsSchema = mapListOf(cdromSchema, ["device"], { max: 4 }).describe(
  "CD-ROM drives, each with an image on a shared file system. The guest sees a change after its next start.",
);

const networkSchema = withRules(
  z.object({
    bridge: interfaceNameSchema.describe("Bridge on the dom0, within the host's allowed.bridges."),
    switch: z
      .enum(["Linux", "OpenVSwitch"])
      .default("Linux")
      .describe("Type of the bridge. OpenVSwitch: Xen's script vif-openvswitch adds the card to it as a port."),
    vlan: z
      .int()
      .min(1)
      .max(4094)
      .optional()
      .describe(
        "VLAN of the card, if switch is OpenVSwitch; allowed.bridges must then contain BRIDGE.VLAN. When omitted, the card carries all VLANs of the bridge, tagged.",
      ),
    mac: textOf(
      /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/,
      17,
      "the MAC address of one card (not multicast) in lower case with colons, like 00:16:3e:1a:2b:3c",
    )
      .optional()
      .describe("Chosen from Xen's range 00:16:3e when omitted."),
    model: z.enum(["Rtl8139", "E1000", "Virtio"]).optional().describe("Emulated card (HVM only)."),
  }),
  [
    {
      cel: "self.switch == 'OpenVSwitch' || !has(self.vlan)",
      message: "vlan must be set for OpenVSwitch only: a Linux bridge has one VLAN, name the bridge of that VLAN",
      path: ["vlan"],
      holds: (network) => network.switch === "OpenVSwitch" || network.vlan === undefined,
    },
    {
      cel: "self.switch == 'Linux' || !self.bridge.contains('.')",
      message: "bridge must not contain a dot if switch is OpenVSwitch: set the VLAN in vlan",
      path: ["bridge"],
      holds: (network) => network.switch === "Linux" || !network.bridge.includes("."),
    },
  ],
);

/** The name of the bridge for Xen and for the owner of a host: with its VLAN if it is a bridge of Open vSwitch. */
export const bridgeName = ({
  bridge,
  vlan,
}: {
  readonly bridge: string;
  readonly vlan?: number | undefined;
}): string => (vlan === undefined ? bridge : `${bridge}.${vlan}`);

/** Consoles through which people see an HVM guest without a network. */
export const domainConsoleSchema = z
  .object({
    serial: z
      .enum(["Enabled", "Disabled"])
      .optional()
      .describe("First serial line, which xl console shows for an HVM guest; Disabled when omitted."),
    vnc: z
      .enum(["Enabled", "Disabled"])
      .optional()
      .describe(
        "Screen over VNC, only on 127.0.0.1 of the dom0 and on the first free port from 5900; the toolstack's default when omitted.",
      ),
  })
  .describe("Serial line and screen (HVM only); other guests always have a console.");

/** Network cards of a domain, eth0 first; MAC addresses that are set are unique. */
export const domainNetworksSchema = withRules(atomicListOf(networkSchema, { max: 8 }), [
  {
    cel: "self.all(a, !has(a.mac) || self.exists_one(b, has(b.mac) && b.mac == a.mac))",
    message: "every network card must have its own MAC address",
    holds: (networks) => {
      const macs = networks.flatMap((network) => network.mac ?? []);
      return new Set(macs).size === macs.length;
    },
  },
]).describe("Network cards, in the guest's order.");
