/** What happened on the rack, in order; invariants are written against it. Append-only. */
export type RackEvent = {
  /** Milliseconds, the rack's clock. */
  readonly at: number;
  readonly host: string;
  /** The script run that did it; absent for what happened by itself (supervision, discovery, boot) or by a fault. */
  readonly command: number | undefined;
} & Happening;

/** An event of the simulated rack, without its time and host. */
export type Happening =
  | {
      readonly kind: "VbladeStarted";
      readonly pid: number;
      readonly shelf: number;
      readonly slot: number;
      readonly interface: string;
      readonly mac: string;
      readonly segment: string;
      readonly backing: string;
      /** `block:major:minor` or `file:device:inode` */
      readonly identity: string;
      readonly sizeBytes: number;
      readonly access: "ReadWrite" | "ReadOnly";
      readonly by: Supervisor;
    }
  | {
      readonly kind: "VbladeStopped";
      readonly pid: number;
      readonly shelf: number;
      readonly slot: number;
      readonly segment: string;
      readonly identity: string;
      readonly why: string;
    }
  | { readonly kind: "VbladeFailed"; readonly shelf: string; readonly slot: string; readonly message: string }
  | { readonly kind: "FileCreated" | "FileDeleted"; readonly path: string; readonly sizeBytes: number }
  | { readonly kind: "FileResized"; readonly path: string; readonly fromBytes: number; readonly sizeBytes: number }
  | { readonly kind: "FileRenamed"; readonly path: string; readonly to: string }
  | { readonly kind: "FileCopied"; readonly path: string; readonly from: string }
  | { readonly kind: "TextWritten"; readonly path: string; readonly text: string }
  | {
      readonly kind: "LogicalVolumeCreated" | "LogicalVolumeDeleted";
      readonly volume: string;
      readonly sizeBytes: number;
    }
  /** The whole volume holds zeros now. */
  | { readonly kind: "LogicalVolumeBlanked"; readonly volume: string }
  | { readonly kind: "LogicalVolumeRenamed"; readonly volume: string; readonly to: string }
  | {
      readonly kind: "LogicalVolumeResized";
      readonly volume: string;
      readonly fromBytes: number;
      readonly sizeBytes: number;
      /** What the added extents hold. */
      readonly extents: "Blank" | "FromBefore";
    }
  | { readonly kind: "AoeDeviceAppeared" | "AoeDeviceGone"; readonly shelf: number; readonly slot: number }
  | {
      readonly kind: "AoeDeviceUp" | "AoeDeviceDown";
      readonly shelf: number;
      readonly slot: number;
      readonly macs: string;
    }
  | { readonly kind: "DeviceOpened" | "DeviceClosed"; readonly device: string; readonly by: string }
  | { readonly kind: "InterfaceUp" | "InterfaceDown"; readonly interface: string }
  | { readonly kind: "ModuleLoaded" | "ModuleUnloaded"; readonly module: string }
  | { readonly kind: "ParameterSet"; readonly parameter: string; readonly value: string }
  | { readonly kind: "PackageInstalled" | "PackageRemoved"; readonly package: string; readonly version: string }
  | { readonly kind: "UnitChanged"; readonly unit: string; readonly state: string }
  | {
      readonly kind: "FormatBegun" | "FilesystemFormatted";
      readonly device: string;
      readonly uuid: string;
      /** The backing that was written, with its host: `san block:254:16`. */
      readonly backing: string;
      /** What was there before: a signature, `data`, or empty for zeros. */
      readonly over: string;
    }
  | {
      readonly kind: "Mounted";
      readonly device: string;
      readonly uuid: string;
      readonly mountPoint: string;
      readonly backing: string;
      readonly options: readonly string[];
    }
  | {
      readonly kind: "Unmounted";
      readonly device: string;
      readonly uuid: string;
      readonly mountPoint: string;
      readonly backing: string;
    }
  | {
      readonly kind: "FilesystemGrown";
      readonly device: string;
      readonly uuid: string;
      readonly fromBytes: number;
      readonly sizeBytes: number;
    }
  | { readonly kind: "NodeSlotsAdded"; readonly device: string; readonly uuid: string; readonly nodeSlots: number }
  | { readonly kind: "ClusterOnline" | "ClusterChanged" | "ClusterOffline"; readonly cluster: string }
  | {
      /** Hung: writes to the disk do not return. Resumed: they return again. */
      readonly kind: "HeartbeatStarted" | "HeartbeatStopped" | "HeartbeatHung" | "HeartbeatResumed";
      readonly uuid: string;
      readonly node: number;
    }
  | { readonly kind: "NodeFenced"; readonly node: number; readonly why: string }
  /** The others have replayed the journal of a dead node. */
  | { readonly kind: "NodeRecovered"; readonly uuid: string; readonly node: number }
  | { readonly kind: "RemountedReadOnly"; readonly device: string; readonly mountPoint: string }
  | {
      /** The domain executes on this host from now on; Resumed: after it was paused or suspended here. */
      readonly kind: "DomainStarted" | "DomainResumed";
      readonly uuid: string;
      readonly id: number;
      /** Paths of the images that it writes to. */
      readonly images: readonly string[];
    }
  /** The domain no longer executes. */
  | { readonly kind: "DomainPaused" | "DomainSuspended"; readonly uuid: string; readonly id: number }
  | { readonly kind: "DomainShutDown"; readonly uuid: string; readonly id: number; readonly reason: string }
  /** The domain is gone, whether it had executed or not. */
  | { readonly kind: "DomainEnded"; readonly uuid: string; readonly id: number; readonly why: string }
  /** A process holds a lease on the domain's images, or has ended it. */
  | { readonly kind: "LeaseHeld" | "LeaseEnded"; readonly uuid: string }
  | { readonly kind: "DomainAsked"; readonly uuid: string; readonly id: number; readonly to: string }
  | { readonly kind: "MigrationPhase"; readonly uuid: string; readonly phase: string }
  | { readonly kind: "HostUp"; readonly bootId: string }
  | { readonly kind: "HostDown"; readonly why: string }
  | { readonly kind: "CommandBegun"; readonly id: number; readonly script: string; readonly args: readonly string[] }
  | {
      readonly kind: "CommandEnded";
      readonly id: number;
      readonly script: string;
      readonly args: readonly string[];
      /** Absent when the script was killed. */
      readonly exitCode: number | undefined;
      readonly changed: boolean;
    }
  | { readonly kind: "Fault"; readonly fault: string };

/** What restarts a vblade after it has ended. */
export type Supervisor = "Systemd" | "Inittab" | "None";
