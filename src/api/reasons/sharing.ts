import { correctSpec, type ReasonEntry } from "./entry.ts";

/** Reasons for which a script of an Ocfs2Cluster refused: its configuration, its file systems, their mounts. */
export const sharing = {
  OcfsToolsMissing: {
    conditions: ["Configured", "Online", "Formatted", "Mounted"],
    meaning:
      "ocfs2-tools is not installed on the host, or reads its settings from /etc/sysconfig/o2cb instead of /etc/default/o2cb.",
    action: "Install Debian's ocfs2-tools, or set spec.packages of the XenHost to Manage.",
  },
  KernelWithoutOcfs2: {
    stalls: true,
    conditions: ["Online", "Mounted"],
    meaning: "The running kernel was built without CONFIG_OCFS2_FS or CONFIG_OCFS2_FS_O2CB.",
    action: "Boot a kernel that has these options, like Debian's.",
  },
  HostNameMismatch: {
    stalls: true,
    conditions: ["Configured", "Online"],
    meaning: "No node of the cluster has the short host name of the host; O2CB would stay offline without an error.",
    action: "Correct the host's name, or correct nodes: the name of a node is the short host name.",
  },
  ForeignCluster: {
    stalls: true,
    conditions: ["Configured", "Online", "DeletionBlocked"],
    meaning:
      "cluster.conf was not written by xensan, or another cluster is configured or active: a host is in one cluster only.",
    action: "Remove the host from the spec, or stop the other cluster and move its cluster.conf away.",
  },
  ClusterInUse: {
    conditions: ["Configured", "Online", "DeletionBlocked"],
    meaning:
      "The change needs the cluster to be offline, or a node to be gone, but a file system is mounted or a heartbeat is written.",
    action:
      "Unmount what the message names on that host, or list the node again under its number, as after a restore; xensan then continues.",
  },
  ClusterOffline: {
    conditions: ["Online", "Mounted"],
    meaning: "O2CB is not online on the host; the message quotes its output.",
    action: "Follow the message; xensan retries.",
  },
  DeviceMissing: {
    conditions: ["Formatted", "Mounted"],
    meaning: "The host has no such block device, or cannot read it.",
    action: "See the conditions of the AoeVolume.",
  },
  NotBlank: {
    stalls: true,
    conditions: ["Formatted"],
    meaning: "The device is not blank, so it is never formatted; the message names its content.",
    action: "Use another volume. If the data is not needed, erase its signatures by hand.",
  },
  SizeDiffers: {
    stalls: true,
    conditions: ["Formatted"],
    meaning: "The size of the device differs from that of the volume, so it may be another device.",
    action: "See the conditions of the AoeVolume, and find other servers of its address.",
  },
  HeartbeatActive: {
    stalls: true,
    conditions: ["Formatted", "Mounted"],
    meaning:
      "A host that is not a node of the cluster, or not yet one on the host of the message, writes a heartbeat to the device, so it has the device mounted.",
    action: "Find the host and unmount the device there, declare it as a node, or use another volume.",
  },
  FormatInterrupted: {
    stalls: true,
    conditions: ["Formatted"],
    meaning: "mkfs.ocfs2 started and did not finish. xensan never runs mkfs.ocfs2 a second time by itself.",
    action: "Inspect the device. If it has no data of value, erase its signatures and use a new volume name.",
  },
  FormatFailed: {
    stalls: true,
    conditions: ["Formatted"],
    meaning: "mkfs.ocfs2 failed; the message quotes its output.",
    action: "Follow the message; xensan does not retry.",
  },
  WrongFilesystem: {
    stalls: true,
    conditions: ["Formatted", "Mounted", "DeletionBlocked"],
    meaning: "The device has no OCFS2 file system, or not the recorded one.",
    action: "Find out who changed the volume. xensan neither formats nor mounts it.",
  },
  MountPointOutsideBounds: {
    stalls: true,
    conditions: ["Mounted"],
    meaning: "The mount point, or what it resolves to, is not in allowed.mountPoints of the XenHost.",
    action: "Use another mount point, or have the owner of the host allow this one.",
  },
  MountOptionOutsideBounds: {
    stalls: true,
    conditions: ["Mounted"],
    meaning:
      "A mount option is not in allowed.mountOptions of the XenHost. File systems that are already mounted stay mounted without the option.",
    action: "Leave it out, or have the owner of the host allow it.",
  },
  MountPointNotUsable: {
    stalls: true,
    conditions: ["Mounted"],
    meaning: "The mount point is not a directory, is reached over a symbolic link, or is in a system directory.",
    action: correctSpec,
  },
  MountPointNotEmpty: {
    stalls: true,
    conditions: ["Mounted"],
    meaning: "The mount point is not empty: a mounted file system would hide its content.",
    action: "Move the content away on the named host.",
  },
  MountPointInUse: {
    stalls: true,
    conditions: ["Mounted"],
    meaning: "Something else is mounted on the mount point, or /etc/fstab mounts something else on it.",
    action: "Unmount it on the named host, or use another mount point.",
  },
  MountedElsewhere: {
    stalls: true,
    conditions: ["Mounted"],
    meaning: "The host has the device mounted on another directory.",
    action: "Unmount it there, or correct mountPoint.",
  },
  MountFailed: {
    conditions: ["Mounted"],
    meaning: "The file system could not be mounted; the message quotes mount and the kernel.",
    action: "Follow the message; xensan retries.",
  },
  FilesystemInUse: {
    conditions: ["Mounted", "DeletionBlocked"],
    meaning: "Processes, loop devices, domains or mounts use the file system; the message names them.",
    action: "Stop or move the named users; xensan never unmounts by force.",
  },
  GrowFailed: {
    conditions: ["Formatted"],
    meaning: "tunefs.ocfs2 failed; the message quotes its output.",
    action: "Follow the message; xensan retries.",
  },
} as const satisfies Record<string, ReasonEntry>;
