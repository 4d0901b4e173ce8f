import type { Owner } from "./actions.ts";
import type { HostCommand } from "./command.ts";
import { command } from "./commands.ts";
import { filesystemUuid } from "./ocfs2-values.ts";
import { InvalidValue, ownerText, path, relativeGlobs, sizeBytes } from "./values.ts";

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
  /** What the owner of the file system lets be copied: globs below the mount point. */
  readonly templates?: readonly string[];
}

/**
 * An image of at least this size: sparse, or copied (by reflink where that works, else in the background with its
 * progress in the probe), or grown. Never shrinks, never overwrites. Detail: `created`, `copying`, `copied`, `grown`, `unchanged`.
 * Refuses NotMounted, ImageForeign (a file that xensan did not make is used as it is, but never grown or replaced, unless its
 * size is enough: then `unchanged`), SourceMissing, SourceNotTemplate, SourceInUse, SourceLarger, NoSpace, ReadOnlyFileSystem; an interrupted copy is
 * cleaned up and begun anew.
 */
export function ensureImage(request: ImageRequest): HostCommand {
  return command("ensure-image", 120, `${request.path} with ${request.sizeBytes} bytes`, [
    ...placeArguments(request),
    sizeBytes(request.sizeBytes),
    request.source === undefined ? "-" : below("source", request.source, request.mountPoint),
    ...(request.source === undefined ? [] : relativeGlobs("templates", request.templates ?? [])),
  ]);
}

/** Only one that xensan made for this owner, that no domain, loop device or process uses here. Detail: `deleted` or `absent`. Refuses NotOurs, ImageInUse, NotMounted. */
export function deleteImage(request: Omit<ImageRequest, "sizeBytes" | "source" | "templates">): HostCommand {
  return command("delete-image", 60, `${request.path} deleted`, placeArguments(request));
}

function placeArguments(request: Omit<ImageRequest, "sizeBytes" | "source" | "templates">): readonly string[] {
  return [
    ownerText(request.owner),
    below("path", request.path, request.mountPoint),
    path(request.mountPoint),
    filesystemUuid(request.filesystem),
  ];
}

function below(field: string, value: string, mountPoint: string): string {
  if (!path(value).startsWith(`${mountPoint}/`)) throw new InvalidValue(field, value, `a path below ${mountPoint}`);
  return value;
}
