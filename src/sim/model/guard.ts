import type { Host } from "./state.ts";
import { backingAt, readText } from "./storage.ts";

/** scripts/shared/guard.sh on the simulated hosts: no vblade opens another backing than the recorded one. */

export const guardFile = "/var/lib/xensan/guard";
/** What makes systemd run the guard before every vblade. */
export const guardDropin = "/etc/systemd/system/vblade@.service.d/xensan.conf";

/** IDENTITY, PATH and OWNER of the export of this name. */
export const exportRecord = (name: string) => `/var/lib/xensan/exports/${name}`;

/** What is recorded for an export; empty when nothing is. */
export const recordedIdentity = (host: Host, name: string) =>
  (readText(host, exportRecord(name)) ?? "").split("\n")[0] ?? "";

/** backing-identity.sh's same_backing. */
export function isSameBacking(one: string, other: string): boolean {
  if (one === other) return true;
  if (!one.startsWith("file:") || !other.startsWith("file:")) return false;
  if (!one.endsWith(":0") && !other.endsWith(":0")) return false;
  return one.slice(0, one.lastIndexOf(":")) === other.slice(0, other.lastIndexOf(":"));
}

/** What the guard says when it refuses; undefined: vblade may open the path. */
export function guardRefuses(host: Host, name: string, path: string): string | undefined {
  if (readText(host, guardFile) === undefined || readText(host, exportRecord(name)) === undefined) return undefined;
  const recorded = recordedIdentity(host, name);
  const now = backingAt(host, path).lasting;
  if (recorded !== "" && isSameBacking(recorded, now)) return undefined;
  return `xensan: ${path} is ${now || "missing"}, recorded for ${name} was ${recorded || "nothing"}: it is not served`;
}
