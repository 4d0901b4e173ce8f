import { z } from "zod";
import { setOf } from "./lists.ts";
import { immutableSize, sizeSchema } from "./quantity.ts";
import { localRefSchema } from "./references.ts";
import { immutable, immutableRequired, withRules } from "./rules.ts";
import { absolutePathSchema, filesystemLabelSchema, relativePathGlobSchema, textOf } from "./text.ts";

const formatted = "it is fixed when the file system is formatted";

/**
 * Options that a mount may have. Options for locks and heartbeats belong to the whole cluster, those for panics and
 * systemd units to the owner of the host: every option that is not listed here is refused.
 */
const mountOptionSchema = textOf(
  /^((no)?(atime|suid|dev|exec|acl|user_xattr|intr)|nodiratime|relatime|ro|rw|sync|dirsync|inode64|usrquota|grpquota|data=(ordered|writeback)|coherency=(full|buffered)|errors=remount-ro|barrier=[01]|(commit|atime_quantum|localalloc|resv_level|dir_resv_level)=[0-9]{1,6})$/,
  32,
  "one of (no)atime, nodiratime, relatime, ro, rw, sync, dirsync, (no)acl, (no)user_xattr, (no)intr, inode64, usrquota, grpquota, data=, coherency=, errors=remount-ro, barrier=, commit=, atime_quantum=, localalloc=, resv_level= and dir_resv_level=, and, if the owners of the hosts allow it, suid, dev and exec",
);

const mountOptionsSchema = withRules(setOf(mountOptionSchema, { max: 16 }), [
  {
    cel: "!self.exists(option, ('no' + option) in self) && !('ro' in self && 'rw' in self)",
    message: "mountOptions must not contain an option and its opposite, like exec and noexec",
    holds: (options) =>
      !options.some((option) => options.includes(`no${option}`)) && !(options.includes("ro") && options.includes("rw")),
  },
]);

/** A file system of an Ocfs2Cluster. */
export const ocfs2FilesystemSchema = withRules(
  z.object({
    label: filesystemLabelSchema.describe("Volume label, which names the file system in the cluster."),
    volumeRef: localRefSchema.describe("AoeVolume that holds the file system. Immutable."),
    mountPoint: absolutePathSchema.describe("Mount point on every node, within the hosts' allowed.mountPoints."),
    mountOptions: mountOptionsSchema
      .default([])
      .describe(
        "More mount options, like noatime or commit=30. _netdev is always set, and so are nosuid, nodev and noexec unless suid, dev or exec is listed here and in allowed.mountOptions of every node's XenHost. A change of suid, dev or exec also applies to mounted file systems, any other change applies from the next mount on.",
      ),
    templates: setOf(relativePathGlobSchema, { max: 32 })
      .default([])
      .describe(
        "Images that any XenDomain may read: new disks are copied from them (sourcePath), and CD-ROM drives use them. Patterns below the mount point, like templates/*.img or iso/*.iso. xensan reads no other image, and never the image of a domain, even if it is listed.",
      ),
    nodeSlots: z
      .int()
      .min(1)
      .max(255)
      .default(8)
      .describe("Number of nodes that may mount the file system at once; it may grow."),
    blockSize: z.enum(["1Ki", "2Ki", "4Ki"]).optional().describe("Chosen by mkfs when omitted. Immutable."),
    clusterSize: z
      .enum(["4Ki", "8Ki", "16Ki", "32Ki", "64Ki", "128Ki", "256Ki", "512Ki", "1Mi"])
      .optional()
      .describe("Unit of allocation, chosen by mkfs when omitted. Immutable."),
    journalSize: sizeSchema({ min: "4Mi", max: "1Gi", step: "4096", stepName: "4 KiB blocks" })
      .optional()
      .describe("Size of the journal of each node slot, chosen by mkfs when omitted. Immutable."),
    type: z
      .enum(["Mail", "Datafiles", "Vmstore"])
      .optional()
      .describe("Use for which mkfs tunes the file system. Datafiles and Vmstore need at least 2Gi. Immutable."),
    format: z
      .enum(["IfBlank", "Never"])
      .default("IfBlank")
      .describe(
        "IfBlank: the volume is formatted once, after it was proved blank. Never: the file system must exist already.",
      ),
  }),
  [
    { cel: "self.nodeSlots >= oldSelf.nodeSlots", message: "nodeSlots must not shrink", path: ["nodeSlots"] },
    immutableRequired("volumeRef", "add a file system with another label"),
    immutable("blockSize", formatted),
    immutable("clusterSize", formatted),
    immutableSize("journalSize", formatted),
    immutable("type", formatted),
  ],
);
