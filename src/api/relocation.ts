import { z } from "zod";
import { mapListOf } from "./lists.ts";
import { sizeSchema } from "./quantity.ts";
import { localRefSchema } from "./references.ts";
import { withRules } from "./rules.ts";
import { ipv4Schema, textOf } from "./text.ts";

/** A script of /etc/xen/scripts with its arguments, as it is written between quotes in xend-config.sxp. */
const xendScript = textOf(
  /^[A-Za-z0-9][A-Za-z0-9._-]*( [A-Za-z0-9_]+=[A-Za-z0-9._:-]+)*$/,
  253,
  "a script of /etc/xen/scripts with key=value arguments, like 'network-bridge netdev=eth0'",
);

/** Which hosts may migrate domains to a host, and how. */
export const relocationSchema = withRules(
  z.object({
    mode: z
      .enum(["Disabled", "Enabled"])
      .default("Disabled")
      .describe("Enabled: the peers in allowedSourceHostRefs may migrate domains to the host."),
    address: ipv4Schema.optional().describe("Address at which the host receives domains; spec.ssh.host by default."),
    port: z.int().min(1).max(65535).default(8002).describe("TCP port of xend's relocation server (xm only)."),
    allowedSourceHostRefs: mapListOf(localRefSchema, ["name"], { max: 64 })
      .default([])
      .describe("XenHosts that may migrate domains to the host."),
    networkScript: xendScript.optional().describe("xend's network-script (xm only)."),
    vifScript: xendScript.optional().describe("xend's vif-script (xm only)."),
    dom0MinMemory: sizeSchema({ min: "0", max: "1Ti", step: "1048576", stepName: "MiB" })
      .optional()
      .describe("Memory that dom0 keeps when it makes room for domains (xm only)."),
    dom0CPUs: z.int().min(0).max(4096).optional().describe("CPUs that dom0 may use, 0 for all (xm only)."),
    vncPasswordSecretRef: localRefSchema
      .optional()
      .describe(
        "Secret of type kubernetes.io/basic-auth whose password, at most 8 characters, protects the VNC consoles (xm only). Its key hosts names the XenHosts that it may be sent to, separated by commas.",
      ),
  }),
  [
    {
      cel: "self.mode != 'Enabled' || self.allowedSourceHostRefs.size() > 0",
      message:
        "allowedSourceHostRefs must name at least one XenHost when mode is Enabled: with an empty list, xend accepts domains from every host",
      path: ["allowedSourceHostRefs"],
      holds: (relocation) => relocation.mode !== "Enabled" || relocation.allowedSourceHostRefs.length > 0,
    },
  ],
).describe("Migration of domains to the host.");
