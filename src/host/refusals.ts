/**
 * Why an acting script refuses (the second field of `refused<TAB>Reason<TAB>message`), with its meaning. The message
 * beside it names the path, device or process in the way.
 */
export const refusals = {
  BackingOutsideBounds: "The path, what it resolves to, or another name of the same file is not in allowedBackings",
  BackingMissing: "There is no such file or device",
  BackingNotUsable:
    "Neither a regular file nor a block device, or in a directory of the system, or hard-linked elsewhere",
  BackingInUse: "Mounted, swap, held by LVM, RAID or device-mapper, or part of the running system",
  BackingEmpty: "Smaller than one sector",
  BackingExported: "Another vblade already serves the same file or device, or a disk that contains it",
  BackingChanged: "What the path leads to changed while the script ran",
  AddressTaken: "Somebody else's export has this shelf.slot on this interface",
  RestartForbidden: "The running vblade differs and may not be restarted now",
  NotOurs: "xensan did not create it for this owner, so it is not deleted",
  StillExported: "A vblade still serves it",
  ExportFailed: "vblade does not stay up; the message holds what it said",
  InterfaceMissing: "There is no such network interface",
  InterfaceInUse: "Open AoE devices are reached over an interface that would be taken away",
  InterfaceDown: "The interface could not be switched on",
  NoSpace: "The file system or volume group is full",
  ReadOnlyFileSystem: "The file system is read-only",
  VolumeGroupMissing: "There is no such volume group",
  KernelWithoutAoe: "The running kernel has no CONFIG_ATA_OVER_ETH",
  ModuleMissing: "The aoe module cannot be loaded",
  ToolMissing: "A needed program is not installed",
  PackagesUnavailable: "apt cannot find or fetch a package",
  NoPackageManager: "The host has no apt",
  UnitMissing: "The host runs systemd and lacks Debian's vblade@.service",
  InitNotSupported: "Neither systemd nor sysvinit keeps processes alive on this host",
  TargetMissing: "The target does not answer",
  OcfsToolsMissing: "ocfs2-tools is not installed",
  KernelWithoutOcfs2: "The running kernel has no CONFIG_OCFS2_FS or no CONFIG_OCFS2_FS_O2CB",
  HostNameMismatch:
    "No node of the cluster has the short host name of this host, so O2CB would stay offline without a word",
  ForeignCluster: "cluster.conf was written by somebody else, or another cluster is configured or active",
  ClusterInUse:
    "A file system of the cluster is mounted, or a heartbeat is written, and what is to be done needs it offline",
  ClusterOffline: "O2CB did not come online, or is not; the message holds what it said",
  DeviceMissing: "There is no such block device, or it cannot be read",
  NotBlank: "The device holds something; the message says what",
  SizeDiffers: "The device is not as large as the volume",
  WrongServer: "Another server answers for the target, or more than one",
  HeartbeatActive: "Somebody writes a heartbeat to the device: it is in use",
  FormatInterrupted: "A format of this device began here and did not come to its end",
  FormatFailed: "mkfs.ocfs2 failed; the message holds what it said",
  WrongFilesystem: "The device holds no OCFS2, or one with another UUID",
  MountPointOutsideBounds: "The mount point, or what it resolves to, is not in allowed.mountPoints",
  MountPointNotUsable: "The mount point is no directory, or lies in a directory of the system",
  MountPointNotEmpty: "Something is in the directory, which the file system would hide",
  MountPointInUse: "Something else is mounted there, or /etc/fstab mounts something else there",
  MountedElsewhere: "The device is mounted on another directory of this host",
  MountFailed: "The file system could not be mounted; the message holds what was said",
  FilesystemInUse: "Processes, loop devices, domains or mounts use the file system; the message names them",
  GrowFailed: "tunefs.ocfs2 failed; the message holds what it said",
  InvalidArgument: "An argument that no configuration file could hold",
} as const;
export type RefusalReason = keyof typeof refusals;

export function isRefusalReason(text: string): text is RefusalReason {
  return Object.hasOwn(refusals, text);
}
