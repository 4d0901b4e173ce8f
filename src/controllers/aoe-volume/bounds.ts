import type { AoeVolumeSpec } from "../../api/aoe-volume.ts";
import { globMatches } from "../../host/glob.ts";
import { backingPath } from "./export-parameters.ts";

/**
 * True when a path is out of bounds whatever it leads to: it is no device and no allowed pattern matches it. Such a
 * path is not even looked at. Of everything else the host judges, with links resolved, in the script that acts.
 */
export function isPlainlyOutside(spec: Pick<AoeVolumeSpec, "backing">, allowedBackings: readonly string[]): boolean {
  const path = backingPath(spec);
  return !path.startsWith("/dev/") && !allowedBackings.some((glob) => globMatches(glob, path));
}
