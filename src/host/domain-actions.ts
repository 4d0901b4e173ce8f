import type { HostCommand } from "./command.ts";
import { command } from "./commands.ts";
import { filesystemUuid } from "./ocfs2-values.ts";
import type { Owner } from "./values.ts";
import { InvalidValue, ownerText, path, pathGlobs, whole } from "./values.ts";
import {
  bootFileBounds,
  bootId,
  bridgeBounds,
  configurationText,
  domainName,
  domainUuid,
  hostName,
  seconds,
  settingBounds,
  sha256,
} from "./xen-values.ts";

/**
 * Writes /var/lib/xensan/domains/UUID.cfg with this text. Detail: `written` or `unchanged`. Refuses DomainTaken
 * (another object declared the domain, or none did).
 */
export function writeDomainConfiguration(request: {
  readonly owner: Owner;
  readonly uuid: string;
  readonly text: string;
  /**
   * Whether a running domain may be taken over: the owner of the host allows it, or xensan started the domain there
   * itself.
   */
  readonly adopt: boolean;
}): HostCommand {
  return command("write-domain-configuration", 60, `configuration of domain ${request.uuid} written`, [
    ownerText(request.owner),
    domainUuid(request.uuid),
    configurationText(request.text),
    request.adopt ? "yes" : "no",
  ]);
}

/** Removes the configuration of a domain. Detail: `removed` or `absent`. Refuses NotOurs, DomainRunning. */
export function removeDomainConfiguration(request: { readonly owner: Owner; readonly uuid: string }): HostCommand {
  return command("remove-domain-configuration", 60, `no configuration of domain ${request.uuid}`, [
    ownerText(request.owner),
    domainUuid(request.uuid),
  ]);
}

/** Directory of the lock on the shared file system, with the mount point and UUID of that file system. */
export interface LockPlace {
  readonly directory: string;
  readonly mountPoint: string;
  readonly filesystem: string;
}

/** Arguments of start-domain.sh. */
export interface StartRequest {
  readonly owner: Owner;
  readonly uuid: string;
  readonly name: string;
  /** sha256 of the configuration to start. */
  readonly digest: string;
  readonly lock: LockPlace;
  /** The shared file systems that may hold the domain's images. */
  readonly shares: readonly { readonly mountPoint: string; readonly filesystem: string }[];
  /** A lock file of this holder may be taken over: the domain is proved not to run there. */
  readonly supersedes?: { readonly host: string; readonly bootId: string };
}

/**
 * Runs xl create under the exclusive lock file. Detail: `started id N` or `running id N` (this very domain runs
 * already). Refuses DomainNameTaken, DomainLocked (names the holder), DomainMigrating, NotMounted,
 * ConfigurationDiffers, NoMemory, BridgeMissing, BridgeOutsideBounds, BootFileOutsideBounds, SettingOutsideBounds,
 * ImageOutsideBounds, ImageForeign, SourceNotTemplate, SourceInUse and SourceMissing (of a CD-ROM drive), StartFailed
 * (with the message of xl; the lock is released once the domain is proved absent).
 */
export function startDomain(
  request: StartRequest & {
    readonly allowedBootFiles: readonly string[];
    readonly allowedBridges: readonly string[];
    /** KEY or KEY=VALUE. */
    readonly allowedSettings?: readonly string[];
    /** Globs of the files on the shares that CD-ROM drives may use. */
    readonly templates?: readonly string[];
  },
): HostCommand {
  return command("start-domain", 300, `domain ${request.name} started on this host only`, [
    ownerText(request.owner),
    domainUuid(request.uuid),
    domainName(request.name),
    sha256(request.digest),
    ...lockArguments(request.lock),
    ...(request.supersedes === undefined
      ? ["-", "-"]
      : [hostName("supersedes", request.supersedes.host), bootId(request.supersedes.bootId)]),
    ...bootFileBounds(request.allowedBootFiles),
    ...bridgeBounds(request.allowedBridges),
    ...[...new Set(pathGlobs("templates", request.templates ?? []))].map((glob) => `cdrom=${glob}`),
    ...settingBounds(request.allowedSettings ?? []),
    ...request.shares.map(shareArgument),
  ]);
}

/**
 * Asks the guest to shut down and waits for `waitSeconds`; `Destroy` ends it at once. Removes the lock file when the
 * domain is gone. Detail: `stopped`, `absent`, or `waiting` (the domain has not ended yet: run it again). Refuses
 * DomainMigrating, DomainTaken (`owner` did not declare the domain on that host).
 */
export function stopDomain(request: {
  /** Undefined for an undeclared domain. */
  readonly owner: Owner | undefined;
  readonly uuid: string;
  readonly how: "Shutdown" | "Destroy";
  readonly waitSeconds: number;
  readonly lockDirectory?: string;
}): HostCommand {
  return command("stop-domain", request.waitSeconds + 90, `domain ${request.uuid} stopped`, [
    request.owner === undefined ? "-" : ownerText(request.owner),
    domainUuid(request.uuid),
    request.how.toLowerCase(),
    seconds("waitSeconds", request.waitSeconds, 3600),
    request.lockDirectory === undefined ? "-" : path(request.lockDirectory),
  ]);
}

/**
 * Records this host in the lock file of the domain after a migration. Detail: `moved` or `unchanged`. Refuses
 * DomainMissing, NotMounted.
 */
export function takeDomainLock(request: {
  readonly owner: Owner;
  readonly uuid: string;
  readonly lock: LockPlace;
}): HostCommand {
  return command("take-domain-lock", 60, `lock of domain ${request.uuid} held by this host`, [
    ownerText(request.owner),
    domainUuid(request.uuid),
    ...lockArguments(request.lock),
  ]);
}

/** A file of a domain on a shared file system, and whether the domain writes it. */
export interface LeasedImage {
  readonly path: string;
  readonly access: "ReadWrite" | "ReadOnly";
}

/**
 * Holds a lease of a domain on its images from this host; other hosts may hold one as well. Detail: `held` or
 * `unchanged`. Refuses ImageLeased (an image is leased exclusively: a start or a deletion is running), ImageMissing,
 * LeaseUnsupported, NotMounted, DomainMissing (only without `arriving`).
 */
export function holdLease(request: {
  readonly owner: Owner;
  readonly uuid: string;
  readonly lockDirectory: string;
  readonly images: readonly LeasedImage[];
  readonly shares: StartRequest["shares"];
  /** The domain is not on this host yet: the lease is held for at least this many seconds. */
  readonly arrivingSeconds?: number;
}): HostCommand {
  return command("hold-lease", 90, `lease of domain ${request.uuid} held by this host`, [
    ownerText(request.owner),
    domainUuid(request.uuid),
    seconds("arrivingSeconds", request.arrivingSeconds ?? 0, 3600),
    path(request.lockDirectory),
    ...request.images.map((image) => `${image.access === "ReadWrite" ? "write" : "read"}=${path(image.path)}`),
    ...request.shares.map(shareArgument),
  ]);
}

/**
 * Ends this host's lease for a domain that is not on it. Detail: `ended`, `absent`, or `renewed`: the lease was
 * requested again since `until` was read, and stays. Refuses DomainRunning, DomainMigrating.
 */
export function endLease(request: {
  readonly owner: Owner;
  readonly uuid: string;
  /** `until` of the lease to end ({@link DomainLease}). */
  readonly until: number;
}): HostCommand {
  return command("end-lease", 60, `no lease of domain ${request.uuid} held by this host`, [
    ownerText(request.owner),
    domainUuid(request.uuid),
    whole("until", request.until, 0, Number.MAX_SAFE_INTEGER),
  ]);
}

const shareArgument = ({ mountPoint, filesystem }: StartRequest["shares"][number]) =>
  `share=${filesystemUuid(filesystem)}:${path(mountPoint)}`;

function lockArguments(lock: LockPlace): readonly string[] {
  const directory = path(lock.directory);
  if (!directory.startsWith(`${lock.mountPoint}/`)) {
    throw new InvalidValue("lock.directory", directory, `a directory below ${lock.mountPoint}`);
  }
  return [directory, path(lock.mountPoint), filesystemUuid(lock.filesystem)];
}
