import { z } from "zod";
import { column, defineKind, summaryColumns, wideColumn } from "./definition.ts";
import { hostStatusSchema } from "./host-status.ts";
import { atomicListOf, mapListOf, setOf } from "./lists.ts";
import { seenRefAnywhereSchema } from "./references.ts";
import { withRules } from "./rules.ts";
import { managementSchema, packagesPolicySchema, sshSchema } from "./ssh.ts";
import { fewStars, interfaceNameSchema, textOf } from "./text.ts";

/** Path globs (`/dev/sd[b-z]`, `/srv/aoe/*`) and `vg/lv` globs that volumes may use. */
const allowedBackingSchema = withRules(
  textOf(
    /^\/?[A-Za-z0-9._@:+,=*?[\]!^-]+(\/[A-Za-z0-9._@:+,=*?[\]!^-]+)*$/,
    512,
    "an absolute path like /srv/aoe/*.img or volumeGroup/name like vg0/aoe-*, which may contain *, ? and [a-z]",
  ),
  [
    {
      cel: "self.startsWith('/') || self.matches('^[^/]+/[^/]+$')",
      message: "must be an absolute path, or a volume group and a name with one slash between",
      holds: (glob) => glob.startsWith("/") || /^[^/]+\/[^/]+$/.test(glob),
    },
    {
      cel: "!self.matches('(^|/)[.][.]?(/|$)')",
      message: "must not contain . or .. as a component",
      holds: (glob) => !/(^|\/)\.\.?(\/|$)/.test(glob),
    },
    fewStars,
  ],
);

/** A network interface of the server on which volumes may be exported, and the layer-2 network behind it. */
const exportInterfaceSchema = z.object({
  name: interfaceNameSchema.describe("Network interface of the server, like eth1."),
  segment: textOf(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 63, "lower-case letters, digits and '-'")
    .default("default")
    .describe(
      "Name of the layer-2 network behind the interface: shelf.slot is unique on it, over all interfaces and servers that name it.",
    ),
});

/** Spec of an AoeServer as a person writes it: how to reach the host, and what it may export. */
export const aoeServerSpecSchema = z.object({
  ssh: sshSchema,
  interfaces: mapListOf(exportInterfaceSchema, ["name"], { min: 1, max: 16 }).describe(
    "The only network interfaces on which volumes may be exported. Volumes that name no interface use the first one.",
  ),
  management: managementSchema,
  packages: packagesPolicySchema,
  allowedBackings: setOf(allowedBackingSchema, { min: 1, max: 64 }).describe(
    "What volumes may export: path globs like /dev/sd[b-z] or /srv/aoe/*.img, and vg/lv globs like vg0/aoe-*. * and ? stay within one component. A device that is mounted, in use or part of the running system is never exported, even if it is listed.",
  ),
});

const exportSchema = z.object({
  target: z.string().max(16).describe("AoE address, e<shelf>.<slot>."),
  interface: z.string().max(16).describe("Network interface on which it is exported."),
  backing: z.string().max(512).describe("The backing, as the configuration of the export names it."),
  state: z.enum(["Running", "Stopped"]).describe("Stopped: the export is configured, but no vblade runs for it."),
  unit: z.string().max(128).optional().describe("The service that restarts it after a reboot."),
  volumeRef: seenRefAnywhereSchema
    .optional()
    .describe("AoeVolume that it serves; absent for an export that xensan did not create."),
});

/** Status of an AoeServer from its last probe; every kind of host has the first part. */
export const aoeServerStatusSchema = hostStatusSchema.extend({
  exports: atomicListOf(exportSchema, { max: 256 }).optional().describe("The vblade exports of the host, at most 256."),
});

/** Spec of an AoeServer, parsed and with its defaults. */
export type AoeServerSpec = z.infer<typeof aoeServerSpecSchema>;
/** Status of an AoeServer, as the operator writes it. */
export type AoeServerStatus = z.infer<typeof aoeServerStatusSchema>;

/** The kind AoeServer; the CRD, the reference page and the models are generated from it. */
export const aoeServerDefinition = defineKind({
  kind: "AoeServer",
  plural: "aoeservers",
  shortName: "aoesrv",
  description: "A host that exports disks over ATA over Ethernet with vblade, and the backings that it may export.",
  spec: aoeServerSpecSchema,
  status: aoeServerStatusSchema,
  rules: [],
  conditionTypes: ["Reachable", "Prepared", "Ready"],
  columns: [
    column("Host", ".spec.ssh.host"),
    column("Interface", ".spec.interfaces[0].name"),
    wideColumn("Segment", ".spec.interfaces[0].segment"),
    wideColumn("Kernel", ".status.facts.kernel"),
    wideColumn("vblade", ".status.facts.vbladeVersion"),
    ...summaryColumns("Ready"),
  ],
  selectableFields: [".spec.ssh.host"],
});
