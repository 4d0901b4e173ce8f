import { correctSpec, type ReasonEntry } from "./entry.ts";

/** Reasons that tell whether a volume is served, and why a script on the server refused. */
export const exporting = {
  Exported: {
    conditions: ["Exported"],
    meaning: "A vblade serves the backing and restarts after a failure or a reboot.",
    action: "Nothing.",
  },
  ServerNotFound: {
    conditions: ["Exported", "Attached", "Conflicted", "DeletionBlocked"],
    meaning: "serverRef names an AoeServer that does not exist.",
    action: "Create it, or delete the volume: serverRef is immutable.",
  },
  ServerNotReady: {
    conditions: ["Exported", "Attached", "Conflicted", "DeletionBlocked"],
    meaning: "The AoeServer is not reachable or not prepared.",
    action: "See the conditions of the AoeServer.",
  },
  InterfaceOutsideBounds: {
    stalls: true,
    conditions: ["Exported", "Conflicted"],
    meaning: "The interface of the volume is not in spec.interfaces of the AoeServer.",
    action: "Use a listed interface, or ask the owner of the server to add this one with its segment.",
  },
  InterfaceChanged: {
    stalls: true,
    conditions: ["Exported"],
    meaning:
      "The network cards of the SAN have other names than when the export was recorded, for instance after a boot: its interface leads to another segment now. Nothing is served there.",
    action:
      "Give the cards their names again (systemd.link), and reboot. If the cables have moved with the names, remove the records /var/lib/xensan/exports/* on the SAN.",
  },
  BackingOutsideBounds: {
    stalls: true,
    conditions: ["Exported", "DeletionBlocked"],
    meaning:
      "The path, what it resolves to, or another name of the same file is not in allowedBackings of the AoeServer.",
    action: "Use another backing, or ask the owner of the server to allow this one.",
  },
  BackingMissing: {
    stalls: true,
    conditions: ["Exported", "DeletionBlocked"],
    meaning: "The file, logical volume or device does not exist. A recorded backing is never created again.",
    action:
      "Check the path; a device must already exist. Restore a recorded backing (is its file system mounted?), or approve its replacement with xensan.dev/approve=ReplaceBacking:IDENTITY.",
  },
  BackingNotUsable: {
    stalls: true,
    conditions: ["Exported", "DeletionBlocked"],
    meaning:
      "The backing is neither a regular file nor a block device, or is in a system directory, or has another hard link.",
    action: "Use another backing.",
  },
  BackingInUse: {
    stalls: true,
    conditions: ["Exported", "DeletionBlocked"],
    meaning:
      "The backing is mounted, used as swap, behind a loop device, held by LVM, RAID or device-mapper, or open for writing by a program (a fsck while its vblade is stopped).",
    action: "Free the backing if you are sure that it is not needed, or use another backing.",
  },
  BackingEmpty: {
    stalls: true,
    conditions: ["Exported"],
    meaning: "The backing is smaller than one sector of 512 bytes.",
    action: "Check the device.",
  },
  BackingExported: {
    stalls: true,
    conditions: ["Conflicted", "Exported", "Attached"],
    meaning: "Another vblade already serves the same backing, or a disk that contains it.",
    action: "Stop the other export, or use another backing.",
  },
  BackingChanged: {
    stalls: true,
    conditions: ["Exported", "DeletionBlocked"],
    meaning:
      "The path leads to a backing other than the one recorded when it was first served, or the recorded one has fewer bytes than were served. xensan neither serves nor grows it.",
    action:
      "Restore the recorded backing under its name, with all its bytes, or accept the loss with xensan.dev/approve=ReplaceBacking:IDENTITY.",
  },
  VolumeGroupMissing: {
    stalls: true,
    conditions: ["Exported"],
    meaning: "The volume group does not exist.",
    action: "Create it on the server. To use another volume group, create a new AoeVolume.",
  },
  NoSpace: {
    stalls: true,
    conditions: ["Exported", "Prepared", "AoeReady", "DisksReady"],
    meaning: "The file system or volume group is full.",
    action: "Free space on the file system or in the volume group that the message names.",
  },
  ReadOnlyFileSystem: {
    stalls: true,
    conditions: ["Exported", "Prepared", "AoeReady", "DisksReady", "DeletionBlocked"],
    meaning: "The file system that would hold the file is read-only.",
    action: "Remount it, or check the host's log for disk errors.",
  },
  ExportFailed: {
    conditions: ["Exported", "DeletionBlocked"],
    meaning: "vblade does not stay running; the message quotes its output.",
    action: "Follow the message; xensan retries.",
  },
  RestartForbidden: {
    conditions: ["Exported"],
    meaning: "The export must be restarted to match the spec, but clients hold the device.",
    action: "Unmount the device on the named clients; xensan then continues.",
  },
  NotOurs: {
    stalls: true,
    conditions: ["Exported", "DeletionBlocked"],
    meaning: "xensan did not create the resource for this object, so it neither changes nor deletes the resource.",
    action: "Remove the resource by hand, or keep it and set deletionPolicy to Retain.",
  },
  LayoutNotLinear: {
    stalls: true,
    conditions: ["Exported"],
    meaning:
      "The logical volume is striped, mirrored, thin or otherwise not linear. xensan extends only linear logical volumes.",
    action: "Extend it with lvextend on the server: xensan then serves the new size.",
  },
  BlankingFailed: {
    conditions: ["Exported"],
    meaning: "The new part of the logical volume could not be filled with zeroes, so it is not served. xensan retries.",
    action: "Check the disks of the volume group: the message quotes the write error.",
  },
  SnapshotsExist: {
    conditions: ["DeletionBlocked"],
    meaning: "LVM snapshots depend on the logical volume that is to be deleted; lvremove would delete them too.",
    action: "Remove the snapshots that the message names, or set deletionPolicy to Retain.",
  },
  BackingWritten: {
    conditions: ["Exported", "DeletionBlocked"],
    meaning:
      "An initiator writes through the export that is to be removed, although no declared client holds the device. Nothing is stopped or deleted.",
    action: "Find the host that has the device mounted (it may not be a XenHost) and unmount it there.",
  },
  StillExported: {
    conditions: ["DeletionBlocked"],
    meaning: "A vblade still serves the backing that is to be deleted.",
    action: "Stop the other export.",
  },
  InvalidArgument: {
    stalls: true,
    conditions: ["Exported", "Prepared", "AoeReady", "DisksReady", "DeletionBlocked"],
    meaning: "The value contains characters that a configuration file of the host cannot hold.",
    action: correctSpec,
  },
  AddressTaken: {
    stalls: true,
    conditions: ["Conflicted", "Exported", "Attached"],
    meaning: "An export that xensan does not manage has this shelf.slot.",
    action: "Stop it, or create the volume under another address.",
  },
} as const satisfies Record<string, ReasonEntry>;
