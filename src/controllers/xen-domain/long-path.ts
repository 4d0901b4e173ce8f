import { longestPath } from "../../host/values.ts";

/** Why no host takes the path of an image below this mount point; undefined where it does. */
export function longPath(
  { device, path }: { readonly device: string; readonly path: string },
  { label, mountPoint }: { readonly label: string; readonly mountPoint: string },
): string | undefined {
  const { length } = `${mountPoint}/${path}`;
  return length <= longestPath
    ? undefined
    : `path of ${device} has ${path.length} characters, and ${length} with the mount point of file system ${label}: together they must have at most ${longestPath}`;
}
