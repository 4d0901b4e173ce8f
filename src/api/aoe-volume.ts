import { z } from "zod";
import { endedApprovalSchema } from "./common-status.ts";
import { conditionsSchema } from "./conditions.ts";
import { column, defineKind, summaryColumns, wideColumn } from "./definition.ts";
import { atomicListOf, atomicObject, mapListOf, setOf } from "./lists.ts";
import { planSchema } from "./plan-step.ts";
import { seenSizeSchema, volumeSizeSchema } from "./quantity.ts";
import { localRefSchema, seenRefSchema } from "./references.ts";
import { immutable, immutableRequired, withRules } from "./rules.ts";
import { absolutePathSchema, interfaceNameSchema, macSchema, textOf } from "./text.ts";

const lvmName = withRules(textOf(/^[A-Za-z0-9_+.][A-Za-z0-9_+.-]*$/, 127, "an LVM name: letters, digits and _ + . -"), [
  {
    cel: "self != '.' && self != '..'",
    message: "must be a name, not . or ..",
    holds: (name) => name !== "." && name !== "..",
  },
]);

const onlyOnce = "create another AoeVolume for another backing";

const fileBackingSchema = withRules(
  z.object({
    path: absolutePathSchema.describe("Absolute path of the file; it is created if it does not exist."),
    size: volumeSizeSchema.describe("Size of the file; it may grow."),
  }),
  [immutableRequired("path", onlyOnce)],
);

const logicalVolumeBackingSchema = withRules(
  z.object({
    volumeGroup: lvmName.describe("Volume group; it must exist."),
    name: lvmName.describe("Logical volume; it is created if it does not exist."),
    size: volumeSizeSchema.describe(
      "Size of the logical volume, rounded up to whole extents; it may grow. The new part is filled with zeroes before it is served.",
    ),
  }),
  [immutableRequired("volumeGroup", onlyOnce), immutableRequired("name", onlyOnce)],
);

const backingSchema = withRules(
  z.object({
    device: absolutePathSchema.optional().describe("An existing block device, like /dev/vdb or /dev/disk/by-id/…."),
    file: fileBackingSchema.optional().describe("An image file."),
    logicalVolume: logicalVolumeBackingSchema.optional().describe("An LVM logical volume."),
  }),
  [
    {
      cel: "[has(self.device), has(self.file), has(self.logicalVolume)].filter(x, x).size() == 1",
      message: "backing must have exactly one of device, file and logicalVolume",
      holds: (backing) =>
        [backing.device, backing.file, backing.logicalVolume].filter((one) => one !== undefined).length === 1,
    },
    {
      cel: "has(self.device) == has(oldSelf.device) && has(self.file) == has(oldSelf.file) && has(self.logicalVolume) == has(oldSelf.logicalVolume)",
      message: `backing must stay of the same kind: ${onlyOnce}`,
    },
    immutable("device", onlyOnce),
  ],
).describe("The exported backing: exactly one of device, file and logicalVolume.");

/** Spec of an AoeVolume as a person writes it: the address, the backing, and who may open it. */
export const aoeVolumeSpecSchema = withRules(
  z.object({
    serverRef: localRefSchema.describe("AoeServer that exports the volume. Immutable."),
    shelf: withRules(z.int().min(0).max(65534), [
      {
        cel: "self != 4095",
        message: "shelf must not be 4095: initiators use it as the broadcast address",
        holds: (shelf) => shelf !== 4095,
      },
    ]).describe("AoE shelf (major) address. Immutable."),
    slot: z.int().min(0).max(254).describe("AoE slot (minor) address. Immutable."),
    interface: interfaceNameSchema
      .optional()
      .describe("One of the server's spec.interfaces; the first of them by default."),
    backing: backingSchema,
    access: z
      .enum(["ReadWrite", "ReadOnly"])
      .default("ReadWrite")
      .describe("ReadOnly: the server refuses writes (vblade -r)."),
    directIO: z
      .enum(["Enabled", "Disabled"])
      .default("Disabled")
      .describe("Enabled: the server bypasses its page cache (vblade -d)."),
    sync: z
      .enum(["Enabled", "Disabled"])
      .default("Enabled")
      .describe(
        "Enabled: a write is acknowledged only when it is on the disk (vblade -s). Disabled is faster, but a power failure of the server then loses writes that clients consider complete: AoE has no flush, so a shared file system may lose the journal of a node.",
      ),
    bufferCount: z
      .int()
      .min(1)
      .max(1024)
      .optional()
      .describe("Requests in flight per client (vblade -b), 16 by default. Linux clients use at most 64."),
    allowedMACs: setOf(macSchema, { max: 32 })
      .optional()
      .describe(
        "MAC addresses of the only network cards that may use the volume (vblade -m). Every card on the segment by default.",
      ),
    clientRefs: mapListOf(localRefSchema, ["name"], { max: 254 })
      .optional()
      .describe("XenHosts that must attach the volume."),
    deletionPolicy: z
      .enum(["Retain", "Delete"])
      .default("Retain")
      .describe(
        "Retain: the data stays when the object is deleted. Delete: the file or logical volume is removed, once no client holds it.",
      ),
  }),
  [
    {
      cel: "self.deletionPolicy != 'Delete' || !has(self.backing.device)",
      message: "deletionPolicy must be Retain for a device: only a file or a logical volume can be deleted",
      path: ["deletionPolicy"],
      holds: (spec) => spec.deletionPolicy !== "Delete" || spec.backing.device === undefined,
    },
    immutableRequired("serverRef", "the data stays on this server, create another AoeVolume on the other server"),
    immutableRequired("shelf", "clients know the volume by its address"),
    immutableRequired("slot", "clients know the volume by its address"),
  ],
);

const clientStatusSchema = z.object({
  hostRef: seenRefSchema.describe("XenHost that must attach the volume, or may still hold it."),
  state: z
    .enum(["Attached", "Missing", "Down", "CloseWait", "WrongServer", "WrongSize", "Unknown"])
    .describe(
      "Attached: up, with the right size, from the right server. CloseWait: dead until its last user closes it. WrongServer: another server answers at the address.",
    ),
  message: z.string().max(1024).optional().describe("The problem; absent if there is none."),
});

/** Status of an AoeVolume from the last probes of its server and clients. */
export const aoeVolumeStatusSchema = z.object({
  observedGeneration: z.int().optional().describe("metadata.generation of the spec this status belongs to."),
  conditions: conditionsSchema.optional(),
  endedApproval: endedApprovalSchema,
  target: z.string().max(16).optional().describe("AoE address, e<shelf>.<slot>."),
  devicePath: z.string().max(64).optional().describe("Path of the device on clients: /dev/etherd/e<shelf>.<slot>"),
  size: seenSizeSchema.optional().describe("Size that clients see, in whole sectors."),
  server: atomicObject(
    z.object({
      unit: z.string().max(128).optional().describe("The service that restarts the export after a reboot."),
      run: z
        .string()
        .max(64)
        .optional()
        .describe(
          "Identifies the vblade process that serves it: the value changes with each process, and a process keeps the size that it read when it started.",
        ),
      interface: z.string().max(16).optional().describe("Network interface on which it is exported."),
      mac: z.string().max(32).optional().describe("MAC address of that interface."),
      backing: z.string().max(512).optional().describe("Path after all symbolic links."),
    }),
  )
    .optional()
    .describe("The running export."),
  backing: atomicObject(
    z.object({
      identity: z
        .string()
        .max(256)
        .describe(
          "Identity of the backing, stable over reboots and independent of its name: file system and inode, serial number, WWN or UUID.",
        ),
      path: z.string().max(512).describe("The path under which it is served."),
      size: seenSizeSchema
        .optional()
        .describe("The most bytes of it that were served. With fewer, a part of it is lost: xensan does not grow it."),
    }),
  )
    .optional()
    .describe(
      "The backing as recorded when it was first served. xensan serves no other backing and creates none in its place.",
    ),
  formerUIDs: atomicListOf(z.string().max(64), { max: 16 })
    .optional()
    .describe(
      "Uids of former objects of this name in the marks of the export and its backing, which this object has taken over. With any other uid there, its deletion is blocked.",
    ),
  clients: atomicListOf(clientStatusSchema, { max: 254 }).optional().describe("The volume as each client sees it."),
  plan: planSchema.optional(),
});

/** Spec of an AoeVolume, parsed and with its defaults. */
export type AoeVolumeSpec = z.infer<typeof aoeVolumeSpecSchema>;
/** Status of an AoeVolume, as the operator writes it. */
export type AoeVolumeStatus = z.infer<typeof aoeVolumeStatusSchema>;

/** The kind AoeVolume; the CRD, the reference page and the models are generated from it. */
export const aoeVolumeDefinition = defineKind({
  kind: "AoeVolume",
  plural: "aoevolumes",
  shortName: "aoev",
  description:
    "A disk, file or logical volume of an AoeServer, exported under an AoE address, and the hosts that must attach it.",
  spec: aoeVolumeSpecSchema,
  status: aoeVolumeStatusSchema,
  rules: [],
  conditionTypes: ["Exported", "Attached", "Conflicted", "Ready"],
  columns: [
    column("Target", ".status.target"),
    column("Server", ".spec.serverRef.name"),
    column("Size", ".status.size"),
    wideColumn("Device", ".status.devicePath"),
    wideColumn("Exported", '.status.conditions[?(@.type=="Exported")].status'),
    wideColumn("Attached", '.status.conditions[?(@.type=="Attached")].status'),
    ...summaryColumns("Ready"),
  ],
  selectableFields: [".spec.serverRef.name", ".spec.shelf", ".spec.slot"],
});
