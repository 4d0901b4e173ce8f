import { nothing, type ReasonEntry } from "./entry.ts";

const admission = ["Admitted"];
const outcome = ["Migrating", "Aborted", "Succeeded"];

/** How a XenMigration goes: the checks before it, the queue, its outcome. */
export const moving = {
  Admitted: {
    conditions: [...admission, "events"],
    meaning: "Every check has passed and it has its permits.",
    action: "Nothing.",
  },
  WaitingForPermit: {
    conditions: admission,
    meaning:
      "Every check has passed, and another migration moves the domain, or leaves or enters one of the hosts, or the fleet has enough of them; the message says its place in the queue and who is before it.",
    action: nothing,
  },
  NotAdmitted: {
    conditions: outcome,
    meaning:
      "Checks kept failing until timeoutSeconds after the creation, or one of them can never pass with this spec; the message names them.",
    action: "Fix what the message names and create another XenMigration.",
  },
  DomainNotFound: {
    conditions: admission,
    meaning: "No XenHost of the namespace has a domain of this name or UUID, or the XenDomain does not exist.",
    action: "Correct the name; a XenHost that cannot be reached may have it.",
  },
  DomainAmbiguous: {
    conditions: admission,
    meaning: "The name matches domains on several hosts, or several domains.",
    action: "Give the UUID, or sourceHostRef.",
  },
  SourceDiffers: {
    conditions: admission,
    meaning: "The domain runs on another host than sourceHostRef.",
    action: "Create another XenMigration with the right source, or without one.",
  },
  AlreadyThere: {
    conditions: [...admission, "Succeeded"],
    meaning:
      "The domain is already on the target: the migration has succeeded, and nothing was moved. Admitted False: a leftover of the domain is there.",
    action: "Nothing, or clean up the leftover that the message names.",
  },
  AlreadyDone: {
    conditions: [...admission, "Succeeded", "events"],
    meaning:
      "A XenMigration of this name, mode and hosts was begun for the domain before, as the status of its XenDomain or the records of the hosts say; a backup or a git repository brought the object back. Nothing is moved. Succeeded is True only where that one is recorded to have succeeded.",
    action: "Nothing. To move the domain again, create a XenMigration with another name, or with generateName.",
  },
  TargetNotAllowed: {
    conditions: admission,
    meaning: "The XenDomain may not run on the target: it is neither its hostRef nor among its hosts.",
    action: "Choose another target, or add the host to the XenDomain.",
  },
  NoTarget: {
    conditions: admission,
    meaning: "No XenHost of the namespace fits; status.targetReasons says of each why.",
    action: "Mend one of them, or name the target.",
  },
  HostNotFound: {
    conditions: admission,
    meaning: "A XenHost that the spec names does not exist, or its spec is invalid.",
    action: "Create or correct it.",
  },
  HostUnknown: {
    conditions: admission,
    meaning: "A host cannot be asked, or does not tell what must be known before a domain moves.",
    action: "See the conditions of the XenHost.",
  },
  HostNotReady: {
    conditions: admission,
    meaning: "Ready of a host is not True; the message holds its reason.",
    action: "See the conditions of the XenHost.",
  },
  OfflineUnavailable: {
    conditions: admission,
    meaning: "mode is Offline, but no XenDomain describes the domain, so there is nothing to start on the target.",
    action: "Declare the domain as a XenDomain, or migrate it live.",
  },
  TargetCordoned: {
    conditions: admission,
    meaning: "maintenance of the target is Cordon or Drain.",
    action: "Set it to None, or choose another target.",
  },
  ToolstackDiffers: {
    conditions: admission,
    meaning: "The hosts have different toolstacks, or one is not a dom0.",
    action: "Choose a target with the same toolstack.",
  },
  RelocationNotAllowed: {
    conditions: admission,
    meaning: "relocation of the target does not allow domains of the source.",
    action: "Set relocation.mode of the target to Enabled and name the source in allowedSourceHostRefs.",
  },
  RelocationNotReady: {
    conditions: admission,
    meaning: "The channel for domains into the target is not ready.",
    action: "See RelocationReady of the target.",
  },
  XenVersionDiffers: {
    conditions: admission,
    meaning: "Xen of the target is neither the same version as on the source nor the next one.",
    action: "Choose another target, or migrate offline.",
  },
  CpuFeaturesMissing: {
    conditions: admission,
    meaning: "The CPU of the target lacks features that the source has: a running guest may use them.",
    action: "Choose another target, or migrate offline.",
  },
  ShadowPagingMissing: {
    conditions: admission,
    meaning: "A PV guest moves while it runs only where Xen has shadow paging, which the source does not.",
    action: "Migrate it offline, or run it as PVH.",
  },
  NotEnoughMemory: {
    conditions: admission,
    meaning: "The target has too little free memory for the domain.",
    action: "Stop or move another domain there, or choose another target.",
  },
  BridgesMissing: {
    conditions: admission,
    meaning: "The target lacks a bridge that a network card of the domain is connected to.",
    action: "Create it on the target, or choose another target.",
  },
  FilesystemNotShared: {
    conditions: admission,
    meaning:
      "A file system with disks of the domain is not mounted on both hosts at the same place, or another one is: the domain would continue on other data.",
    action: "See Mounted of the Ocfs2Cluster.",
  },
  NameOccupied: {
    conditions: admission,
    meaning: "Another domain of the target has the name.",
    action: "Rename or stop the other domain.",
  },
  NotMigrating: { conditions: ["Migrating"], meaning: "It has not begun, or it is over.", action: "Nothing." },
  Migrating: {
    conditions: ["Migrating", "Succeeded", "events"],
    meaning: "The domain is being moved; the message says how far it has come.",
    action: nothing,
  },
  Settling: {
    conditions: ["Migrating", "Succeeded", "events"],
    meaning: "xl has ended. What it left on the hosts is looked at and brought to where it belongs.",
    action: nothing,
  },
  ShuttingDown: {
    conditions: ["Migrating", "Succeeded", "events"],
    meaning: "An offline migration waits for the domain to shut down on the source.",
    action: nothing,
  },
  StartingOnTarget: {
    conditions: ["Migrating", "Succeeded", "events"],
    meaning: "An offline migration has proved the domain to run nowhere, and starts it on the target.",
    action: nothing,
  },
  Succeeded: {
    conditions: ["Succeeded", "events"],
    meaning: "The domain is on the target, and nothing of it is left on the source.",
    action: "Nothing.",
  },
  MigrationFailed: {
    conditions: [...outcome, "events"],
    meaning:
      "The domain still runs on the source, or, after an offline migration, is started by its XenDomain where it can; the message holds what xl said.",
    action: "Follow the message and create another XenMigration.",
  },
  DomainGone: {
    conditions: [...outcome, "events"],
    meaning: "The domain runs on neither host any more: it ended, or a host went down with it.",
    action: "Nothing for a XenDomain, which is started again. Start any other by hand.",
  },
  OutcomeUnknown: {
    conditions: ["Migrating", "Succeeded", "events"],
    meaning: "A host cannot be reached, so it is unknown where the domain runs. Nothing is destroyed or started.",
    action: "Bring the host back; the outcome is then found out by itself.",
  },
  OutcomeAmbiguous: {
    conditions: ["Migrating", "Succeeded", "events"],
    meaning: "What both hosts show fits no way in which a migration ends. Nothing is destroyed and nothing is started.",
    action: "Follow the message; xensan goes on as soon as the hosts show something it can conclude from.",
  },
  ApprovalNeeded: {
    conditions: ["Migrating", "Succeeded", "events"],
    meaning: "Only a suspended copy of the domain is left, which cannot or must not be resumed.",
    action: "Approve with the annotation that the message names, or save the copy by hand first.",
  },
  SplitBrain: {
    conditions: ["Migrating", "Succeeded", "events"],
    meaning: "The domain runs on both hosts and damages its disks. xensan does nothing more with it.",
    action: "Decide at once which one has the right data, and destroy the other with xl destroy.",
  },
  Drained: { conditions: ["Drained"], meaning: "No domain is on the host.", action: "Nothing: it may be serviced." },
  NotDraining: { conditions: ["Drained"], meaning: "maintenance is not Drain.", action: "Nothing." },
  Draining: {
    conditions: ["Drained"],
    meaning: "Domains are on their way to other hosts, or in the queue; the message names them.",
    action: nothing,
  },
  DrainBlocked: {
    conditions: ["Drained"],
    meaning: "Domains cannot leave the host; the message names each with the reason.",
    action: "Fix what the message names, move the domain with a XenMigration of mode Offline, or stop it.",
  },
  NotAborted: {
    conditions: ["Aborted"],
    meaning: "Nobody asked for it, and there was no reason to.",
    action: "Nothing.",
  },
  Aborting: {
    conditions: ["Aborted", "events"],
    meaning: "It is being stopped; the message says why.",
    action: nothing,
  },
  AbortRequested: {
    conditions: outcome,
    meaning: "spec.abort is Requested. The domain is where it was.",
    action: "Nothing.",
  },
  TimeLimitExceeded: {
    conditions: outcome,
    meaning: "It took longer than timeoutSeconds and was aborted. The domain is where it was.",
    action: "Look for what slows it down (network, a guest that writes a lot), or allow it more time.",
  },
  Stalled: {
    conditions: outcome,
    meaning: "Nothing arrived on the target for five minutes, so it was aborted. The domain is where it was.",
    action: "Check the network between the hosts and the load on both.",
  },
  Deleted: { conditions: outcome, meaning: "The XenMigration was deleted, so it was aborted.", action: "Nothing." },
} as const satisfies Record<string, ReasonEntry>;
