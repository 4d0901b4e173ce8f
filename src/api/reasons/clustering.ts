import { nothing, type ReasonEntry } from "./entry.ts";

/** Whether the nodes of an Ocfs2Cluster are one cluster, and whether it is well. */
export const clustering = {
  Configured: {
    conditions: ["Configured"],
    meaning:
      "cluster.conf, /etc/default/o2cb and the order of the boot are the same on every node, and as the spec says.",
    action: "Nothing.",
  },
  Online: { conditions: ["Online"], meaning: "Every node has the cluster in its kernel.", action: "Nothing." },
  Healthy: {
    conditions: ["Healthy"],
    meaning: "All mounted nodes write heartbeats and are connected, and there were no recent errors.",
    action: "Nothing.",
  },
  NodeNotFound: {
    conditions: ["Configured", "Online", "Mounted", "Healthy"],
    meaning: "There is no XenHost of the name of a node, or its spec is invalid.",
    action: "Create or correct it, or remove the node.",
  },
  NodeUnreachable: {
    conditions: ["Configured", "Online", "Formatted", "Mounted", "Healthy", "DeletionBlocked"],
    meaning: "A node cannot be reached. The others continue.",
    action: "See the conditions of the XenHost.",
  },
  NodeInOtherCluster: {
    conditions: ["Configured", "Online", "Formatted", "Mounted"],
    meaning: "An older Ocfs2Cluster has the host as a node: a host is in one cluster only.",
    action: "Remove the host from one of the two.",
  },
  SameMachine: {
    conditions: ["Configured", "Online", "Formatted", "Mounted"],
    meaning: "Two nodes are the same machine under two names.",
    action: "Remove one of them.",
  },
  NodeLeaving: {
    conditions: ["Configured", "Online", "Mounted"],
    meaning:
      "A host that is no longer a node still has to leave: it is unmounted there, then the others forget it, then the cluster is removed from it.",
    action: "See the message; end what uses the file system on that host.",
  },
  PendingRestart: {
    conditions: ["Online"],
    meaning:
      "The timeouts in the spec are not those that hold. They change on all nodes at once, while nothing is mounted: nodes that disagree disconnect from each other.",
    action: "Unmount the file systems on the hosts that the message names; they are mounted again by xensan.",
  },
  HeartbeatMissing: {
    conditions: ["Healthy"],
    meaning:
      "A node that has a file system mounted does not write its heartbeat, or another that has it mounted too does not hear it.",
    action: "Check the storage network of both; see the kernel logs.",
  },
  Disconnected: {
    conditions: ["Healthy"],
    meaning: "Two nodes with mounted file systems have no connection to each other.",
    action: "Check the cluster network between them: address and port of the nodes, firewalls.",
  },
  SlotMapDisagrees: {
    conditions: ["Healthy"],
    meaning:
      "The slot map of a file system is not what its mounts say: a node that has it mounted has no slot, or more than one, or one belongs to no node.",
    action: "Look at the kernel log of the host. Unmount it everywhere, run fsck.ocfs2, and let xensan mount it.",
  },
  ReadOnlyMount: {
    conditions: ["Healthy"],
    meaning: "The kernel remounted a file system read-only after an error.",
    action: "Look at the kernel log of the host. Unmount it everywhere, run fsck.ocfs2, and let xensan mount it.",
  },
  KernelTrouble: {
    conditions: ["Healthy"],
    meaning: "The kernel of a node reported errors of the device or the file system within the last minutes.",
    action: "Look at the storage network and at the kernel log of the host.",
  },
  AoeGivesUpFirst: {
    conditions: ["Healthy"],
    meaning:
      "The AoE driver fails requests before the heartbeat gives up: in an outage that lasts between the two, the file system gets errors instead of a reset.",
    action: "Lower timeouts.heartbeatThreshold, or raise aoe_deadsecs of the aoe module.",
  },
  RestartedWhileMounted: {
    conditions: ["events"],
    meaning: "A host began a new boot while it had a file system mounted: it fenced itself, crashed, or was reset.",
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
      "What is to be deleted was declared by another object of the same name, as when a backup brings back a deletion that was overtaken since. Nothing is stopped or deleted.",
    action: "Set xensan.dev/abandon to the object's name, and apply the object again where it is wanted.",
  },
  ReferencedByCluster: {
    conditions: ["DeletionBlocked"],
    meaning: "An Ocfs2Cluster names the object; the message says which.",
    action: "Remove the node or the file system from the cluster first, or delete the cluster.",
  },
} as const satisfies Record<string, ReasonEntry>;
