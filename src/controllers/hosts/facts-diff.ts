import type { Fact, HostFacts } from "../../host/facts.ts";

/** Which volumes a change on a host can matter to: all of them, or those of these addresses and backings. */
export type FactsChange =
  | { readonly kind: "All" }
  | { readonly kind: "Some"; readonly addresses: ReadonlySet<string>; readonly backings: ReadonlySet<string> };

/** A change that may matter to every volume. */
export const everything: FactsChange = { kind: "All" };

/** `shelf.slot` */
export const addressText = (at: { readonly shelf: number; readonly slot: number }) => `${at.shelf}.${at.slot}`;

/** What differs between two probes of one host. */
export function changeBetween(before: HostFacts, after: HostFacts): FactsChange {
  if (before === after) return { kind: "Some", addresses: new Set(), backings: new Set() };
  const shared = ["identity", "system", "packages", "tools", "interfaces", "blockDevices", "aoe"] as const;
  if (shared.some((section) => !same(before[section], after[section]))) return everything;
  const addresses = [
    changedKeys(before.exports, after.exports, addressText),
    changedKeys(before.aoeDevices, after.aoeDevices, addressText),
    changedKeys(before.responders, after.responders, addressText),
  ];
  const backings = [
    changedKeys(before.backings, after.backings, ({ path }) => path),
    changedKeys(before.logicalVolumes, after.logicalVolumes, ({ volumeGroup, name }) => `/dev/${volumeGroup}/${name}`),
  ];
  if ([...addresses, ...backings].includes(undefined)) return everything;
  return { kind: "Some", addresses: union(addresses), backings: union(backings) };
}

/** Whether clusters, domains or migrations on the host have something new to learn. */
export function concernsTenants(before: HostFacts, after: HostFacts): boolean {
  return tenantSections.some((section) => still(before[section]) !== still(after[section]));
}

const tenantSections = [
  "identity",
  "packages",
  "tools",
  "mounts",
  "aoeDevices",
  "o2cb",
  "sharedDevices",
  "mountPoints",
  "formats",
  "kernelTroubles",
  "toolstack",
  "domains",
  "relocation",
  "migrations",
  "images",
  "domainLocks",
  "domainConfigurations",
] as const;

/** Keys of the entries that are not the same in both; undefined when a list became known or unknown. */
function changedKeys<T>(
  before: Fact<readonly T[]>,
  after: Fact<readonly T[]>,
  key: (item: T) => string,
): Set<string> | undefined {
  if (before.state !== after.state) return undefined;
  if (before.state !== "known" || after.state !== "known") return new Set();
  const texts = (items: readonly T[]) => {
    const grouped = new Map<string, string>();
    for (const item of items) grouped.set(key(item), `${grouped.get(key(item)) ?? ""}${stable(item)}`);
    return grouped;
  };
  const [old, now] = [texts(before.value), texts(after.value)];
  return new Set([...old.keys(), ...now.keys()].filter((name) => old.get(name) !== now.get(name)));
}

function union(sets: readonly (ReadonlySet<string> | undefined)[]): Set<string> {
  return new Set(sets.flatMap((set) => [...(set ?? [])]));
}

const same = (a: unknown, b: unknown) => stable(a) === stable(b);

/**
 * Without what changes all the time: the sequence numbers of heartbeats (who is alive is judged elsewhere), CPU seconds
 * and uptimes.
 */
const still = (value: unknown) => stable(value).replace(/"(sequence|seconds|now)":("[^"]*"|[0-9.]+)/g, "");

/** JSON with Maps as entries. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (item instanceof Map ? [...item] : item));
}
