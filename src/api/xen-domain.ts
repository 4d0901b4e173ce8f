import { z } from "zod";
import { endedApprovalSchema } from "./common-status.ts";
import { conditionsSchema, timeSchema } from "./conditions.ts";
import { cpuRanges } from "./cpus.ts";
import { column, defineKind, summaryColumns, wideColumn } from "./definition.ts";
import {
  domainBootSchema,
  domainCdromsSchema,
  domainConsoleSchema,
  domainDisksSchema,
  domainNetworksSchema,
} from "./domain-devices.ts";
import { domainSettingsSchema } from "./domain-settings.ts";
import { domainStateSchema } from "./domain-state.ts";
import { atomicListOf, mapListOf } from "./lists.ts";
import { planSchema } from "./plan-step.ts";
import { parseQuantity, seenSizeSchema, sizeSchema } from "./quantity.ts";
import { localRefSchema, seenRefSchema } from "./references.ts";
import { immutableRequired, withRules } from "./rules.ts";
import { textOf, uuidSchema } from "./text.ts";

const memorySchema = sizeSchema({ min: "16Mi", max: "16Ti", step: "1048576", stepName: "MiB" });

const cpusSchema = withRules(
  textOf(
    /^[0-9]{1,4}(-[0-9]{1,4})?(,\^?[0-9]{1,4}(-[0-9]{1,4})?)*$/,
    128,
    "numbers and ranges of processors, separated by commas, with ^ before those to leave out, like 0-7,^1",
  ),
  [
    {
      cel: "self.split(',').all(part, !part.contains('-') || int(part.replace('^', '').split('-')[0]) <= int(part.split('-')[1]))",
      message: "a range of processors must begin with the lower number",
      holds: (text) => cpuRanges(text).every(({ first, last }) => first <= last),
    },
  ],
);

/** Spec of a XenDomain as a person writes it: the guest, its devices, where it may run and whether it runs. */
export const xenDomainSpecSchema = withRules(
  z.object({
    uuid: uuidSchema
      .optional()
      .describe(
        "Identity of the domain for Xen, unique in the fleet. When omitted, it is derived once from the file system and the path of the first disk. Immutable once set.",
      ),
    hostRef: localRefSchema
      .optional()
      .describe("XenHost that the domain is pinned to. Exactly one of hostRef and hostRefs."),
    hostRefs: mapListOf(localRefSchema, ["name"], { min: 1, max: 64 })
      .optional()
      .describe("XenHosts on which the domain may run and between which it may move."),
    powerState: z.enum(["Running", "Halted"]).default("Running").describe("Halted: the domain is shut down."),
    memory: memorySchema.describe("Memory of the domain when it starts."),
    maxMemory: memorySchema
      .optional()
      .describe(
        "Limit of the memory that the domain may be given while it runs (xl mem-set); same as memory when omitted.",
      ),
    vcpus: z.int().min(1).max(512).default(1).describe("Virtual CPUs."),
    cpus: cpusSchema
      .optional()
      .describe(
        "Processors of the host on which the virtual CPUs run, like 0-3 or 0-7,^1; all processors when omitted.",
      ),
    type: z
      .enum(["PVH", "PV", "HVM"])
      .default("PVH")
      .describe("Type of the guest. PV guests migrate live only if Xen has shadow paging. Immutable."),
    boot: domainBootSchema.optional(),
    disks: domainDisksSchema.default([]),
    cdroms: domainCdromsSchema.default([]),
    networks: domainNetworksSchema.default([]),
    console: domainConsoleSchema.optional(),
    settings: domainSettingsSchema.default([]),
    shutdown: z
      .object({
        timeoutSeconds: z.int().min(10).max(86_400).default(300).describe("Time that the guest may take to shut down."),
        onTimeout: z
          .enum(["Wait", "Destroy"])
          .default("Wait")
          .describe(
            "Wait: the domain keeps running, and a condition reports it. Destroy: the domain is stopped as in a power failure.",
          ),
      })
      .prefault({})
      .describe("Shutdown of the guest when the domain is halted, deleted, or moved offline."),
    priority: z
      .int()
      .min(-1000)
      .max(1000)
      .default(0)
      .describe("Order in which several domains start on one host: higher priority first, then the older object."),
    onHostFailure: z
      .enum(["Restart", "Stay"])
      .default("Restart")
      .describe(
        "Action when storage proves that the host on which the domain ran is dead. Restart: the domain is started on another host that may run it and has enough resources. Stay: the domain waits until that host answers again, or until `xensan forget` is run.",
      ),
    deletionPolicy: z
      .enum(["Retain", "Delete"])
      .default("Retain")
      .describe("Delete: the image files that xensan created are deleted with the object."),
    onPoweroff: z
      .enum(["Destroy", "Restart", "Preserve"])
      .default("Destroy")
      .describe("Action when the guest powers off."),
    onReboot: z.enum(["Destroy", "Restart", "Preserve"]).default("Restart").describe("Action when the guest reboots."),
    onCrash: z
      .enum(["Destroy", "Restart", "Preserve", "CoredumpDestroy", "CoredumpRestart"])
      .default("Destroy")
      .describe("Action when the guest crashes."),
  }),
  [
    {
      cel: "!has(oldSelf.uuid) || (has(self.uuid) && self.uuid == oldSelf.uuid)",
      message: "uuid must not change once it is set: it is the identity of the domain",
      path: ["uuid"],
    },
    {
      cel: "has(self.hostRef) != has(self.hostRefs)",
      message: "spec must have exactly one of hostRef and hostRefs",
      holds: (spec) => (spec.hostRef === undefined) !== (spec.hostRefs === undefined),
    },
    {
      cel: "!has(self.maxMemory) || quantity(string(self.maxMemory)).compareTo(quantity(string(self.memory))) >= 0",
      message: "maxMemory must not be less than memory",
      path: ["maxMemory"],
      holds: ({ memory, maxMemory = memory }) => parseQuantity(maxMemory) >= parseQuantity(memory),
    },
    {
      cel: "has(self.boot) || self.type == 'HVM'",
      message: "boot must be set for a PVH or PV domain: only an HVM domain boots from its first disk by default",
      path: ["boot"],
      holds: (spec) => spec.boot !== undefined || spec.type === "HVM",
    },
    {
      cel: "!has(self.boot) || !has(self.boot.bootloader) || self.type != 'HVM'",
      message: "boot.bootloader must not be set for an HVM domain: its firmware boots from the disk",
      path: ["boot"],
      holds: (spec) => spec.boot?.bootloader === undefined || spec.type !== "HVM",
    },
    {
      cel: "!has(self.boot) || !(has(self.boot.order) || has(self.boot.firmware)) || self.type == 'HVM'",
      message: "boot.order and boot.firmware must be set for HVM only: other domains have no firmware",
      path: ["boot"],
      holds: ({ boot, type }) => (boot?.order === undefined && boot?.firmware === undefined) || type === "HVM",
    },
    {
      cel: "self.type == 'HVM' || !has(self.console)",
      message: "console must be set for HVM only: other domains have neither a serial line nor a screen",
      path: ["console"],
      holds: (spec) => spec.type === "HVM" || spec.console === undefined,
    },
    {
      cel: "self.type == 'HVM' || self.networks.all(n, !has(n.model))",
      message: "networks.model must be set for HVM only: other domains have no emulated network card",
      path: ["networks"],
      holds: (spec) => spec.type === "HVM" || spec.networks.every((network) => network.model === undefined),
    },
    {
      cel: "self.cdroms.all(drive, !self.disks.exists(disk, disk.device == drive.device))",
      message: "a disk and a CD-ROM drive must not have the same device",
      path: ["cdroms"],
      holds: (spec) => spec.cdroms.every((drive) => spec.disks.every(({ device }) => device !== drive.device)),
    },
    immutableRequired("type", "the guest is installed for this type"),
  ],
);

/** Status of a XenDomain: where it was last seen and in which state. */
export const xenDomainStatusSchema = z.object({
  observedGeneration: z.int().optional().describe("metadata.generation of the spec this status belongs to."),
  conditions: conditionsSchema.optional(),
  endedApproval: endedApprovalSchema,
  hostRef: seenRefSchema.optional().describe("XenHost on which the domain runs."),
  domainID: z.int32().optional().describe("Xen's number of the domain, new after every start and migration."),
  state: domainStateSchema.optional(),
  configuration: z
    .string()
    .max(64)
    .optional()
    .describe(
      "SHA-256 of the configuration with which the domain was started; a newer one takes effect at the next start.",
    ),
  shutdownTime: timeSchema.optional().describe("When the guest was asked to shut down."),
  disks: atomicListOf(
    z.object({
      device: z.string().max(8).describe("Name of the disk in the guest."),
      image: z.string().max(4096).describe("Path of the image on the dom0s."),
      identity: z
        .string()
        .max(64)
        .optional()
        .describe("Inode and time of birth of the image, as first seen: xensan does not use another file of its name."),
      size: seenSizeSchema
        .optional()
        .describe("Largest size of the image. If it has fewer bytes, a part of it is lost: xensan does not grow it."),
      copied: seenSizeSchema.optional().describe("Bytes copied so far."),
    }),
    { max: 26 },
  )
    .optional()
    .describe("The images of the disks."),
  migrations: atomicListOf(
    z.object({
      operationID: z.string().max(64).describe("Id of the operation on the hosts."),
      migrationRef: seenRefSchema.describe("The XenMigration that requested it."),
      sourceHostRef: seenRefSchema.describe("XenHost that it moved from."),
      targetHostRef: seenRefSchema.describe("XenHost that it moved to."),
      startTime: timeSchema.describe("When it began."),
      outcome: z.enum(["Unknown", "Succeeded", "Failed"]).describe("Unknown while the migration is running."),
    }),
    { max: 32 },
  )
    .optional()
    .describe(
      "Migrations that were started, newest first. A migration in this list does not run again when its XenMigration is restored.",
    ),
  plan: planSchema.optional(),
});

/** Spec of a XenDomain, parsed and with its defaults. */
export type XenDomainSpec = z.infer<typeof xenDomainSpecSchema>;
/** Status of a XenDomain, as the operator writes it. */
export type XenDomainStatus = z.infer<typeof xenDomainStatusSchema>;

/** The kind XenDomain; the CRD, the reference page and the models are generated from it. */
export const xenDomainDefinition = defineKind({
  kind: "XenDomain",
  plural: "xendomains",
  shortName: "xd",
  description: "A virtual machine on Xen with its disks on a shared file system. Its Xen name is the object's name.",
  spec: xenDomainSpecSchema,
  status: xenDomainStatusSchema,
  rules: [
    {
      cel: "self.metadata.name.size() <= 63 && !self.metadata.name.matches('^[0-9]+$')",
      message:
        "metadata.name must have at most 63 characters and not only digits: xl interprets a number as a domain id",
      path: ["metadata", "name"],
      holds: ({ metadata }) => metadata.name.length <= 63 && !/^[0-9]+$/.test(metadata.name),
    },
    {
      cel: "!self.metadata.name.startsWith('migrating-') && !self.metadata.name.endsWith('--incoming') && !self.metadata.name.endsWith('--migratedaway')",
      message:
        "metadata.name must not be migrating-*, *--incoming or *--migratedaway: toolstacks use these during a migration",
      path: ["metadata", "name"],
      holds: ({ metadata }) => !/^migrating-|--(incoming|migratedaway)$/.test(metadata.name),
    },
  ],
  conditionTypes: ["DisksReady", "Running", "PendingRestart", "Ready"],
  columns: [
    column("Host", ".status.hostRef.name"),
    column("Power", ".spec.powerState"),
    column("State", ".status.state"),
    column("Memory", ".spec.memory"),
    wideColumn("UUID", ".spec.uuid"),
    wideColumn("vCPUs", ".spec.vcpus", "integer"),
    ...summaryColumns("Ready"),
  ],
  selectableFields: [".spec.hostRef.name", ".spec.powerState", ".spec.uuid"],
});
