import { changed, endDomain } from "./domain.ts";
import { buildDomain } from "./domain-build.ts";
import type { Domain, Host, ShutdownReason, World } from "./state.ts";
import { later } from "./world.ts";

/** The guest stops by itself or at the toolstack's request; the daemon that waits for it does the rest. */
export function shutDown(world: World, host: Host, domain: Domain, reason: ShutdownReason): void {
  if (domain.shutdown !== undefined || host.running.xen.domains.get(domain.id) !== domain) return;
  domain.shutdown = reason;
  changed(world, host, domain);
  if (reason === "suspend") return;
  later(world, host, daemonMs, () => afterShutdown(world, host, domain, reason));
}

/** `xl create`'s daemon reads why a domain has shut down after about a second. */
const daemonMs = 1500;
/** The pid of the xl that waits for the end of a domain. */
export const daemonOf = ({ id }: Domain): number => 100_000 + id;

/** The name of the domain for which that xl waits, also where it received the domain under its name for the transfer. */
export const waitedName = (name: string): string => name.replace(/--incoming$/, "");

/** How long the daemon sleeps before it rebuilds the domain. */
const restartMs = 2000;

function afterShutdown(world: World, host: Host, domain: Domain, reason: ShutdownReason): void {
  if (host.running.xen.domains.get(domain.id) !== domain) return;
  const { configuration } = domain;
  const actions = {
    poweroff: configuration.onPoweroff,
    reboot: configuration.onReboot,
    crash: configuration.onCrash,
    watchdog: configuration.onCrash,
    suspend: "preserve",
  };
  const action = actions[reason];
  if (action === "preserve") return;
  endDomain(world, host, domain, `${reason}: ${action}`);
  if (!action.includes("restart")) return;
  const pid = daemonOf(domain);
  const { restarting, processes } = host.running.xen;
  restarting.set(pid, waitedName(domain.name));
  // A receiver holds the lock of all builds until everything has arrived.
  const locked = () => [...processes.values()].some(({ verb }) => verb === "migrate-receive" || verb === "create");
  const restart = () => {
    if (locked()) later(world, host, restartMs, restart);
    else buildDomain(world, host, configuration, "Daemon", () => restarting.delete(pid));
  };
  later(world, host, restartMs, restart);
}
