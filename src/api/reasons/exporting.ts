import { correctSpec, type ReasonEntry } from "./entry.ts";

/** Whether a volume is served, and why a script on the server refused. */
export const exporting = {
  Exported: {
    conditions: ["Exported"],
    meaning: "A vblade serves the backing and comes back by itself.",
    action: "Nothing.",
  },
  ServerNotFound: {
    conditions: ["Exported", "Attached", "Conflicted", "DeletionBlocked"],
    meaning: "serverRef names an AoeServer that does not exist.",
    action: "Create it, or delete the volume: serverRef does not change.",
  },
  ServerNotReady: {
    conditions: ["Exported", "Attached", "Conflicted", "DeletionBlocked"],
    meaning: "The AoeServer is not reachable or not prepared.",
    action: "See the conditions of the AoeServer.",
  },
  InterfaceOutsideBounds: {
    conditions: ["Exported", "Conflicted"],
    meaning: "The interface of the volume is not in spec.interfaces of the AoeServer.",
    action: "Use one that is, or have the owner of the server add this one with its segment.",
  },
  BackingOutsideBounds: {
    conditions: ["Exported", "DeletionBlocked"],
    meaning:
      "The path, what it resolves to, or another name of the same file is not in allowedBackings of the AoeServer.",
    action: "Use another backing, or have the owner of the server allow this one.",
  },
  BackingMissing: {
    conditions: ["Exported", "DeletionBlocked"],
    meaning: "There is no such file, logical volume or device. One that was recorded is never made again.",
    action:
      "Check the path; a device must be there already. Bring a recorded backing back (is its file system mounted?), or give it up with xensan.dev/approve=ReplaceBacking:IDENTITY.",
  },
  BackingNotUsable: {
    conditions: ["Exported", "DeletionBlocked"],
    meaning: "Neither a regular file nor a block device, or in a directory of the system, or hard-linked elsewhere.",
    action: "Use another backing.",
  },
  BackingInUse: {
    conditions: ["Exported", "DeletionBlocked"],
    meaning: "Mounted, swap, held by LVM, RAID or device-mapper, or part of the running system.",
    action: "Free the device if you are sure, or use another.",
  },
  BackingEmpty: {
    conditions: ["Exported"],
    meaning: "Smaller than one sector of 512 bytes.",
    action: "Check the device.",
  },
  BackingExported: {
    conditions: ["Conflicted", "Exported", "Attached"],
    meaning: "Another vblade already serves the same backing, or a disk that contains it.",
    action: "Stop the other export, or use another backing.",
  },
  BackingChanged: {
    conditions: ["Exported", "DeletionBlocked"],
    meaning: "The path leads to something else than what was recorded when it was first served: it is not served.",
    action:
      "Bring the recorded backing back under its name, or give it up with xensan.dev/approve=ReplaceBacking:IDENTITY.",
  },
  VolumeGroupMissing: {
    conditions: ["Exported"],
    meaning: "There is no such volume group.",
    action: "Create it on the server: a new AoeVolume is needed for another.",
  },
  NoSpace: {
    conditions: ["Exported", "Prepared", "AoeReady"],
    meaning: "The file system or volume group is full.",
    action: "Make room on the server.",
  },
  ReadOnlyFileSystem: {
    conditions: ["Exported", "Prepared", "AoeReady", "DeletionBlocked"],
    meaning: "The file system that would hold the file is read-only.",
    action: "Remount it, or look for disk errors in the server's log.",
  },
  ExportFailed: {
    conditions: ["Exported", "DeletionBlocked"],
    meaning: "vblade does not stay up; the message holds what it said.",
    action: "Follow the message; xensan retries.",
  },
  RestartForbidden: {
    conditions: ["Exported"],
    meaning: "The export must be restarted to match the spec, and clients hold the device.",
    action: "Unmount the device on the named clients; xensan then continues.",
  },
  NotOurs: {
    conditions: ["Exported", "DeletionBlocked"],
    meaning: "xensan did not create it for this object, so it does not change or delete it.",
    action: "Remove it by hand, or let it be and set deletionPolicy to Retain.",
  },
  SnapshotsExist: {
    conditions: ["DeletionBlocked"],
    meaning: "LVM snapshots depend on the logical volume that is to be deleted; lvremove would delete them too.",
    action: "Remove the snapshots that the message names, or set deletionPolicy to Retain.",
  },
  BackingWritten: {
    conditions: ["Exported", "DeletionBlocked"],
    meaning:
      "Something writes through the export that is to be removed: an initiator uses it, though no declared client holds it. Nothing is stopped or deleted.",
    action: "Find the host that has the device mounted (it may be none of the XenHosts) and unmount it there.",
  },
  StillExported: {
    conditions: ["DeletionBlocked"],
    meaning: "A vblade still serves the backing that is to be deleted.",
    action: "Stop the other export.",
  },
  InvalidArgument: {
    conditions: ["Exported", "Prepared", "AoeReady", "DeletionBlocked"],
    meaning: "A value that no configuration file of the host could hold.",
    action: correctSpec,
  },
  AddressTaken: {
    conditions: ["Conflicted", "Exported", "Attached"],
    meaning: "An export that xensan does not manage has this shelf.slot.",
    action: "Stop it, or create the volume under another address.",
  },
} as const satisfies Record<string, ReasonEntry>;
