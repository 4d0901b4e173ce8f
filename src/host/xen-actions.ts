import type { Owner } from "./actions.ts";
import type { HostCommand } from "./command.ts";

/**
 * Domains are neither saved at shutdown nor restored nor started at boot by the host itself: XENDOMAINS_SAVE, _RESTORE and
 * _AUTO blank; xencommons started. Detail: `prepared` or `unchanged`. Refuses NotDom0, ToolMissing.
 */
export declare function prepareToolstack(): HostCommand;

export interface RelocationPeer {
  readonly name: string;
  readonly address: string;
  /** Public half of the peer's migration key. */
  readonly publicKey: string;
  /** Keys of the peer's sshd. */
  readonly hostKeys: readonly string[];
}

/**
 * The migration key of this host made once; exactly these senders in the managed block of authorized_keys, each tied to
 * its address and able to run `xl migrate-receive` (and the check of {@link verifyRelocation}) only; exactly these
 * receivers in the managed known_hosts. Detail: `prepared` or `unchanged`.
 */
export declare function prepareRelocation(request: {
  readonly senders: readonly RelocationPeer[];
  readonly receivers: readonly RelocationPeer[];
}): HostCommand;

/** From this host to a receiver, over the migration key, without touching a domain. Detail: `verified`. Refuses PeerUnreachable, PeerRefuses. */
export declare function verifyRelocation(request: { readonly address: string }): HostCommand;

/**
 * The lines of /etc/xen/xend-config.sxp, other lines and comments kept; xend is restarted when something changed and no
 * migration runs. Detail: `configured`, `unchanged`. Refuses NotDom0, ToolMissing.
 */
export declare function configureXend(request: {
  readonly settings: readonly { readonly key: string; readonly value: string }[];
}): HostCommand;

export interface ImageRequest {
  readonly owner: Owner;
  /** Absolute, below `mountPoint`. */
  readonly path: string;
  /** The shared file system that must be mounted there, and its UUID. */
  readonly mountPoint: string;
  readonly filesystem: string;
  readonly sizeBytes: number;
  /** Image to copy from, absolute, below the same mount point. */
  readonly source?: string;
}

/**
 * An image of at least this size: sparse, or copied (by reflink where that works, else in the background with its
 * progress in the probe), or grown. Never shrinks, never overwrites. Detail: `created`, `copying`, `copied`, `grown`, `unchanged`.
 * Refuses NotMounted, ImageForeign (a file that xensan did not make is used as it is, but never grown or replaced, unless its
 * size is enough: then `unchanged`), SourceMissing, SourceLarger, NoSpace, CopyInterrupted is cleaned up and begun anew.
 */
export declare function ensureImage(request: ImageRequest): HostCommand;

/** Only one that xensan made for this owner, that no domain, loop device or process uses here. Detail: `deleted` or `absent`. Refuses NotOurs, ImageInUse, NotMounted. */
export declare function deleteImage(request: Omit<ImageRequest, "sizeBytes" | "source">): HostCommand;

/** /var/lib/xensan/domains/UUID.cfg with this text. Detail: `written` or `unchanged`. */
export declare function writeDomainConfiguration(request: {
  readonly owner: Owner;
  readonly uuid: string;
  readonly text: string;
}): HostCommand;

/** Detail: `removed` or `absent`. Refuses NotOurs, DomainRunning. */
export declare function removeDomainConfiguration(request: {
  readonly owner: Owner;
  readonly uuid: string;
}): HostCommand;

export interface StartRequest {
  readonly owner: Owner;
  readonly uuid: string;
  readonly name: string;
  /** sha256 of the configuration that is to be started. */
  readonly digest: string;
  /** Directory of the lock, on the shared file system, with the mount point and UUID that must hold it. */
  readonly lock: { readonly directory: string; readonly mountPoint: string; readonly filesystem: string };
  /** A lock file of this holder may be taken over: it is proved that the domain does not run there. */
  readonly supersedes?: { readonly host: string; readonly bootId: string };
}

/**
 * xl create under the exclusive lock file. Detail: `started id N` or `running id N` (this very domain runs already). Refuses
 * DomainNameTaken, DomainLocked (names the holder), NotMounted, ConfigurationDiffers, NoMemory, BridgeMissing,
 * BootFileOutsideBounds, StartFailed (what xl said; the lock is released when the domain is proved absent).
 */
export declare function startDomain(
  request: StartRequest & { readonly allowedBootFiles: readonly string[]; readonly allowedBridges: readonly string[] },
): HostCommand;

/**
 * Asks the guest to shut down and waits so long; `Destroy` ends it at once. The lock file goes when the domain is gone. Detail:
 * `stopped`, `absent`, or `waiting` (it has not ended yet: run it again). Refuses DomainMigrating.
 */
export declare function stopDomain(request: {
  readonly uuid: string;
  readonly how: "Shutdown" | "Destroy";
  readonly waitSeconds: number;
  readonly lockDirectory?: string;
}): HostCommand;

export interface MigrationRequest {
  /** Names the run: unit xensan-migrate-OPERATION, its record and its log. */
  readonly operation: string;
  readonly uuid: string;
  readonly address: string;
  readonly timeoutSeconds: number;
}

/**
 * Begins `xl migrate`, detached (systemd-run, else setsid), and returns. Detail: `started` or `unchanged` (this operation has
 * been begun). Refuses DomainMissing, DomainMigrating, DomainNotRunning, DomainNameUnsafe.
 */
export declare function startMigration(request: MigrationRequest): HostCommand;

/**
 * Ends the sender, only while its log does not show that permission to start was given. Detail: `aborted`, `ended`. Refuses PastPointOfNoReturn.
 */
export declare function abortMigration(request: { readonly operation: string }): HostCommand;

/**
 * One leftover brought to where the recovery table says, each with UUID, full name and state looked at again in the same
 * process, and no xl left at work on it: `DestroyIncoming` (paused, never ran), `DestroyMigratedAway` (suspended),
 * `StartIncoming` (rename and unpause), `ResumeSource` (rename back where needed, xl resume; Refuses ResumeUnsupported).
 * Detail: what was done or `unchanged`. Refuses DomainStateDiffers, DomainMigrating.
 */
export declare function settleMigration(request: {
  readonly uuid: string;
  readonly name: string;
  readonly action: "DestroyIncoming" | "DestroyMigratedAway" | "StartIncoming" | "ResumeSource";
}): HostCommand;

/** The lock file says that this host runs the domain, after a migration. Detail: `moved` or `unchanged`. Refuses DomainMissing, NotMounted. */
export declare function takeDomainLock(request: {
  readonly owner: Owner;
  readonly uuid: string;
  readonly lock: StartRequest["lock"];
}): HostCommand;
