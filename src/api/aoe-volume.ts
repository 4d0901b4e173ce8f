import { z } from "zod";
import { planStepSchema } from "./aoe-server.ts";
import { localRefSchema } from "./common.ts";
import { conditionSchema } from "./conditions.ts";

const absolutePath = z
  .string()
  .min(2)
  .max(512)
  .regex(/^\/[^\0\n]*$/);
/** A Kubernetes quantity that is a whole number of bytes: "20Gi", "500M", "1073741824". */
const size = z.string().min(1).max(32);

export const aoeVolumeSpecSchema = z.object({
  serverRef: localRefSchema,
  shelf: z.int().min(0).max(65534),
  slot: z.int().min(0).max(254),
  /** Overrides the server's interface. */
  interface: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,15}$/)
    .optional(),
  /** Exactly one of the three. */
  backing: z.object({
    device: absolutePath.optional(),
    file: z.object({ path: absolutePath, size }).optional(),
    logicalVolume: z
      .object({ volumeGroup: z.string().min(1).max(127), name: z.string().min(1).max(127), size })
      .optional(),
  }),
  access: z.enum(["ReadWrite", "ReadOnly"]).default("ReadWrite"),
  directIO: z.enum(["Enabled", "Disabled"]).default("Disabled"),
  sync: z.enum(["Enabled", "Disabled"]).default("Disabled"),
  bufferCount: z.int().min(1).max(1024).optional(),
  allowedMacs: z
    .array(z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/))
    .max(32)
    .optional(),
  /** XenHosts that must see the volume. */
  clients: z.array(localRefSchema).max(254).optional(),
  deletionPolicy: z.enum(["Retain", "Delete"]).default("Retain"),
});

export const aoeVolumeStatusSchema = z.object({
  observedGeneration: z.int().optional(),
  conditions: z.array(conditionSchema).max(16).optional(),
  /** `e<shelf>.<slot>` */
  target: z.string().max(16).optional(),
  /** `/dev/etherd/e<shelf>.<slot>` */
  devicePath: z.string().max(64).optional(),
  sizeBytes: z.string().max(32).optional(),
  server: z
    .object({
      unit: z.string().max(128).optional(),
      pid: z.int().optional(),
      interface: z.string().max(16).optional(),
      mac: z.string().max(32).optional(),
      backing: z.string().max(512).optional(),
    })
    .optional(),
  clients: z
    .array(
      z.object({
        name: z.string().max(253),
        state: z.enum(["Attached", "Missing", "Down", "CloseWait", "WrongServer", "WrongSize", "Unknown"]),
        message: z.string().max(1024).optional(),
      }),
    )
    .max(254)
    .optional(),
  plan: z.array(planStepSchema).max(64).optional(),
});

export type AoeVolumeSpec = z.infer<typeof aoeVolumeSpecSchema>;
export type AoeVolumeStatus = z.infer<typeof aoeVolumeStatusSchema>;
