import type { SshTarget } from "../ssh/host-session.ts";
import { domainName } from "./xen-values.ts";

/** Finds the programs of a toolstack regardless of the PATH of the host's login. */
const programs = "env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The command line that shows the console of a domain on a terminal, until Ctrl-]. Throws for a name that xl would take
 * for something else.
 */
export function consoleCommand(toolstack: "xl" | "xm", become: SshTarget["become"], name: string): string {
  return `${become === "Sudo" ? "sudo -n " : ""}${programs} ${toolstack} console ${domainName(name)}`;
}
