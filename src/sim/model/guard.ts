import { cardMoved, cardOf, recordedCard } from "./interface-card.ts";
import type { Host } from "./state.ts";
import { backingAt, readText } from "./storage.ts";

/** scripts/shared/guard.sh on the simulated hosts: it lets a vblade serve only the recorded backing on the recorded card. */

export const guardFile = "/var/lib/xensan/guard";
/** The drop-in that makes systemd run the guard before every vblade. */
export const guardDropin = "/etc/systemd/system/vblade@.service.d/xensan.conf";

/** The records of the exports. */
export const exportsDirectory = "/var/lib/xensan/exports";
/** The guard of this release, as far as a probe looks at it. */
export const guardText = "#!/bin/sh\n# revision 2\n";
/** Path of the record of an export: identity, path and owner of its backing, interface and MAC address. */
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

/** Whether the guard of this release compares the backing and the card that the host has now. */
export function isGuarded(host: Host, name: string): boolean {
  const card = recordedCard(host, exportRecord(name));
  const [net = ""] = card.split(" ");
  return readText(host, guardFile) === guardText && card === `${net} ${cardOf(host, net)}`;
}

/** The guard's message when it refuses; undefined when vblade may serve the path on the interface. */
export function guardRefuses(host: Host, name: string, net: string, path: string): string | undefined {
  if (readText(host, guardFile) === undefined || readText(host, exportRecord(name)) === undefined) return undefined;
  const recorded = recordedIdentity(host, name);
  const now = backingAt(host, path).lasting;
  if (recorded !== "" && isSameBacking(recorded, now)) {
    const moved = cardMoved(host, net, recordedCard(host, exportRecord(name)), exportsDirectory);
    if (moved === undefined) return undefined;
    return `xensan: ${net} is not the interface that was recorded for ${name}: ${moved}: it is not served`;
  }
  return `xensan: ${path} is ${now || "missing"}, recorded for ${name} was ${recorded || "nothing"}: it is not served`;
}
