import { nothing, type ReasonEntry } from "./entry.ts";

/** Reasons for the state of a XenDomain. */
export const running = {
  DisksReady: { conditions: ["DisksReady"], meaning: "Every disk has its image file.", action: "Nothing." },
  Running: {
    conditions: ["Running"],
    meaning: "The domain runs on one host; the message names it.",
    action: "Nothing.",
  },
  Halted: { conditions: ["Running"], meaning: "The domain runs nowhere, as powerState requires.", action: "Nothing." },
  Waiting: { conditions: ["Running"], meaning: "The domain is started when its disks are ready.", action: nothing },
  Vanished: {
    conditions: ["Running", "DeletionBlocked"],
    meaning: "The domain has just disappeared. A guest that reboots is absent for some seconds, so xensan waits.",
    action: nothing,
  },
  Stopping: { conditions: ["Running"], meaning: "The domain is shutting down or being destroyed.", action: nothing },
  ShutdownTimedOut: {
    conditions: ["Running", "DeletionBlocked", "Migrating", "Aborted", "Succeeded", "events"],
    meaning:
      "The guest did not shut down within shutdown.timeoutSeconds. xensan destroys the domain only if shutdown.onTimeout is Destroy.",
    action: "Shut the guest down from inside, or set shutdown.onTimeout to Destroy.",
  },
  Crashed: {
    stalls: true,
    conditions: ["Running"],
    meaning: "The guest crashed, and onCrash preserves the domain for inspection.",
    action: "Inspect the domain, then destroy it with xl destroy: xensan starts it again.",
  },
  Stopped: {
    stalls: true,
    conditions: ["Running"],
    meaning: "The guest has shut down, and onPoweroff or onReboot preserves the domain.",
    action: "Destroy the domain with xl destroy: xensan starts it again.",
  },
  DomainPaused: {
    stalls: true,
    conditions: ["Running"],
    meaning: "The domain was paused with the host's own tools.",
    action: "Unpause it there.",
  },
  DomainTaken: {
    stalls: true,
    conditions: ["DisksReady", "Running", "Admitted", "Succeeded"],
    meaning:
      "An older XenDomain has the same UUID or one of the same images, or the domain of this UUID was declared or started by someone else. xensan leaves it unchanged.",
    action:
      "Correct the spec; or have the owner of the host add the UUID to spec.allowed.domains of the XenHost, to take over a domain that xensan did not start.",
  },
  NoDisk: {
    stalls: true,
    conditions: ["DisksReady", "Running"],
    meaning:
      "The domain has no disk on a shared file system; the lock that keeps the domain from running twice is stored beside its first disk.",
    action: "Add a disk to the spec.",
  },
  FilesystemNotReady: {
    conditions: ["DisksReady", "Running"],
    meaning: "A file system of the domain's disks is not declared, or not formatted yet.",
    action: "See the Ocfs2Cluster that the message names.",
  },
  FilesystemNotMounted: {
    conditions: ["DisksReady", "DeletionBlocked"],
    meaning: "A file system of the domain's disks is not mounted on any host that can be reached.",
    action: "See the conditions of the Ocfs2Cluster.",
  },
  NoHostFits: {
    conditions: ["Running"],
    meaning: "No host of the spec can run the domain now; the message gives the reason for each host.",
    action: "Free memory, end a maintenance, or allow more hosts.",
  },
  StartQueued: {
    conditions: ["Running"],
    meaning:
      "The domain is to be started on the host that the message names, after others: a host starts two domains at once, in the order of spec.priority and age.",
    action: "Nothing; raise spec.priority to have it started earlier.",
  },
  HostFailed: {
    conditions: ["Running"],
    meaning: "The host on which the domain ran is dead, and spec.onHostFailure is Stay.",
    action:
      "Bring the host back; or run `xensan forget HOST`, or set spec.onHostFailure to Restart, to start it elsewhere.",
  },
  LockedElsewhere: {
    stalls: true,
    conditions: ["Running"],
    meaning:
      "The lock file on the shared file system names a machine that is not one of the domain's hosts, or a boot of a dead host other than the one that was proved or confirmed to have ended.",
    action:
      "Make sure that the domain does not run there; then run the `xensan forget` that the message names, or remove the named file.",
  },
  UpToDate: { conditions: ["PendingRestart"], meaning: "No change waits for a restart.", action: "Nothing." },
  SpecChanged: {
    conditions: ["PendingRestart"],
    meaning: "The spec has changed since the domain was started.",
    action: "Shut the guest down; xensan starts it with the current spec.",
  },
  Adopted: {
    conditions: ["PendingRestart"],
    meaning: "The domain ran before xensan managed it, so the configuration that it was started with is unknown.",
    action: "Nothing; the configuration is known after a restart by xensan.",
  },
  ToolstackReady: {
    conditions: ["ToolstackReady"],
    meaning: "The host runs under Xen, and nothing but xensan starts, saves or restores its domains.",
    action: "Nothing.",
  },
  ToolstackMissing: {
    stalls: true,
    conditions: ["ToolstackReady"],
    meaning: "Neither xl nor xm is installed.",
    action: "Install Xen; on Debian the package xen-system-amd64, then reboot into it.",
  },
  AutomaticDomains: {
    conditions: ["ToolstackReady"],
    meaning: "The host would start, save or restore domains by itself, or its Xen services are not started.",
    action: "Nothing, unless the object is paused: xensan repairs it.",
  },
  RelocationReady: {
    conditions: ["RelocationReady"],
    meaning: "Every host of relocation.allowedSourceHostRefs has shown that it can migrate domains to this one.",
    action: "Nothing.",
  },
  RelocationDisabled: {
    conditions: ["RelocationReady"],
    meaning: "relocation.mode is Disabled: no host may migrate domains to this one.",
    action: "Set it to Enabled and name the hosts in allowedSourceHostRefs to allow it.",
  },
  RelocationAddressMissing: {
    stalls: true,
    conditions: ["RelocationReady"],
    meaning: "spec.ssh.host is a name, and relocation.address is not set.",
    action: "Set relocation.address to the IPv4 address at which the peers reach it.",
  },
  RelocationNotPrepared: {
    conditions: ["RelocationReady"],
    meaning: "Keys and known hosts are not in place yet.",
    action: nothing,
  },
  PeerUnknown: {
    conditions: ["RelocationReady"],
    meaning:
      "A host of allowedSourceHostRefs does not exist, or has not been reached yet, so its migration key is unknown.",
    action: "See the conditions of that XenHost.",
  },
  NotVerified: {
    conditions: ["RelocationReady"],
    meaning: "A host of allowedSourceHostRefs has not yet reached this one with its migration key.",
    action: nothing,
  },
} as const satisfies Record<string, ReasonEntry>;
