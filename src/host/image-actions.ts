import type { HostCommand } from "./command.ts";
import { command } from "./commands.ts";
import { filesystemUuid } from "./ocfs2-values.ts";
import type { Owner } from "./values.ts";
import { InvalidValue, matching, ownerText, path, relativeGlobs, sizeBytes } from "./values.ts";
import { domainUuid } from "./xen-values.ts";

/** Arguments of ensure-image.sh. */
export interface ImageRequest {
  readonly owner: Owner;
  /** UUID of the domain that has the image. */
  readonly uuid: string;
  /** Absolute, below `mountPoint`. */
  readonly path: string;
  /** The shared file system that must be mounted there, and its UUID. */
  readonly mountPoint: string;
  readonly filesystem: string;
  readonly sizeBytes: number;
  /** Image to copy from, absolute, below the same mount point. */
  readonly source?: string;
  /** Globs of the images below the mount point that the owner of the file system lets domains copy. */
  readonly templates?: readonly string[];
  /** `INODE BIRTH` of the image when it was last seen; with it, the image is never created again. */
  readonly recorded?: string;
  /** `INODE BIRTH` of a recorded image that a person gave up: another image may take its place. */
  readonly replaces?: string | undefined;
  /** Whether the owner of the host allows a file that xensan did not make for this owner to be the image. */
  readonly mayFind: boolean;
}

/**
 * Ensures an image of at least this size: sparse, or copied (by reflink if that works, else in the background with its
 * progress in the probe), or grown; records its identity on the share. Never shrinks, never overwrites, and never
 * creates an image that was recorded. Restarts an interrupted copy from the beginning. Detail: `created`, `copying`,
 * `copied`, `grown`, `recorded`, `unchanged`. Refuses NotMounted, ImageMissing, ImageChanged, ImageForeign (xensan did
 * not make the file for this owner; such a file is never grown, even if it may be used), SourceMissing,
 * SourceNotTemplate, SourceInUse, SourceLarger, NoSpace, ReadOnlyFileSystem.
 */
export function ensureImage(request: ImageRequest): HostCommand {
  const [owner = "", ...place] = placeArguments(request);
  return command("ensure-image", 120, `${request.path} with ${request.sizeBytes} bytes`, [
    owner,
    domainUuid(request.uuid),
    ...place,
    sizeBytes(request.sizeBytes),
    request.source === undefined ? "-" : below("source", request.source, request.mountPoint),
    request.recorded === undefined ? "-" : fileIdentity(request.recorded),
    request.mayFind ? "yes" : "no",
    request.replaces === undefined ? "-" : fileIdentity(request.replaces),
    ...(request.source === undefined ? [] : relativeGlobs("templates", request.templates ?? [])),
  ]);
}

type ImagePlace = Pick<ImageRequest, "owner" | "path" | "mountPoint" | "filesystem">;

/**
 * Deletes an image, only if xensan made it for this owner and no domain, loop device or process uses it on this host.
 * Detail: `deleted` or `absent`. Refuses NotOurs, ImageInUse, NotMounted.
 */
export function deleteImage(request: ImagePlace): HostCommand {
  return command("delete-image", 60, `${request.path} deleted`, placeArguments(request));
}

function placeArguments(request: ImagePlace): readonly string[] {
  return [
    ownerText(request.owner),
    below("path", request.path, request.mountPoint),
    path(request.mountPoint),
    filesystemUuid(request.filesystem),
  ];
}

function fileIdentity(value: string): string {
  return matching(
    "recorded",
    value,
    /^[0-9]{1,20} [0-9]{1,20}$/,
    "the inode and the time of birth of a file, two numbers",
  );
}

function below(field: string, value: string, mountPoint: string): string {
  if (!path(value).startsWith(`${mountPoint}/`)) throw new InvalidValue(field, value, `a path below ${mountPoint}`);
  const accepted = `a path below ${mountPoint} without a part that is .xensan or contains .xensan-`;
  if (/(^|\/)\.xensan(\/|$)|\.xensan-/.test(value.slice(mountPoint.length)))
    throw new InvalidValue(field, value, accepted);
  return value;
}
