import type { Interface } from "./hardware.ts";
import type { Host, World } from "./state.ts";

/** Whether an interface has a link: the host is not off and the cable is plugged. */
export function hasCarrier(host: Host, nic: Interface): boolean {
  return host.power !== "Off" && nic.cable === "Plugged";
}

/** Whether an interface passes frames now: host up, interface up, cable plugged. */
export function canCarry(host: Host, nic: Interface): boolean {
  return host.power === "On" && nic.adminUp && nic.cable === "Plugged";
}

const pairKey = (segment: string, a: string, b: string) => (a < b ? `${segment} ${a} ${b}` : `${segment} ${b} ${a}`);

/** Whether a frame from one interface arrives at the other. No host receives its own (K/drivers/block/aoe/aoenet.c). */
export function reaches(world: World, from: Host, out: Interface, to: Host, into: Interface): boolean {
  return (
    from !== to &&
    out.segment === into.segment &&
    canCarry(from, out) &&
    canCarry(to, into) &&
    into.master === undefined &&
    !world.splits.has(pairKey(out.segment, from.name, to.name))
  );
}

/** Every interface that receives a broadcast. */
export function* hearers(world: World, from: Host, out: Interface): Generator<{ host: Host; nic: Interface }> {
  for (const { host, nic } of world.segments.get(out.segment) ?? []) {
    if (reaches(world, from, out, host, nic)) yield { host, nic };
  }
}

/** Cuts two hosts off from each other on a segment; each still reaches the rest. */
export function split(world: World, segment: string, a: string, b: string): void {
  world.splits.add(pairKey(segment, a, b));
}

/** Undoes {@link split}. */
export function heal(world: World, segment: string, a: string, b: string): void {
  world.splits.delete(pairKey(segment, a, b));
}
