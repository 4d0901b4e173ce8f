import type { HostCommand } from "./command.ts";
import { command } from "./commands.ts";
import { xendPassword, xendSetting } from "./xen-values.ts";

/**
 * Keeps the host from saving domains at shutdown and from restoring or starting them at boot: blanks XENDOMAINS_SAVE,
 * _RESTORE and _AUTO, and starts xencommons. Detail: `prepared` or `unchanged`. Refuses NotDom0, ToolMissing.
 */
export function prepareToolstack(): HostCommand {
  return command("prepare-toolstack", 60, "the host itself neither saves, restores nor starts domains", []);
}

/**
 * Writes the settings and the console password, with its revision, into /etc/xen/xend-config.sxp; keeps other lines and
 * comments. Restarts xend if something changed and no migration runs. Detail: `configured`, `unchanged`. Refuses
 * NotDom0, ToolMissing, DomainMigrating.
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
