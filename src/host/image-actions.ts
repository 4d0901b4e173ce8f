import type { HostCommand } from "./command.ts";
import { command } from "./commands.ts";
import { filesystemUuid } from "./ocfs2-values.ts";
import type { Owner } from "./values.ts";
import { InvalidValue, matching, ownerText, path, relativeGlobs, sizeBytes } from "./values.ts";
import { domainUuid } from "./xen-values.ts";

/** Arguments of ensure-image.sh. */
export interface ImageRequest {
  readonly owner: Owner;
  /** Of the domain that has the image. */
  readonly uuid: string;
  /** Absolute, below `mountPoint`. */
  readonly path: string;
  /** The shared file system that must be mounted there, and its UUID. */
  readonly mountPoint: string;
  readonly filesystem: string;
  readonly sizeBytes: number;
  /** Image to copy from, absolute, below the same mount point. */
  readonly source?: string;
  /** What the owner of the file system lets be copied: globs below the mount point. */
  readonly templates?: readonly string[];
  /** `INODE BIRTH` of the image as it was seen before: then it is never made anew. */
  readonly recorded?: string;
  /** `INODE BIRTH` of a recorded image that a person gave up: another may take its place. */
  readonly replaces?: string | undefined;
  /** A file that xensan did not make for this owner may be the image: the owner of the host says so. */
  readonly mayFind: boolean;
}

/**
 * An image of at least this size: sparse, or copied (by reflink where that works, else in the background with its
 * progress in the probe), or grown; what it is stands on the share from then on. Never shrinks, never overwrites, and never makes
 * one that was recorded. Detail: `created`, `copying`, `copied`, `grown`, `recorded`, `unchanged`. Refuses NotMounted,
 * ImageMissing, ImageChanged, ImageForeign (xensan did not make the file for this owner; one that may be used all the same is never grown), SourceMissing, SourceNotTemplate, SourceInUse, SourceLarger, NoSpace, ReadOnlyFileSystem; an interrupted copy is
 * cleaned up and begun anew.
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

/** Only one that xensan made for this owner, that no domain, loop device or process uses here. Detail: `deleted` or `absent`. Refuses NotOurs, ImageInUse, NotMounted. */
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
  return value;
}
