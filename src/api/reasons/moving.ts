import { nothing, type ReasonEntry } from "./entry.ts";

const admission = ["Admitted"];
const outcome = ["Migrating", "Aborted", "Succeeded"];

/** Reasons for the progress of a XenMigration: the checks before it, the queue, its outcome. */
export const moving = {
  Admitted: {
    conditions: [...admission, "events"],
    meaning: "Every check has passed and the migration has its permits.",
    action: "Nothing.",
  },
  WaitingForPermit: {
    conditions: admission,
    meaning:
      "Every check has passed, but another migration moves the domain, or leaves or enters one of the hosts, or the limit of the fleet is reached; the message gives its position in the queue and the migrations ahead of it.",
    action: nothing,
  },
  NotAdmitted: {
    conditions: outcome,
    meaning:
      "Checks kept failing or other migrations were ahead until timeoutSeconds after the creation, or a check can never pass with this spec; the message names them.",
    action: "Fix what the message names and create another XenMigration.",
  },
  DomainNotFound: {
    conditions: admission,
    meaning: "No XenHost of the namespace has a domain of this name or UUID, or the XenDomain does not exist.",
    action: "Correct the name; a XenHost that cannot be reached may have the domain.",
  },
  DomainAmbiguous: {
    conditions: admission,
    meaning: "The name matches domains on several hosts, or several domains.",
    action: "Give the UUID, or sourceHostRef.",
  },
  SourceDiffers: {
    conditions: admission,
    meaning: "The domain runs on a host other than sourceHostRef.",
    action: "Create another XenMigration with the right source, or without one.",
  },
  AlreadyThere: {
    conditions: [...admission, "Succeeded"],
    meaning:
      "The domain is already on the target: the migration has succeeded, and nothing was moved. If Admitted is False, a leftover of the domain is on the target.",
    action: "Nothing, or clean up the leftover that the message names.",
  },
  AlreadyDone: {
    conditions: [...admission, "Succeeded", "events"],
    meaning:
      "An earlier XenMigration of this name, mode and hosts was started for the domain, according to the status of its XenDomain or the records of the hosts; a backup or a git repository restored the object. Nothing is moved. Succeeded is True only if the record says that the earlier migration succeeded.",
    action: "Nothing. To move the domain again, create a XenMigration with another name, or with generateName.",
  },
  TargetNotAllowed: {
    conditions: admission,
    meaning: "The XenDomain may not run on the target: it is neither its hostRef nor among its hostRefs.",
    action: "Choose another target, or add the host to hostRefs of the XenDomain.",
  },
  NoTarget: {
    conditions: admission,
    meaning: "No XenHost of the namespace is suitable; status.targetReasons gives the reason for each.",
    action: "Fix one of them, or name the target.",
  },
  HostNotFound: {
    conditions: [...admission, "DisksReady", "Running"],
    meaning: "A XenHost that the spec names does not exist, or its spec is invalid.",
    action: "Create or correct it.",
  },
  HostUnknown: {
    conditions: [...admission, "Running", "DeletionBlocked"],
    meaning:
      "A host cannot be reached, or did not report facts that xensan needs before it moves, starts or deletes a domain.",
    action: "See the conditions of the XenHost.",
  },
  HostNotReady: {
    conditions: admission,
    meaning: "The condition Ready of a host is not True; the message gives the reason.",
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
    meaning: "The Xen version of the target is neither that of the source nor the next one.",
    action: "Choose another target, or migrate offline.",
  },
  CpuFeaturesMissing: {
    conditions: admission,
    meaning: "The CPU of the target lacks features of the source that a running guest may use.",
    action: "Choose another target, or migrate offline.",
  },
  ShadowPagingMissing: {
    conditions: admission,
    meaning: "A PV guest migrates live only if Xen has shadow paging, which the source lacks.",
    action: "Migrate it offline, or run it as PVH.",
  },
  NotEnoughMemory: {
    conditions: admission,
    meaning: "The target has too little free memory for the domain.",
    action: "Stop or move another domain there, or choose another target.",
  },
  CpusMissing: {
    conditions: admission,
    meaning: "The target has fewer processors than spec.cpus of the XenDomain names.",
    action: "Choose another target, or change spec.cpus and start the domain again.",
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
  DiskNotShared: {
    conditions: [],
    meaning:
      "Nothing proves that one of the disks with which the domain runs is the same on the target, where it would continue on other data. Such a disk was attached by hand, or no XenDomain declares the domain. Accepted are raw images on an OCFS2 that both hosts have mounted at the same directory, and devices /dev/etherd/eSHELF.SLOT that both hosts find at the same server. The message of MigrationFailed names it.",
    action: "Detach the disk (xl block-detach), move it to such a place, or shut the domain down and move it by hand.",
  },
  NameOccupied: {
    conditions: admission,
    meaning: "Another domain on the target has the same name.",
    action: "Rename or stop the other domain.",
  },
  NotMigrating: {
    conditions: ["Migrating"],
    meaning: "The migration has not started, or it has finished.",
    action: "Nothing.",
  },
  Migrating: {
    conditions: ["Migrating", "Succeeded", "Running", "DeletionBlocked", "events"],
    meaning: "The domain is being moved; the message shows the progress or names the migration.",
    action: nothing,
  },
  Settling: {
    conditions: ["Migrating", "Succeeded", "events"],
    meaning: "xl has ended. xensan checks both hosts and cleans up.",
    action: nothing,
  },
  ShuttingDown: {
    conditions: ["Migrating", "Succeeded", "events"],
    meaning: "An offline migration waits for the domain to shut down on the source.",
    action: nothing,
  },
  StartingOnTarget: {
    conditions: ["Migrating", "Succeeded", "events"],
    meaning: "An offline migration has proved that the domain runs nowhere, and starts it on the target.",
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
      "The domain still runs on the source, or, after an offline migration, is started by its XenDomain on a host that can run it; the message quotes the output of xl.",
    action: "Follow the message and create another XenMigration.",
  },
  DomainRestarted: {
    conditions: [...outcome, "events"],
    meaning:
      "The domain on the source is not the one that an offline migration began to stop: it was started since, by its guest's reboot, by a person or, if a backup restored the object, by a later migration. It is not stopped.",
    action: "Nothing. To move the domain, create a XenMigration with another name, or with generateName.",
  },
  DomainGone: {
    conditions: [...outcome, "events"],
    meaning: "The domain no longer runs on either host: it ended, or its host went down.",
    action: "Nothing for a XenDomain, which is started again. Start any other domain by hand.",
  },
  OutcomeUnknown: {
    conditions: ["Migrating", "Succeeded", "events"],
    meaning: "A host cannot be reached, so it is unknown where the domain runs. Nothing is destroyed or started.",
    action: "Bring the host back; xensan then determines the outcome.",
  },
  OutcomeAmbiguous: {
    conditions: ["Migrating", "Succeeded", "Running", "events"],
    meaning:
      "The state of both hosts matches no known outcome of a migration, or copies of a domain are left that no XenMigration moves. Nothing is destroyed and nothing is started.",
    action:
      "Follow the message. Find out which copy has the right data before you end another; xensan continues as soon as the state of the hosts is conclusive.",
  },
  ApprovalNeeded: {
    conditions: ["Migrating", "Succeeded", "events"],
    meaning: "Only a suspended copy of the domain is left, which cannot or must not be resumed.",
    action: "Approve with the annotation that the message names, or save the copy by hand first.",
  },
  SplitBrain: {
    stalls: true,
    conditions: ["Migrating", "Succeeded", "Running", "DeletionBlocked", "events"],
    meaning: "The domain runs on both hosts and damages its disks. xensan does not touch it again.",
    action: "Decide immediately which one has the right data, and destroy the other with xl destroy.",
  },
  Drained: {
    conditions: ["Drained"],
    meaning: "No domain is on the host.",
    action: "Nothing: the host can be serviced.",
  },
  NotDraining: { conditions: ["Drained"], meaning: "maintenance is not Drain.", action: "Nothing." },
  Draining: {
    conditions: ["Drained"],
    meaning: "Domains are being moved to other hosts or are queued; the message names them.",
    action: nothing,
  },
  DrainBlocked: {
    conditions: ["Drained"],
    meaning: "Domains cannot leave the host; the message names each with the reason.",
    action: "Fix what the message names, move the domain with a XenMigration of mode Offline, or stop it.",
  },
  NotAborted: {
    conditions: ["Aborted"],
    meaning: "No abort was requested, and none was needed.",
    action: "Nothing.",
  },
  Aborting: {
    conditions: ["Aborted", "events"],
    meaning: "The migration is being aborted; the message gives the reason.",
    action: nothing,
  },
  AbortRequested: {
    conditions: outcome,
    meaning: "spec.abort is Requested. The domain stayed on the source.",
    action: "Nothing.",
  },
  TimeLimitExceeded: {
    conditions: outcome,
    meaning: "The migration took longer than timeoutSeconds and was aborted. The domain stayed on the source.",
    action: "Find out what slows it down (network, a guest that writes a lot), or increase timeoutSeconds.",
  },
  Stalled: {
    conditions: outcome,
    meaning:
      "Nothing arrived on the target for five minutes, so the migration was aborted. The domain stayed on the source.",
    action: "Check the network between the hosts and the load on both.",
  },
  Deleted: {
    conditions: outcome,
    meaning: "The XenMigration was deleted, so the migration was aborted.",
    action: "Nothing.",
  },
} as const satisfies Record<string, ReasonEntry>;
