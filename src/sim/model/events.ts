/** What happened on the rack, in order: the surface on which invariants are written. Append-only. */
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
  /** Every byte of it is zero now. */
  | { readonly kind: "LogicalVolumeBlanked"; readonly volume: string }
  | { readonly kind: "LogicalVolumeRenamed"; readonly volume: string; readonly to: string }
  | {
      readonly kind: "LogicalVolumeResized";
      readonly volume: string;
      readonly fromBytes: number;
      readonly sizeBytes: number;
      /** What stands in the extents that came. */
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
      /** Which bytes: `san block:254:16`, host and backing. */
      readonly backing: string;
      /** What stood there before: a signature, `data`, or empty for zeros. */
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
      /** Hung and Resumed: the disk does not take the writes, or takes them again. */
      readonly kind: "HeartbeatStarted" | "HeartbeatStopped" | "HeartbeatHung" | "HeartbeatResumed";
      readonly uuid: string;
      readonly node: number;
    }
  | { readonly kind: "NodeFenced"; readonly node: number; readonly why: string }
  /** The others replayed the journal of a node that died. */
  | { readonly kind: "NodeRecovered"; readonly uuid: string; readonly node: number }
  | { readonly kind: "RemountedReadOnly"; readonly device: string; readonly mountPoint: string }
  | {
      /** It executes on this host from this moment on; Resumed: after it had been paused or suspended here. */
      readonly kind: "DomainStarted" | "DomainResumed";
      readonly uuid: string;
      readonly id: number;
      /** Paths of the images that it writes. */
      readonly images: readonly string[];
    }
  /** It does not execute any more. */
  | { readonly kind: "DomainPaused" | "DomainSuspended"; readonly uuid: string; readonly id: number }
  | { readonly kind: "DomainShutDown"; readonly uuid: string; readonly id: number; readonly reason: string }
  /** It is not there any more, whether it had executed or not. */
  | { readonly kind: "DomainEnded"; readonly uuid: string; readonly id: number; readonly why: string }
  /** A process holds a lease on its images, or does so no more. */
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
      /** Absent when it was killed. */
      readonly exitCode: number | undefined;
      readonly changed: boolean;
    }
  | { readonly kind: "Fault"; readonly fault: string };

/** Who starts a vblade again after it ended. */
export type Supervisor = "Systemd" | "Inittab" | "None";
