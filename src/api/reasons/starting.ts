import type { ReasonEntry } from "./entry.ts";

/** Reasons for which a script of a XenDomain refused: its images, its lock, its start. */
export const starting = {
  NotDom0: {
    stalls: true,
    conditions: ["ToolstackReady"],
    meaning: "The host does not run under Xen, or is not its dom0.",
    action: "Boot it with Xen; on Debian install xen-system-amd64 and choose its entry in the boot menu.",
  },
  WatchdogReady: {
    conditions: ["WatchdogReady"],
    meaning: "A watchdog below dom0 resets the machine when dom0 hangs, before the dead time of its cluster is over.",
    action: "Nothing.",
  },
  WatchdogMissing: {
    conditions: ["WatchdogReady"],
    meaning:
      "No watchdog resets the machine before other nodes count it as dead. A hung dom0 does not fence itself and may resume writing later, so a missing heartbeat proves nothing: when the host dies, a person must confirm it with `xensan forget`.",
    action: "Start xenwatchdogd at boot, with a timeout below the seconds in the message.",
  },
  NotANode: {
    conditions: ["WatchdogReady"],
    meaning: "The host is not a node of an Ocfs2Cluster: no proof is needed that it is dead.",
    action: "Nothing.",
  },
  HostGoingDown: {
    conditions: ["ToolstackReady", "Running", "Ready"],
    meaning: "The init system of the host reports a halt or a reboot in progress. xensan starts nothing on the host.",
    action: "Nothing; xensan uses the host again when it is up.",
  },
  NotMounted: {
    conditions: ["DisksReady", "Running"],
    meaning: "The shared file system is not mounted on the host, or another one is mounted in its place.",
    action: "See the conditions of the Ocfs2Cluster.",
  },
  ImageForeign: {
    stalls: true,
    conditions: ["DisksReady", "Running"],
    meaning:
      "The file at the path of the image was not created for this XenDomain, or is smaller than the disk and was not created by xensan (which grows only its own images), or is not a regular file, or a directory of its path is a symbolic link. xensan never replaces the file.",
    action:
      "Use another path, or have the owner of the host add the file to spec.allowed.images of the XenHost; lower the size to that of the file.",
  },
  ImageMissing: {
    conditions: ["DisksReady", "Admitted", "Succeeded"],
    meaning: "The image was recorded, and its file no longer exists. No new image is created.",
    action:
      "Put the same file back under its name; a copy has another inode and is not accepted. Or accept the loss with the annotation that the message names; xensan then creates a new image.",
  },
  ImageChanged: {
    conditions: ["DisksReady", "Admitted", "Succeeded"],
    meaning:
      "The file at the path of the image is not the recorded one, or it has fewer bytes than it had. xensan neither uses nor changes it.",
    action:
      "Put the recorded file back under its name, or all its bytes back into it. Or accept the other file, for instance from a backup, with the annotation that the message names; the owner of the XenHost has to allow it in spec.allowed.images.",
  },
  SourceMissing: {
    stalls: true,
    conditions: ["DisksReady", "Running", "Admitted", "Succeeded"],
    meaning: "The image to copy from, or the image of a CD-ROM drive, does not exist or is not a regular file.",
    action: "Correct its path, or put the image there.",
  },
  SourceNotTemplate: {
    stalls: true,
    conditions: ["DisksReady", "Running"],
    meaning:
      "sourcePath, or the path of a CD-ROM drive, is not in templates of the file system in the Ocfs2Cluster, or a part of its path is a symbolic link.",
    action: "Choose an image in templates, or have the owner of the cluster add this one.",
  },
  SourceInUse: {
    stalls: true,
    conditions: ["DisksReady", "Running"],
    meaning:
      "sourcePath, or the path of a CD-ROM drive, is the image of a domain. Images in use are neither copied nor read by another domain.",
    action: "Choose an image that no domain uses.",
  },
  ImageOutsideBounds: {
    conditions: ["Running"],
    meaning: "An image in the configuration of the domain is not on any file system of its disks.",
    action: "Find out who changed the configuration on the host.",
  },
  SourceLarger: {
    stalls: true,
    conditions: ["DisksReady"],
    meaning: "The image to copy from is larger than the disk.",
    action: "Raise the size of the disk.",
  },
  ImageInUse: {
    conditions: ["DisksReady", "DeletionBlocked", "Admitted", "Succeeded"],
    meaning:
      "A domain, a loop device or a process uses the image; the message names it. During a deletion also: a template is still being copied to the image.",
    action: "Stop the named user, or wait until the copy has ended; xensan then continues.",
  },
  ImageLeased: {
    conditions: ["Running", "Ready", "DeletionBlocked"],
    meaning:
      "A host of the cluster holds a lease on the image: the domain runs there, or ran until the host died and the others have not evicted it yet. Nothing is started and nothing is deleted.",
    action:
      "Nothing if the host is dead: xensan continues once it is evicted. Otherwise stop the users of the image there.",
  },
  LeaseUnsupported: {
    conditions: ["Running", "Ready", "DeletionBlocked"],
    meaning: "The file system is mounted with localflocks, so a lease on an image would be visible on one host only.",
    action: "Mount it without localflocks.",
  },
  DomainRunning: {
    conditions: ["Running", "DeletionBlocked"],
    meaning: "The domain is still on the host.",
    action: "Stop the domain; xensan then continues.",
  },
  DomainNameTaken: {
    stalls: true,
    conditions: ["Running"],
    meaning: "Another domain on the host has the same name.",
    action: "Rename or stop the other domain.",
  },
  DomainLocked: {
    conditions: ["Running"],
    meaning:
      "The lock file on the share names another host, which runs the domain or ran it when last seen; the message names the host and its boot.",
    action:
      "Bring that host back or confirm that it is off; xensan takes over the lock once it is proved that the domain does not run there.",
  },
  ConfigurationDiffers: {
    conditions: ["Running"],
    meaning: "The configuration file on the host differs from the one rendered from the spec.",
    action: "Nothing: xensan writes it again.",
  },
  NoMemory: {
    conditions: ["Running"],
    meaning: "The host has too little free memory for the domain; the message gives the amount.",
    action: "Stop or move another domain, or lower memory.",
  },
  BridgeMissing: {
    stalls: true,
    conditions: ["Running"],
    meaning: "The host has no such bridge.",
    action: "Create it on the host, or correct networks.",
  },
  BridgeOutsideBounds: {
    stalls: true,
    conditions: ["Running", "Admitted", "Succeeded"],
    meaning: "The bridge is not in allowed.bridges of the XenHost, which is empty by default.",
    action: "Use another bridge, or ask the owner of the host to add this one to allowed.bridges.",
  },
  BootFileMissing: {
    stalls: true,
    conditions: ["Running"],
    meaning: "The host has no such kernel or ramdisk.",
    action: "Copy it to every host that the domain may run on, or correct boot.",
  },
  BootFileOutsideBounds: {
    stalls: true,
    conditions: ["Running", "Admitted", "Succeeded"],
    meaning: "The kernel or ramdisk, or what it resolves to, is not in allowed.bootFiles of the XenHost.",
    action: "Use another file, or ask the owner of the host to allow this one.",
  },
  SettingOutsideBounds: {
    stalls: true,
    conditions: ["Running", "Admitted", "Succeeded"],
    meaning: "A key of settings is not in allowed.settings of the XenHost, or not with that value.",
    action: "Leave it out, or ask the owner of the host to add it to allowed.settings.",
  },
  StartFailed: {
    conditions: ["Running"],
    meaning: "xl create failed; the message quotes its output.",
    action: "Follow the message; xensan retries.",
  },
} as const satisfies Record<string, ReasonEntry>;
