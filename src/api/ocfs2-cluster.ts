import { z } from "zod";
import { conditionsSchema, timeSchema } from "./conditions.ts";
import { column, defineKind, summaryColumns, wideColumn } from "./definition.ts";
import { atomicListOf, atomicObject, mapListOf } from "./lists.ts";
import { ocfs2FilesystemSchema } from "./ocfs2-filesystem.ts";
import { planSchema } from "./plan-step.ts";
import { seenSizeSchema } from "./quantity.ts";
import { localRefSchema, seenRefSchema } from "./references.ts";
import { immutableRequired, withRules } from "./rules.ts";
import { ipv4Schema, textOf } from "./text.ts";

const nodeSchema = z.object({
  hostRef: localRefSchema.describe(
    "XenHost, whose name up to the first dot must be the short host name of the machine: O2CB identifies a node by this name only.",
  ),
  number: z
    .int()
    .min(0)
    .max(254)
    .describe("Node number. Immutable. When a cluster of two splits, the higher number is fenced."),
  address: ipv4Schema.describe("Address of the cluster's own network on the host."),
  port: z.int().min(1).max(65534).default(7777).describe("TCP port of o2net; the kernel refuses 65535."),
});
type Node = z.infer<typeof nodeSchema>;

const unique = <T>(values: readonly T[]): boolean => new Set(values).size === values.length;

const nodesSchema = withRules(mapListOf(nodeSchema, ["number"], { min: 1, max: 64 }), [
  {
    cel: "self.all(a, self.exists_one(b, b.hostRef.name == a.hostRef.name))",
    message: "every XenHost must be only one node",
    holds: (nodes: Node[]) => unique(nodes.map((node) => node.hostRef.name)),
  },
  {
    cel: "self.all(a, self.exists_one(b, b.address == a.address))",
    message: "every node must have its own address",
    holds: (nodes: Node[]) => unique(nodes.map((node) => node.address)),
  },
  {
    cel: "self.all(n, oldSelf.all(o, (o.number == n.number) == (o.hostRef.name == n.hostRef.name)))",
    message: "the number of a node must not change: remove the node first, then add it under another number",
  },
]).describe("The hosts that share the file systems.");

const timeoutsSchema = withRules(
  z.object({
    heartbeatThreshold: z
      .int()
      .min(7)
      .max(1800)
      .default(31)
      .describe("A host that has not written its heartbeat for (threshold - 1) * 2 seconds is dead; 31 is 60 s."),
    idleMilliseconds: z
      .int()
      .min(5000)
      .max(600_000)
      .default(30_000)
      .describe("Time after which a silent connection is dead."),
    keepaliveMilliseconds: z
      .int()
      .min(1000)
      .max(600_000)
      .default(2000)
      .describe("Time after which a silent connection is probed."),
    reconnectMilliseconds: z
      .int()
      .min(2000)
      .max(600_000)
      .default(2000)
      .describe("Pause before a lost connection is opened again."),
  }),
  [
    {
      cel: "self.idleMilliseconds > self.keepaliveMilliseconds",
      message: "idleMilliseconds must be more than keepaliveMilliseconds",
      path: ["idleMilliseconds"],
      holds: (timeouts) => timeouts.idleMilliseconds > timeouts.keepaliveMilliseconds,
    },
  ],
).describe("The same on every node: nodes with different timeouts disconnect from each other.");

/** Spec of an Ocfs2Cluster as a person writes it: nodes, timeouts, file systems and where they are mounted. */
export const ocfs2ClusterSpecSchema = withRules(
  z.object({
    clusterName: textOf(/^[A-Za-z0-9]{1,16}$/, 16, "1 to 16 letters and digits").describe(
      "Name of the O2CB cluster, written into every file system. Immutable. A host is in one cluster only.",
    ),
    nodes: nodesSchema,
    timeouts: timeoutsSchema.prefault({}),
    heartbeatMode: z
      .enum(["Local", "Global"])
      .default("Local")
      .describe(
        "Local: a heartbeat on every mounted volume. Global: a heartbeat on every volume of the cluster, mounted or not; a host resets itself only when it cannot write half of them or more. Immutable.",
      ),
    fenceMethod: z
      .enum(["Reset", "Panic"])
      .default("Reset")
      .describe("Action of a host's kernel when the host has lost the cluster."),
    filesystems: withRules(mapListOf(ocfs2FilesystemSchema, ["label"], { max: 32 }), [
      {
        cel: "self.all(a, self.exists_one(b, b.volumeRef.name == a.volumeRef.name))",
        message: "every AoeVolume must have only one file system",
        holds: (filesystems) => unique(filesystems.map((filesystem) => filesystem.volumeRef.name)),
      },
      {
        cel: "self.all(a, self.exists_one(b, b.mountPoint == a.mountPoint))",
        message: "every file system must have its own mount point",
        holds: (filesystems) => unique(filesystems.map((filesystem) => filesystem.mountPoint)),
      },
    ])
      .default([])
      .describe("The shared file systems, mounted on every node at the same mount point."),
  }),
  [
    {
      cel: "self.filesystems.all(f, f.nodeSlots >= self.nodes.size())",
      message: "nodeSlots must be at least the number of nodes",
      path: ["filesystems"],
      holds: (spec) => spec.filesystems.every((filesystem) => filesystem.nodeSlots >= spec.nodes.length),
    },
    immutableRequired("clusterName", "it is written into every file system"),
    immutableRequired("heartbeatMode", "it is written into every file system"),
  ],
);

const nodeStatusSchema = z.object({
  hostRef: seenRefSchema.describe("XenHost of the node."),
  number: z.int32().describe("Node number."),
  name: z.string().max(64).describe("Name in cluster.conf."),
  address: z.string().max(15).describe("Address in cluster.conf."),
  port: z.int32().describe("TCP port in cluster.conf."),
  state: z.enum(["Online", "Offline", "Unknown"]).describe("Whether O2CB is online on the node with this cluster."),
  message: z.string().max(1024).optional().describe("The problem; absent if there is none."),
});

const filesystemNodeSchema = z.object({
  hostRef: seenRefSchema.describe("XenHost of the node."),
  state: z.enum(["Mounted", "Unmounted", "Unknown"]).describe("Whether the node has the file system mounted."),
  bootID: z.string().max(64).optional().describe("Boot of the host in which the file system was last seen mounted."),
  message: z.string().max(1024).optional().describe("The problem; absent if there is none."),
});

const formatSchema = z.object({
  uuid: z.string().max(36).describe("UUID for the new file system."),
  hostRef: seenRefSchema.describe("The node that was chosen to format."),
  startTime: timeSchema.describe("When the format was decided."),
});

const filesystemStatusSchema = z.object({
  label: z.string().max(63).describe("Label of the file system."),
  volumeRef: seenRefSchema.optional().describe("AoeVolume that holds the file system."),
  device: z.string().max(64).optional().describe("Path of the device on every node."),
  mountPoint: z.string().max(512).optional().describe("Mount point on every node."),
  uuid: z
    .string()
    .max(36)
    .optional()
    .describe("Recorded once, before the first mount. If it disappears, xensan reports it and never formats again."),
  format: formatSchema
    .optional()
    .describe(
      "Written before mkfs.ocfs2 starts, so that a new operator process knows after a crash that mkfs.ocfs2 may have started.",
    ),
  size: seenSizeSchema.optional().describe("Size of the file system."),
  nodes: atomicListOf(filesystemNodeSchema, { max: 128 }).optional().describe("The file system on each node."),
});

/** Status of an Ocfs2Cluster: what each node last reported of the cluster, its heartbeats and its mounts. */
export const ocfs2ClusterStatusSchema = z.object({
  observedGeneration: z.int().optional().describe("metadata.generation of the spec this status belongs to."),
  conditions: conditionsSchema.optional(),
  timeouts: atomicObject(
    z.object({
      heartbeatThreshold: z.int32().describe("As in the spec."),
      idleMilliseconds: z.int32().describe("As in the spec."),
      keepaliveMilliseconds: z.int32().describe("As in the spec."),
      reconnectMilliseconds: z.int32().describe("As in the spec."),
    }),
  )
    .optional()
    .describe("The active timeouts: all nodes change them at once, while nothing is mounted."),
  nodes: atomicListOf(nodeStatusSchema, { max: 128 })
    .optional()
    .describe(
      "The cluster as each node sees it, including nodes that are no longer in the spec, until they have left.",
    ),
  formerUIDs: atomicListOf(z.string().max(64), { max: 16 })
    .optional()
    .describe(
      "Uids of former objects of this name in the marks on the nodes, which this object has taken over. With any other uid there, its deletion is blocked.",
    ),
  filesystems: atomicListOf(filesystemStatusSchema, { max: 64 })
    .optional()
    .describe("The file systems, including those that are no longer in the spec, until every node has unmounted them."),
  plan: planSchema.optional(),
});

/** Spec of an Ocfs2Cluster, parsed and with its defaults. */
export type Ocfs2ClusterSpec = z.infer<typeof ocfs2ClusterSpecSchema>;
/** Status of an Ocfs2Cluster, as the operator writes it. */
export type Ocfs2ClusterStatus = z.infer<typeof ocfs2ClusterStatusSchema>;

/** The kind Ocfs2Cluster; the CRD, the reference page and the models are generated from it. */
export const ocfs2ClusterDefinition = defineKind({
  kind: "Ocfs2Cluster",
  plural: "ocfs2clusters",
  shortName: "o2c",
  description: "An O2CB cluster of XenHosts and the OCFS2 file systems that they share.",
  spec: ocfs2ClusterSpecSchema,
  status: ocfs2ClusterStatusSchema,
  rules: [],
  conditionTypes: ["Configured", "Online", "Formatted", "Mounted", "Healthy", "Ready"],
  columns: [
    column("Cluster", ".spec.clusterName"),
    column("Online", '.status.conditions[?(@.type=="Online")].status'),
    column("Mounted", '.status.conditions[?(@.type=="Mounted")].status'),
    wideColumn("Healthy", '.status.conditions[?(@.type=="Healthy")].status'),
    ...summaryColumns("Ready"),
  ],
  selectableFields: [".spec.clusterName"],
});
