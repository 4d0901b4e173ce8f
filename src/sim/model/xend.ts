import type { Host } from "./host.ts";
import { getsThrough, hostAt } from "./migration-state.ts";
import { readText } from "./storage.ts";
import type { World } from "./world.ts";
import { toolstackOf } from "./xen-state.ts";

export const xendConfiguration = "/etc/xen/xend-config.sxp";

/** Which password of xensan's stands there. */
export const xendPassword = "/var/lib/xensan/xend-password";

/** `(KEY VALUE)` lines that count. */
export function xendValues(host: Host): Map<string, string> {
  const text = readText(host, xendConfiguration) ?? "";
  return new Map(
    [...text.matchAll(/^[ \t]*\(([a-z0-9-]+)[ \t]+(.*)\)[ \t]*$/gm)].map(([, key = "", value = ""]) => [key, value]),
  );
}

/** What xm says when the xend at this address does not take a domain; undefined when it does. */
export function refusalOfXend(world: World, host: Host, address: string): string | undefined {
  const target = hostAt(world, host, address);
  if (target === undefined || !getsThrough(world, host, target, address)) {
    return "Error: can't connect: (113, 'No route to host')";
  }
  const values = xendValues(target);
  if (toolstackOf(target) !== "xm" || values.get("xend-relocation-server") !== "yes") {
    return "Error: can't connect: (111, 'Connection refused')";
  }
  const patterns = (values.get("xend-relocation-hosts-allow") ?? "").replace(/^'|'$/g, "").split(" ");
  const given = patterns.filter((pattern) => pattern !== "");
  const names = [host.name, ...[...host.interfaces.values()].map((nic) => nic.address.split("/")[0] ?? "")];
  // Empty means everyone.
  const allowed = given.length === 0 || given.some((pattern) => names.some((name) => new RegExp(pattern).test(name)));
  return allowed ? undefined : "Error: /usr/lib/xen/bin/xc_save failed: Connection reset by peer";
}
