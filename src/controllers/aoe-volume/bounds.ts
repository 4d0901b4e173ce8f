import type { AoeVolumeSpec } from "../../api/aoe-volume.ts";
import { backingPath } from "./export-parameters.ts";

/**
 * True when a path is out of bounds whatever it leads to: it is no device and no allowed pattern matches it. Such a
 * path is not even looked at. Of everything else the host judges, with links resolved, in the script that acts.
 */
export function isPlainlyOutside(spec: Pick<AoeVolumeSpec, "backing">, allowedBackings: readonly string[]): boolean {
  const path = backingPath(spec);
  return !path.startsWith("/dev/") && !allowedBackings.some((glob) => matches(glob, path));
}

/** Part by part: `*`, `?` and `[a-z]` never match a slash. */
function matches(glob: string, path: string): boolean {
  const [patterns, parts] = [glob.split("/"), path.split("/")];
  return (
    patterns.length === parts.length && patterns.every((pattern, index) => partMatches(pattern, parts[index] ?? ""))
  );
}

function partMatches(pattern: string, part: string): boolean {
  const source = pattern.replace(/\[[!^]?[^\]]+\]|[\s\S]/g, (token) => {
    if (token === "*") return ".*";
    if (token === "?") return ".";
    if (token.length > 1) return token.replace(/^\[!/, "[^").replaceAll("\\", "\\\\");
    return token.replace(/[.+^$(){}|[\]\\]/, "\\$&");
  });
  try {
    return new RegExp(`^${source}$`, "s").test(part);
  } catch {
    // A class like [z-a]: the shell matches nothing with it either.
    return false;
  }
}
