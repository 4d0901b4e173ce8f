import { z } from "zod";
import { timeSchema } from "./conditions.ts";
import { column, defineKind, summaryColumns, wideColumn } from "./definition.ts";
import { allowedSettingSchema } from "./domain-settings.ts";
import { domainStateSchema } from "./domain-state.ts";
import { hostStatusSchema } from "./host-status.ts";
import { atomicListOf, atomicObject, setOf } from "./lists.ts";
import { seenSizeSchema } from "./quantity.ts";
import { seenRefSchema } from "./references.ts";
import { relocationSchema } from "./relocation.ts";
import { managementSchema, packagesPolicySchema, sshSchema } from "./ssh.ts";
import { interfaceNameSchema, pathGlobSchema, textOf, uuidSchema } from "./text.ts";

const bridgeGlobSchema = textOf(/^[A-Za-z0-9._*?[\]!^-]{1,32}$/, 32, "a bridge name, which may contain *, ? and [a-z]");

const allowedSchema = z
  .object({
    mountPoints: setOf(pathGlobSchema, { max: 32 })
      .default(["/mnt/*", "/srv/*"])
      .describe(
        "Mount points that shared file systems may have. /home, /opt, /srv, /mnt and /media themselves are allowed only if they are listed without * or ?.",
      ),
    mountOptions: setOf(z.enum(["dev", "exec", "suid"]), { max: 3 })
      .default([])
      .describe(
        "Mount options that shared file systems may have although they let files on them harm the host: device files, programs, set-user-ID programs. Without these, file systems are mounted nodev, noexec and nosuid.",
      ),
    bridges: setOf(bridgeGlobSchema, { max: 32 })
      .default([])
      .describe(
        "Bridges to which domains may be connected; none when empty. BRIDGE.VLAN allows one VLAN of Open vSwitch, BRIDGE.* all of them.",
      ),
    bootFiles: setOf(pathGlobSchema, { max: 32 })
      .default(["/boot/initrd.img-*", "/boot/vmlinuz-*"])
      .describe("Kernels and ramdisks on the dom0 from which domains may boot."),
    settings: setOf(allowedSettingSchema, { max: 64 })
      .default([])
      .describe(
        "More lines that the configuration of a domain may have (settings of a XenDomain): a key of xl.cfg(5) allows any value, KEY=VALUE one value. Some keys name programs and files of the host: list those with their value.",
      ),
    domains: setOf(uuidSchema, { max: 256 })
      .default([])
      .describe("UUIDs of domains that xensan did not start and that a XenDomain may take over."),
    images: setOf(pathGlobSchema, { max: 32 })
      .default([])
      .describe(
        "Files on shared file systems that a XenDomain may use as images although xensan did not create them for it.",
      ),
  })
  .describe("Resources of the host that its users may use. * and ? stay within one component of a path.");

/** Spec of a XenHost as a person writes it: how to reach the dom0, its AoE networks, its place in domain placement. */
export const xenHostSpecSchema = z.object({
  ssh: sshSchema,
  aoe: z
    .object({
      interfaces: setOf(interfaceNameSchema, { min: 1, max: 16 }).describe(
        "Network interfaces on which the AoE driver looks for volumes.",
      ),
    })
    .describe("The host as an AoE client."),
  toolstack: z
    .enum(["Auto", "xl", "xm"])
    .default("Auto")
    .describe(
      "Auto: xl if it is installed, otherwise xm. Support for xm follows the documentation and the sources of xend 4.3; it was never tested on a host with xend.",
    ),
  management: managementSchema,
  packages: packagesPolicySchema,
  allowed: allowedSchema.prefault({}),
  relocation: relocationSchema.prefault({}),
  maintenance: z
    .enum(["None", "Cordon", "Drain"])
    .default("None")
    .describe("Cordon: no domain is started on or moved to the host. Drain: its domains are moved away too."),
});

const aoeDeviceSchema = z.object({
  target: z.string().max(16).describe("AoE address, e<shelf>.<slot>."),
  state: z.string().max(64).describe("State reported by the driver: up or down, then kickme or closewait."),
  size: seenSizeSchema.optional().describe("Size of the device, as the host sees it."),
  serverMAC: z.string().max(32).optional().describe("MAC address of the server that answers at the address."),
  otherMACs: atomicListOf(z.string().max(32), { max: 4 })
    .optional()
    .describe("Further MAC addresses that have answered there: former ones, or those of another server."),
  interface: z.string().max(16).optional().describe("Network interface on which it was found."),
});

const domainSchema = z.object({
  uuid: z.string().max(36).describe("UUID of the domain."),
  name: z.string().max(255).describe("Name in Xen."),
  id: z.int32().optional().describe("Xen's number of the domain, new after every start."),
  state: domainStateSchema.optional(),
  memory: seenSizeSchema.optional().describe("Current memory of the domain."),
  vcpus: z.int32().optional().describe("Virtual CPUs."),
});

/** Status of a XenHost from its last probe: AoE devices, Xen, memory, domains. */
export const xenHostStatusSchema = hostStatusSchema.extend({
  aoe: atomicObject(
    z.object({
      driverVersion: z.string().max(32).optional().describe("Version of the AoE driver."),
      interfaces: atomicListOf(z.string().max(16), { max: 16 })
        .optional()
        .describe("Network interfaces on which the driver looks for devices; all interfaces when empty."),
      devices: atomicListOf(aoeDeviceSchema, { max: 256 }).optional().describe("Devices that the driver has found."),
    }),
  )
    .optional()
    .describe("The AoE driver and its devices, at most 256."),
  domains: atomicListOf(domainSchema, { max: 256 }).optional().describe("The domains on the host."),
  xen: atomicObject(
    z.object({
      toolstack: z.string().max(8).optional().describe("xl or xm."),
      version: z.string().max(32).optional().describe("Version of Xen."),
      totalMemory: seenSizeSchema.optional().describe("Memory of the machine."),
      freeMemory: seenSizeSchema.optional().describe("Memory that belongs to no domain."),
      cpus: z.int32().optional().describe("Processors of the machine, counted in threads."),
      virtualisation: z.string().max(256).optional().describe("virt_caps of xl info; shadow: PV guests migrate live."),
    }),
  )
    .optional()
    .describe("Facts about Xen and the machine, from the toolstack."),
  watchdog: atomicObject(
    z.object({
      name: z.string().max(64).describe("xenwatchdogd, or the name of the hardware."),
      timeoutSeconds: z.int32().describe("Time that dom0 may hang before the machine is reset."),
      atBoot: z.enum(["Armed", "NotArmed"]).describe("Whether the watchdog is armed again after a boot."),
      bootID: z.string().max(64).describe("The boot in which the watchdog was seen."),
    }),
  )
    .optional()
    .describe(
      "Watchdog that resets the machine when dom0 hangs, as last seen. Without a watchdog, a missing heartbeat proves nothing.",
    ),
  proof: atomicObject(
    z.object({
      kind: z
        .enum(["StorageDeath", "Forgotten"])
        .describe("StorageDeath: the storage proves that the host is dead. Forgotten: a person confirmed it."),
      bootID: z.string().max(64).describe("The boot that has ended, with all domains and processes of that boot."),
      message: z.string().max(4096).describe("Evidence for the proof."),
      time: timeSchema.describe("When the proof was complete."),
    }),
  )
    .optional()
    .describe(
      "Proof that the host is dead while it cannot be reached: xensan does not wait for it, and starts its domains elsewhere.",
    ),
  relocation: atomicObject(
    z.object({
      publicKey: z
        .string()
        .max(1024)
        .optional()
        .describe("Public half of the migration key that was generated on the host."),
      verified: atomicListOf(
        z.object({
          hostRef: seenRefSchema.describe("XenHost that was reached."),
          digest: z.string().max(64).describe("Digest of the keys and addresses that were used."),
        }),
        { max: 64 },
      )
        .optional()
        .describe("Hosts that this one has reached with its migration key."),
    }),
  )
    .optional()
    .describe("The host as source or target of migrations with xl."),
});

/** Spec of a XenHost, parsed and with its defaults. */
export type XenHostSpec = z.infer<typeof xenHostSpecSchema>;
/** Status of a XenHost, as the operator writes it. */
export type XenHostStatus = z.infer<typeof xenHostStatusSchema>;

/** The kind XenHost; the CRD, the reference page and the models are generated from it. */
export const xenHostDefinition = defineKind({
  kind: "XenHost",
  plural: "xenhosts",
  shortName: "xh",
  description: "A Xen dom0: its SSH access, its AoE networks, and the resources that its users may use.",
  spec: xenHostSpecSchema,
  status: xenHostStatusSchema,
  rules: [
    {
      cel: "!self.spec.relocation.allowedSourceHostRefs.exists(peer, peer.name == self.metadata.name)",
      message: "relocation.allowedSourceHostRefs must name other hosts: a host does not migrate domains to itself",
      path: ["spec", "relocation", "allowedSourceHostRefs"],
      holds: ({ metadata, spec }) => !spec.relocation.allowedSourceHostRefs.some((peer) => peer.name === metadata.name),
    },
  ],
  conditionTypes: ["Reachable", "AoeReady", "ToolstackReady", "RelocationReady", "WatchdogReady", "Drained", "Ready"],
  columns: [
    column("Host", ".spec.ssh.host"),
    column("Maintenance", ".spec.maintenance"),
    column("Memory", ".status.xen.totalMemory"),
    column("Free", ".status.xen.freeMemory"),
    wideColumn("Kernel", ".status.facts.kernel"),
    wideColumn("AoE", '.status.conditions[?(@.type=="AoeReady")].status'),
    ...summaryColumns("Ready"),
  ],
  selectableFields: [".spec.ssh.host", ".spec.maintenance"],
});
