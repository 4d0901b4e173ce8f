import type { Host } from "./state.ts";
import { backingAt, readText } from "./storage.ts";

/** scripts/shared/guard.sh on the simulated hosts: it lets a vblade open only the recorded backing. */

export const guardFile = "/var/lib/xensan/guard";
/** The drop-in that makes systemd run the guard before every vblade. */
export const guardDropin = "/etc/systemd/system/vblade@.service.d/xensan.conf";

/** The records of the exports. */
export const exportsDirectory = "/var/lib/xensan/exports";
/** Path of the record of an export: identity, path and owner of its backing. */
export const exportRecord = (name: string) => `${exportsDirectory}/${name}`;

/** The recorded identity of an export; empty when nothing is recorded. */
export const recordedIdentity = (host: Host, name: string) =>
  (readText(host, exportRecord(name)) ?? "").split("\n")[0] ?? "";

/** same_backing of backing-identity.sh. */
export function isSameBacking(one: string, other: string): boolean {
  if (one === other) return true;
  if (!one.startsWith("file:") || !other.startsWith("file:")) return false;
  if (!one.endsWith(":0") && !other.endsWith(":0")) return false;
  return one.slice(0, one.lastIndexOf(":")) === other.slice(0, other.lastIndexOf(":"));
}

/** The guard's message when it refuses; undefined when vblade may open the path. */
export function guardRefuses(host: Host, name: string, path: string): string | undefined {
  if (readText(host, guardFile) === undefined || readText(host, exportRecord(name)) === undefined) return undefined;
  const recorded = recordedIdentity(host, name);
  const now = backingAt(host, path).lasting;
  if (recorded !== "" && isSameBacking(recorded, now)) return undefined;
  return `xensan: ${path} is ${now || "missing"}, recorded for ${name} was ${recorded || "nothing"}: it is not served`;
}
