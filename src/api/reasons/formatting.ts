import { nothing, type ReasonEntry } from "./entry.ts";

/** Reasons for file systems of an Ocfs2Cluster: formatted once, then mounted everywhere. */
export const formatting = {
  Formatted: { conditions: ["Formatted"], meaning: "Every volume holds the recorded file system.", action: "Nothing." },
  Mounted: {
    conditions: ["Mounted"],
    meaning: "Every file system is mounted on every node, now and after a reboot.",
    action: "Nothing.",
  },
  NoFilesystems: {
    conditions: ["Formatted", "Mounted"],
    meaning: "The cluster declares no file systems.",
    action: "Nothing.",
  },
  VolumeNotFound: {
    conditions: ["Formatted", "Mounted"],
    meaning: "The AoeVolume does not exist.",
    action: "Create it.",
  },
  VolumeNotReady: {
    conditions: ["Formatted", "Mounted"],
    meaning: "The AoeVolume is not served, or not seen by a node.",
    action: "See the conditions of the AoeVolume; every node must be among its clientRefs.",
  },
  VolumeInOtherCluster: {
    stalls: true,
    conditions: ["Formatted", "Mounted"],
    meaning: "An older Ocfs2Cluster uses the AoeVolume.",
    action: "Use another volume.",
  },
  DeviceUnreadable: {
    conditions: ["Formatted"],
    meaning: "A node cannot read the device, so its content is unknown.",
    action: "See the conditions of the AoeVolume.",
  },
  NodesDisagree: {
    stalls: true,
    conditions: ["Formatted"],
    meaning: "The nodes see different content on the same device: they are not served by the same volume.",
    action: "Find the second server on the segment and stop its export.",
  },
  ForeignFilesystem: {
    stalls: true,
    conditions: ["Formatted"],
    meaning: "The device has an OCFS2 file system with another label, cluster or heartbeat mode.",
    action: "Use another volume, or set label and clusterName to the values in the message.",
  },
  ForeignHeartbeat: {
    stalls: true,
    conditions: ["Formatted", "Mounted", "Healthy"],
    meaning: "A host that is not a node of this cluster has the file system mounted and writes its heartbeat.",
    action: "Find the host and unmount the file system there, or declare the host as a node.",
  },
  PendingUnmount: {
    conditions: ["Formatted"],
    meaning: "Node slots can be added only while no node has the file system mounted.",
    action:
      "Set xensan.dev/paused=true, unmount the file system on the hosts that the message names, and remove the annotation.",
  },
  FormatForbidden: {
    stalls: true,
    conditions: ["Formatted"],
    meaning: "The volume is blank and format is Never in the spec.",
    action: "Set format to IfBlank, or use the volume that holds the file system.",
  },
  FormatUnknown: {
    conditions: ["Formatted"],
    meaning:
      "Only the node that was chosen to format the volume has a record of whether formatting began, and it cannot be reached.",
    action:
      "Bring the node back. If it is permanently off, check the device on another node and set the annotation xensan.dev/approve as the message says: xensan then chooses another node, which formats only a blank device.",
  },
  FilesystemMissing: {
    stalls: true,
    conditions: ["Formatted", "Mounted"],
    meaning:
      "The file system that the status or /etc/fstab of a node records is no longer on its volume. xensan never formats the volume again.",
    action:
      "Find out what happened to the volume, and restore it from a backup. If the message names entries of /etc/fstab and a new, empty file system is wanted, remove the entries.",
  },
  NotFormatted: {
    conditions: ["Mounted"],
    meaning: "File systems are mounted once they are formatted.",
    action: "See the condition Formatted.",
  },
  NotOnline: {
    conditions: ["Mounted"],
    meaning: "File systems are mounted once the cluster is online on the node.",
    action: "See the condition Online.",
  },
  Looking: {
    conditions: ["Formatted", "Healthy"],
    meaning:
      "Another probe is needed: two probes some seconds apart show whether a foreign host uses the file system, and only a probe after the mount shows which nodes see each other.",
    action: nothing,
  },
} as const satisfies Record<string, ReasonEntry>;
