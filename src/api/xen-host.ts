import { z } from "zod";
import { hostStatusSchema } from "./aoe-server.ts";
import { packagesPolicySchema, sshSchema } from "./ssh.ts";

export const xenHostSpecSchema = z.object({
  ssh: sshSchema,
  aoe: z.object({
    interfaces: z
      .array(z.string().regex(/^[A-Za-z0-9._-]{1,15}$/))
      .min(1)
      .max(16),
  }),
  toolstack: z.enum(["Auto", "Xl", "Xm"]).default("Auto"),
  packages: packagesPolicySchema,
  maintenance: z.enum(["None", "Cordon", "Drain"]).default("None"),
});

export const xenHostStatusSchema = hostStatusSchema.extend({
  aoe: z
    .object({
      driverVersion: z.string().max(32).optional(),
      interfaces: z.array(z.string().max(16)).max(16).optional(),
      devices: z
        .array(
          z.object({
            target: z.string().max(16),
            state: z.string().max(64),
            sizeBytes: z.string().max(32).optional(),
            serverMac: z.string().max(32).optional(),
            interface: z.string().max(16).optional(),
          }),
        )
        .max(256)
        .optional(),
    })
    .optional(),
});

export type XenHostSpec = z.infer<typeof xenHostSpecSchema>;
export type XenHostStatus = z.infer<typeof xenHostStatusSchema>;
