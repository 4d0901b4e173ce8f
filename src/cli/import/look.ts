import { parseMark } from "../../controllers/identity.ts";
import type { HostFile } from "../../host/configuration-files.ts";
import type { Fact, HostFacts } from "../../host/facts.ts";
import type { Address } from "./address.ts";

/** Result of the look at one host. */
export interface Looked {
  readonly address: Address;
  /** Public keys by which it was recognised. */
  readonly hostKeys: readonly string[];
  readonly facts: HostFacts;
  /** Configuration of domains and mounts. */
  readonly files: readonly HostFile[];
  /** Things other than facts that could not be read, a line each. */
  readonly gaps: readonly string[];
}

/** A host with the name of its object. */
export interface NamedHost extends Looked {
  readonly name: string;
  /** Short host name; empty if unknown. */
  readonly hostname: string;
}

/** The value of a fact; undefined if it is absent or unknown. */
export const factOf = <T>(fact: Fact<T>): T | undefined => (fact.state === "known" ? fact.value : undefined);

/** Why a fact is incomplete: one line for all of it, or one for each row; none if everything was read. */
export function gapsOf(what: string, fact: Fact<unknown>): string[] {
  if (fact.state === "unknown") return [`${what}: ${fact.why}`];
  if (fact.state === "absent") return [];
  return (fact.unread ?? []).map(({ why, row }) => `${what}: a row could not be read (${why}): ${JSON.stringify(row)}`);
}

/**
 * Names for the hosts of one kind: the name that xensan used before, else the short host name in the form of an object
 * name, else the address. Duplicates get a number.
 */
export function named(kind: "AoeServer" | "XenHost", hosts: readonly Looked[]): NamedHost[] {
  const taken = new Set<string>();
  return hosts.map((host) => {
    const identity = factOf(host.facts.identity);
    const hostname = (identity?.hostname ?? "").replace(/\..*$/, "");
    const claimed = identity?.claims.get(kind)?.name;
    const wanted = claimed ?? objectName(hostname === "" ? host.address.host : hostname);
    let name = wanted;
    for (let number = 2; taken.has(name); number += 1) name = `${wanted}-${number}`;
    taken.add(name);
    return { ...host, name, hostname };
  });
}

/** Converts text to a name of an object: lower-case letters, digits, - and dots. */
export function objectName(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "")
    .slice(0, 63)
    .replace(/[^a-z0-9]+$/, "");
  return plain === "" ? "unnamed" : plain;
}

/** The name in a mark of xensan; undefined for any other text. */
export function markedName(owner: string): string | undefined {
  const { name } = parseMark(owner);
  return name === "" ? undefined : name;
}
