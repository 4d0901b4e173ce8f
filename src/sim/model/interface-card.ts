import type { Host } from "./state.ts";
import { list, readText } from "./storage.ts";

/** interface-card.sh: the MAC address of an interface; empty if there is no such interface. */
export const cardOf = (host: Host, net: string) => host.interfaces.get(net)?.mac ?? "";

/**
 * card_moved of interface-card.sh: how an interface became another card than the recorded one, `NAME MAC` or empty, given
 * the directory of all records; undefined when it did not.
 */
export function cardMoved(host: Host, net: string, recorded: string, records: string): string | undefined {
  const now = cardOf(host, net);
  if (recorded === `${net} ${now}`) return undefined;
  const nics = [...host.interfaces.values()];
  for (const nic of nics) {
    const ownCard = nic.master !== net && !nics.some(({ master }) => master === nic.name);
    if (ownCard && recorded === `${net} ${nic.mac}`) return `the recorded card ${nic.mac} is ${nic.name} now`;
  }
  if (now === "") return undefined;
  for (const record of list(host, records)) {
    const [name, mac] = recordedCard(host, `${records}/${record}`).split(" ");
    if (name === undefined || mac !== now || name === net || cardOf(host, name) === now) continue;
    return `its card ${now} is recorded as ${name}`;
  }
  return undefined;
}

/** The fourth line of a record; empty when it has none. */
export const recordedCard = (host: Host, record: string) => (readText(host, record) ?? "").split("\n")[3] ?? "";

/** The kernel finds two cards in the other order: MAC address and cable go with the card. */
export function swapCards(host: Host, one: string, other: string): void {
  const [a, b] = [host.interfaces.get(one), host.interfaces.get(other)];
  if (a === undefined || b === undefined) throw new Error(`${host.name} has no interfaces ${one} and ${other}`);
  a.name = other;
  b.name = one;
  host.interfaces.set(one, b);
  host.interfaces.set(other, a);
}
