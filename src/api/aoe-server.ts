import { z } from "zod";
import { conditionSchema } from "./conditions.ts";
import { packagesPolicySchema, sshSchema } from "./ssh.ts";

const interfaceName = z.string().regex(/^[A-Za-z0-9._-]{1,15}$/);

export const aoeServerSpecSchema = z.object({
  ssh: sshSchema,
  /** Default NIC for exports. */
  interface: interfaceName,
  /** Names the layer-2 network behind the exports: shelf.slot must be unique on it. */
  segment: z.string().min(1).max(63).default("default"),
  packages: packagesPolicySchema,
  /** Path globs (`/dev/sd[b-z]`, `/srv/aoe/*`) and `vg/lv` globs that volumes may use. */
  allowedBackings: z.array(z.string().min(1).max(512)).min(1).max(64),
});

export const planStepSchema = z.object({
  host: z.string().max(253),
  action: z.string().max(64),
  summary: z.string().max(1024),
});

/** What the operator knows of a host, bounded. Shared by AoeServer and XenHost. */
export const hostFactsStatusSchema = z.object({
  hostname: z.string().max(253).optional(),
  machineID: z.string().max(64).optional(),
  bootID: z.string().max(64).optional(),
  os: z.string().max(253).optional(),
  kernel: z.string().max(253).optional(),
  initSystem: z.string().max(32).optional(),
  vbladeVersion: z.string().max(64).optional(),
  aoetoolsVersion: z.string().max(64).optional(),
  interfaces: z
    .array(
      z.object({
        name: z.string().max(32),
        mac: z.string().max(32).optional(),
        mtu: z.int().optional(),
        link: z.string().max(16).optional(),
      }),
    )
    .max(64)
    .optional(),
  blockDevices: z
    .array(
      z.object({
        path: z.string().max(512),
        sizeBytes: z.string().max(32),
        type: z.string().max(32).optional(),
        signature: z.string().max(64).optional(),
        mountPoint: z.string().max(512).optional(),
      }),
    )
    .max(128)
    .optional(),
});

export const hostStatusSchema = z.object({
  observedGeneration: z.int().optional(),
  conditions: z.array(conditionSchema).max(16).optional(),
  /** The key recorded under TrustOnFirstUse. */
  hostKey: z.string().max(1024).optional(),
  lastProbeTime: z.string().max(64).optional(),
  facts: hostFactsStatusSchema.optional(),
  plan: z.array(planStepSchema).max(64).optional(),
});

export const aoeServerStatusSchema = hostStatusSchema.extend({
  exports: z
    .array(
      z.object({
        target: z.string().max(16),
        interface: z.string().max(16),
        backing: z.string().max(512),
        pid: z.int().optional(),
        unit: z.string().max(128).optional(),
        managedBy: z.string().max(512).optional(),
      }),
    )
    .max(256)
    .optional(),
});

export type AoeServerSpec = z.infer<typeof aoeServerSpecSchema>;
export type AoeServerStatus = z.infer<typeof aoeServerStatusSchema>;
