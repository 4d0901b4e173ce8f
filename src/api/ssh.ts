import { z } from "zod";
import { localRefSchema } from "./common.ts";

/** How to reach a host. Shared by AoeServer and XenHost. */
export const sshSchema = z.object({
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65535).default(22),
  user: z.string().min(1).max(32).default("root"),
  privateKeySecretRef: localRefSchema,
  hostKeys: z.array(z.string().min(1).max(1024)).max(16).optional(),
  hostKeyPolicy: z.enum(["Pinned", "TrustOnFirstUse"]).default("Pinned"),
  become: z.enum(["None", "Sudo"]).default("None"),
});
export type SshSpec = z.infer<typeof sshSchema>;

export const packagesPolicySchema = z.enum(["Manage", "Observe"]).default("Manage");
