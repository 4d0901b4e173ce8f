import type { ReasonEntry } from "./entry.ts";

const events = ["events"];
const done = (meaning: string) => ({ conditions: events, meaning, action: "Nothing." }) as const;

/** Results of steps on hosts, in events only; the note names the host and the new state. */
export const doing = {
  PackagesInstalled: done("Packages were installed on the host."),
  InterfaceUp: done("A network interface was set up."),
  BackingCreated: done("The file or logical volume behind an AoeVolume was created."),
  BackingGrown: done("The file or logical volume behind an AoeVolume was grown."),
  BackingDeleted: done("The file or logical volume behind an AoeVolume was deleted."),
  Unexported: done("The export of an AoeVolume was stopped and its configuration removed."),
  InitiatorPrepared: done("The aoe driver was loaded and bound to the declared interfaces."),
  Discovered: done("A client searched its interfaces for the volume."),
  Revalidated: done("A client asked the server for the size of the volume again."),
  ToolstackPrepared: done("The host's own mechanisms to save, restore and start domains were disabled."),
  RelocationPrepared: done("Keys and known hosts of the peers were written."),
  RelocationVerified: done("The host reached a peer with its migration key."),
  XendConfigured: done("xensan wrote its section of xend's configuration."),
  ClusterRemoved: done("O2CB was taken offline on the host and its configuration removed."),
  Unmounted: done("A file system was unmounted on the host."),
  FilesystemGrown: done("A file system was grown to the size of its volume."),
  NodeSlotsAdded: done("Node slots were added to a file system."),
  ConfigurationWritten: done("The configuration file of a domain was written."),
  ConfigurationRemoved: done("The configuration file of a domain was removed."),
  ImageCreated: done("A sparse image file was created."),
  ImageCopied: done("An image file was copied from sourcePath."),
  ImageGrown: done("An image file was grown."),
  ImageDeleted: done("An image file was deleted."),
  Started: done("The domain was started."),
  DomainStopped: done("The domain was stopped."),
  LockTaken: done("The lock file of the domain now names this host."),
  LeaseHeld: done("The host now holds the domain's lease on its images."),
  LeaseEnded: done("The host released the lease of a domain that it does not run."),
  MigrationStarted: done("The toolstack began to migrate the domain."),
  MigrationAborted: done("A migration was aborted before the point of no return."),
  MigrationSettled: done("The remains of a migration were cleaned up."),
} as const satisfies Record<string, ReasonEntry>;
