import type { HostCommand } from "./command.ts";
import { command } from "./commands.ts";
import { xendPassword, xendSetting } from "./xen-values.ts";

/**
 * Domains are neither saved at shutdown nor restored nor started at boot by the host itself: XENDOMAINS_SAVE, _RESTORE and
 * _AUTO blank; xencommons started. Detail: `prepared` or `unchanged`. Refuses NotDom0, ToolMissing.
 */
export function prepareToolstack(): HostCommand {
  return command("prepare-toolstack", 60, "the host itself neither saves, restores nor starts domains", []);
}

/**
 * The lines of /etc/xen/xend-config.sxp, and the password of the consoles with a word that tells it from others; other lines
 * and comments kept; xend is restarted when something changed and no migration runs. Detail: `configured`, `unchanged`. Refuses NotDom0, ToolMissing, DomainMigrating.
 */
export function configureXend(request: {
  readonly settings: readonly { readonly key: string; readonly value: string }[];
  readonly password?: { readonly text: string; readonly revision: string };
}): HostCommand {
  const { settings, password } = request;
  return command("configure-xend", 90, "xend configured", [
    ...settings.map(xendSetting),
    ...(password === undefined ? [] : xendPassword(password)),
  ]);
}
