import { z } from "zod";
import { conditionsSchema, timeSchema } from "./conditions.ts";
import { column, defineKind, summaryColumns, wideColumn } from "./definition.ts";
import { atomicListOf, atomicObject } from "./lists.ts";
import { planSchema } from "./plan-step.ts";
import { seenSizeSchema } from "./quantity.ts";
import { localRefSchema, seenRefSchema } from "./references.ts";
import { immutable, immutableRequired, withRules } from "./rules.ts";
import { textOf } from "./text.ts";

const bounded = "a migration is one attempt, create another XenMigration";

/** A Xen name or a UUID, as xl list prints it. */
const domainNameSchema = withRules(
  textOf(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
    63,
    "the name of a domain, 1 to 63 letters, digits and _ . -, or its UUID",
  ),
  [
    {
      cel: "!self.matches('^[0-9]+$')",
      message: "domain must not be a number: a domain id changes with every start, use the name or the UUID",
      holds: (name) => !/^[0-9]+$/.test(name),
    },
    {
      cel: "self != 'Domain-0'",
      message: "domain must not be Domain-0: a dom0 stays with its host",
      holds: (name) => name !== "Domain-0",
    },
    {
      cel: "!self.startsWith('migrating-') && !self.endsWith('--incoming') && !self.endsWith('--migratedaway')",
      message: "domain must not be migrating-*, *--incoming or *--migratedaway: it is part of another migration",
      holds: (name) => !/^migrating-|--(incoming|migratedaway)$/.test(name),
    },
  ],
);

/** Spec of a XenMigration as a person writes it: the domain, the target, the mode. Immutable. */
export const xenMigrationSpecSchema = withRules(
  z.object({
    domain: domainNameSchema
      .optional()
      .describe("Xen name or UUID of the domain. Exactly one of domain and domainRef must be set."),
    domainRef: localRefSchema.optional().describe("XenDomain to move."),
    sourceHostRef: localRefSchema.optional().describe("XenHost that the domain runs on; determined when omitted."),
    targetHostRef: localRefSchema
      .optional()
      .describe("XenHost that the domain moves to; chosen when omitted, with the reasons in status.targetReasons."),
    mode: z
      .enum(["Live", "Offline"])
      .default("Live")
      .describe(
        "Live: the domain keeps running while its memory is copied. Offline: a XenDomain is shut down according to its spec.shutdown, then started on the target.",
      ),
    timeoutSeconds: z
      .int()
      .min(30)
      .max(86_400)
      .default(3600)
      .describe(
        "A migration that runs longer is aborted, if that is still safe. One that has not begun this long after its creation ends as NotAdmitted. Migrations of a drain may wait in the queue as long as the drain lasts.",
      ),
    abort: z
      .enum(["Requested"])
      .optional()
      .describe(
        "Requested: abort the migration while that is safe. Only this field and ttlSecondsAfterFinished may change.",
      ),
    ttlSecondsAfterFinished: z
      .int()
      .min(0)
      .max(31_536_000)
      .optional()
      .describe(
        "Time after which the object is deleted once the migration has finished. When omitted, it is kept until ten younger migrations of its domain have finished.",
      ),
  }),
  [
    {
      cel: "has(self.domain) != has(self.domainRef)",
      message: "spec must have exactly one of domain and domainRef",
      holds: (spec) => (spec.domain === undefined) !== (spec.domainRef === undefined),
    },
    {
      cel: "!has(self.sourceHostRef) || !has(self.targetHostRef) || self.sourceHostRef.name != self.targetHostRef.name",
      message: "targetHostRef must be a host other than sourceHostRef",
      path: ["targetHostRef"],
      holds: (spec) => spec.sourceHostRef === undefined || spec.sourceHostRef.name !== spec.targetHostRef?.name,
    },
    immutable("domain", bounded),
    immutable("domainRef", bounded),
    immutable("sourceHostRef", bounded),
    immutable("targetHostRef", bounded),
    immutableRequired("mode", bounded),
    immutableRequired("timeoutSeconds", bounded),
    {
      cel: "!has(oldSelf.abort) || has(self.abort)",
      message: "abort must stay Requested: the request cannot be withdrawn",
      path: ["abort"],
    },
  ],
);

const transitionSchema = z.object({
  time: timeSchema.describe("When the transition happened."),
  reason: z.string().max(64).describe("Reason of the transition, from the catalogue."),
  message: z.string().max(1024).optional().describe("Message of the transition."),
});

/** Status of a XenMigration: its progress, and the observations on both hosts. */
export const xenMigrationStatusSchema = z.object({
  observedGeneration: z.int().optional().describe("metadata.generation of the spec this status belongs to."),
  conditions: conditionsSchema.optional(),
  sourceHostRef: seenRefSchema.optional().describe("XenHost that the domain moves from."),
  targetHostRef: seenRefSchema.optional().describe("XenHost that the domain moves to."),
  domainUUID: z.string().max(36).optional().describe("UUID of the domain."),
  domainName: z.string().max(255).optional().describe("Name of the domain in Xen."),
  memory: seenSizeSchema.optional().describe("Memory of the domain when it was admitted."),
  operationID: z
    .string()
    .max(64)
    .optional()
    .describe(
      "Derived from namespace, name, mode, hosts and the domain, so that a restored object has the same operation. Written before the first irreversible command.",
    ),
  unit: z
    .string()
    .max(128)
    .optional()
    .describe("The unit that runs a live migration on the source, detached from the operator."),
  sourceBootID: z.string().max(64).optional().describe("Boot of the source in which the migration began."),
  targetBootID: z.string().max(64).optional().describe("Boot of the target in which the migration began."),
  startTime: timeSchema.optional().describe("When the migration was admitted and started."),
  completionTime: timeSchema.optional().describe("When the migration finished, with any outcome."),
  offline: atomicObject(
    z.object({
      stage: z
        .enum(["Stopping", "Starting"])
        .describe(
          "Stopping: the domain is stopped on the source. Starting: the domain is started on the target; from here on the migration cannot be aborted.",
        ),
      time: timeSchema.describe("When the stage began."),
      domainID: z
        .int32()
        .optional()
        .describe(
          "Stopping: Xen's number of the domain on the source when the migration began. A domain with another number was started since, and is not stopped.",
        ),
    }),
  )
    .optional()
    .describe("Stage of an offline migration. Written before the domain is stopped, and before it is started."),
  progress: atomicObject(
    z.object({
      received: seenSizeSchema.optional().describe("Memory that the target has allocated for the copy."),
      phase: z
        .enum(["Connecting", "Sending", "Transferred", "Permission", "Succeeded", "Failed"])
        .describe("The last milestone of the toolstack. From Permission on, the migration cannot be aborted."),
      time: timeSchema.describe("When the migration last made progress."),
    }),
  )
    .optional()
    .describe("Progress, which never decreases. The toolstack reports little; the rest is observed on the target."),
  stop: atomicObject(
    z.object({
      reason: z
        .enum(["AbortRequested", "TimeLimitExceeded", "Stalled", "Deleted"])
        .describe("Stalled: no progress for too long."),
      time: timeSchema.describe("When the abort was decided."),
    }),
  )
    .optional()
    .describe("Reason for aborting the migration. Written before anything is stopped."),
  targetReasons: atomicListOf(z.string().max(1024), { max: 64 })
    .optional()
    .describe("Reasons for the choice of the target."),
  history: atomicListOf(transitionSchema, { max: 64 }).optional().describe("Transitions, oldest first."),
  plan: planSchema.optional(),
});

/** Spec of a XenMigration, parsed and with its defaults. */
export type XenMigrationSpec = z.infer<typeof xenMigrationSpecSchema>;
/** Status of a XenMigration, as the operator writes it. */
export type XenMigrationStatus = z.infer<typeof xenMigrationStatusSchema>;

/** The kind XenMigration; the CRD, the reference page and the models are generated from it. */
export const xenMigrationDefinition = defineKind({
  kind: "XenMigration",
  plural: "xenmigrations",
  shortName: "xmig",
  description: "One move of a domain from one XenHost to another.",
  spec: xenMigrationSpecSchema,
  status: xenMigrationStatusSchema,
  rules: [],
  conditionTypes: ["Admitted", "Migrating", "Aborted", "Ready", "Succeeded"],
  columns: [
    // From spec or status, whichever has it; if both have it, they agree.
    column("Domain", ".spec['domain','domainRef.name']"),
    column("Source", "..sourceHostRef.name"),
    column("Target", "..targetHostRef.name"),
    column("Phase", ".status['progress.phase','offline.stage']"),
    wideColumn("Mode", ".spec.mode"),
    wideColumn("Started", ".status.startTime"),
    wideColumn("Finished", ".status.completionTime"),
    ...summaryColumns("Succeeded"),
  ],
  selectableFields: [".spec.domain", ".spec.domainRef.name", ".spec.sourceHostRef.name", ".spec.targetHostRef.name"],
});
