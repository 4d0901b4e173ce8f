import { shutDown } from "./domain-end.ts";
import type { Domain, Guest, Host, World } from "./state.ts";
import { record } from "./world.ts";
import { domainOf } from "./xen-state.ts";

/** The guest of a domain UUID; by default it obeys within 5 s. */
export function guestOf(world: World, uuid: string): Guest {
  const known = world.xen.guests.get(uuid);
  if (known !== undefined) return known;
  const guest: Guest = { shutdown: 5000, suspend: "Obeys", resume: "Works", goingDown: false };
  world.xen.guests.set(uuid, guest);
  return guest;
}

/** xl shutdown: the guest receives the request and shuts down on whichever host it runs by then. */
export function askToShutDown(world: World, host: Host, domain: Domain): void {
  const { uuid } = domain.configuration;
  const guest = guestOf(world, uuid);
  record(world, host, { kind: "DomainAsked", uuid, id: domain.id, to: "shutdown" });
  if (guest.shutdown === "Ignores" || guest.goingDown) return;
  guest.goingDown = true;
  const end = () => {
    const found = whereItExecutes(world, uuid);
    if (found !== undefined) shutDown(world, found.host, found.domain, "poweroff");
    // Suspended during a migration: the guest shuts down on the other host.
    else if (exists(world, uuid)) {
      world.agenda.after(1000, end);
      return;
    }
    guest.goingDown = false;
  };
  world.agenda.after(guest.shutdown, end);
}

/** The host on which the domain executes now; paused and suspended copies do not count. */
export function whereItExecutes(world: World, uuid: string): { host: Host; domain: Domain } | undefined {
  for (const host of world.hosts.values()) {
    for (const domain of host.running.xen.domains.values()) {
      if (domain.configuration.uuid === uuid && domain.since !== undefined) return { host, domain };
    }
  }
  return undefined;
}

const exists = (world: World, uuid: string) =>
  [...world.hosts.values()].some((host) => domainOf(host, uuid) !== undefined);
