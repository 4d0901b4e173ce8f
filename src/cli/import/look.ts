import { parseMark } from "../../controllers/identity.ts";
import type { HostFile } from "../../host/configuration-files.ts";
import type { Fact, HostFacts } from "../../host/facts.ts";
import type { Address } from "./address.ts";

/** What was seen of one host. */
export interface Looked {
  readonly address: Address;
  /** Public keys by which it was recognised. */
  readonly hostKeys: readonly string[];
  readonly facts: HostFacts;
  /** Configuration of domains and mounts. */
  readonly files: readonly HostFile[];
  /** What could not be read beside facts, a line each. */
  readonly gaps: readonly string[];
}

/** A host under the name that its object gets. */
export interface NamedHost extends Looked {
  readonly name: string;
  /** Short host name; empty where it is not known. */
  readonly hostname: string;
}

/** The value of a fact; undefined where it is absent or unknown. */
export const factOf = <T>(fact: Fact<T>): T | undefined => (fact.state === "known" ? fact.value : undefined);

/** Why a fact says less than there is, a line for it as a whole or for each row; none where everything was read. */
export function gapsOf(what: string, fact: Fact<unknown>): string[] {
  if (fact.state === "unknown") return [`${what}: ${fact.why}`];
  if (fact.state === "absent") return [];
  return (fact.unread ?? []).map(({ why, row }) => `${what}: a row could not be read (${why}): ${JSON.stringify(row)}`);
}

/**
 * Names for the hosts of one kind: what they were called by xensan before, else their short host names as the API spells
 * names, else their addresses. Two of one name get a number.
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

/** The text as a name of an object: lower-case letters, digits, - and dots. */
export function objectName(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "")
    .slice(0, 63)
    .replace(/[^a-z0-9]+$/, "");
  return plain === "" ? "unnamed" : plain;
}

/** The name in a mark of xensan; undefined for what is not xensan's. */
export function markedName(owner: string): string | undefined {
  const { name } = parseMark(owner);
  return name === "" ? undefined : name;
}
