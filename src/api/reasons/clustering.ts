import { nothing, type ReasonEntry } from "./entry.ts";

/** Reasons that tell whether the nodes of an Ocfs2Cluster form one cluster, and whether it is healthy. */
export const clustering = {
  Configured: {
    conditions: ["Configured"],
    meaning: "cluster.conf, /etc/default/o2cb and the boot order are the same on every node and match the spec.",
    action: "Nothing.",
  },
  Online: { conditions: ["Online"], meaning: "Every node has the cluster in its kernel.", action: "Nothing." },
  Healthy: {
    conditions: ["Healthy"],
    meaning: "All mounted nodes write heartbeats and are connected, and there were no recent errors.",
    action: "Nothing.",
  },
  NodeNotFound: {
    conditions: ["Configured", "Online", "Mounted"],
    meaning: "A node names a XenHost that does not exist or whose spec is invalid.",
    action: "Create or correct it, or remove the node.",
  },
  NodeUnreachable: {
    conditions: ["Configured", "Online", "Formatted", "Mounted", "Healthy", "DeletionBlocked"],
    meaning: "A node cannot be reached. The others continue.",
    action: "See the conditions of the XenHost.",
  },
  NodeInOtherCluster: {
    stalls: true,
    conditions: ["Configured", "Online", "Formatted", "Mounted", "DeletionBlocked"],
    meaning: "An older Ocfs2Cluster has the host as a node: a host is in one cluster only.",
    action: "Remove the host from one of the two.",
  },
  SameMachine: {
    stalls: true,
    conditions: ["Configured", "Online", "Formatted", "Mounted", "DeletionBlocked"],
    meaning: "Two nodes are the same machine under two names.",
    action: "Remove one of them.",
  },
  NodeLeaving: {
    conditions: ["Configured", "Online", "Mounted"],
    meaning:
      "A host that is no longer a node is being removed: the file systems are unmounted there, then the other nodes remove it from their configuration, then the cluster is removed from the host.",
    action: "See the message; stop the users of the file system on that host.",
  },
  PendingRestart: {
    conditions: ["Online", "Mounted"],
    meaning:
      "The timeouts in the spec are not active yet. They change on all nodes at once, while nothing is mounted: nodes with different timeouts disconnect from each other.",
    action: "Unmount the file systems on the hosts that the message names; xensan mounts them again.",
  },
  HeartbeatMissing: {
    conditions: ["Healthy"],
    meaning:
      "A node that has a file system mounted does not write its heartbeat, or another node that has it mounted does not see it.",
    action: "Check the storage network and the kernel log of both nodes.",
  },
  Disconnected: {
    conditions: ["Healthy"],
    meaning: "Two nodes with mounted file systems have no connection to each other.",
    action: "Check the cluster network between them: address and port of the nodes, firewalls.",
  },
  SlotMapDisagrees: {
    conditions: ["Healthy"],
    meaning:
      "The slot map of a file system does not match its mounts: a node that has it mounted has no slot, or more than one, or a slot belongs to no node.",
    action:
      "Check the kernel log of the host. Unmount the file system everywhere and run fsck.ocfs2; xensan then mounts it.",
  },
  ReadOnlyMount: {
    conditions: ["Healthy"],
    meaning: "The kernel remounted a file system read-only after an error.",
    action:
      "Check the kernel log of the host. Unmount the file system everywhere and run fsck.ocfs2; xensan then mounts it.",
  },
  KernelTrouble: {
    conditions: ["Healthy"],
    meaning: "The kernel of a node reported errors of the device or the file system in the last few minutes.",
    action: "Check the storage network and the kernel log of the host.",
  },
  AoeGivesUpFirst: {
    conditions: ["Healthy"],
    meaning:
      "The AoE driver gives up before the dead time is over. After an outage that is longer than aoe_deadsecs and shorter than the dead time, the file system has received errors and no node has reset.",
    action: "Lower timeouts.heartbeatThreshold, or raise aoe_deadsecs of the aoe module.",
  },
  RestartedWhileMounted: {
    conditions: ["events"],
    meaning: "A host rebooted while it had a file system mounted: it fenced itself, crashed, or was reset.",
    action: "Look for an outage of the storage or cluster network at that time.",
  },
  KernelReports: {
    conditions: ["events"],
    meaning: "The kernel of a node reported something about the device, the file system or the cluster.",
    action: nothing,
  },
  DeclaredAnew: {
    conditions: ["DeletionBlocked"],
    meaning:
      "The resource to delete was declared by another object of the same name, for example when a backup restores an object whose deletion was already requested. Nothing is stopped or deleted.",
    action: "Set xensan.dev/abandon to the object's name, and apply the object again where it is needed.",
  },
  ReferencedByCluster: {
    conditions: ["DeletionBlocked"],
    meaning: "An Ocfs2Cluster names the object; the message names the cluster.",
    action: "Remove the node or the file system from the cluster first, or delete the cluster.",
  },
} as const satisfies Record<string, ReasonEntry>;
