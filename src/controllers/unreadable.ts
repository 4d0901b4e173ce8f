import type { HostFacts } from "../host/facts.ts";
import type { UnreadRow } from "../host/probe-sections.ts";
import type { ConditionUpdate } from "../runtime/conditions.ts";
import { yes } from "./finding.ts";

/** The source of each fact, in words with which a person would look for it on the host. */
const tools: Record<keyof HostFacts, string> = {
  identity: "the host's identity",
  system: "os-release",
  packages: "dpkg-query",
  tools: "the list of programs",
  interfaces: "/sys/class/net",
  blockDevices: "/sys/class/block",
  mounts: "/proc/self/mountinfo",
  backings: "stat",
  logicalVolumes: "lvs",
  exports: "the vblade exports",
  aoe: "the aoe driver",
  aoeDevices: "the aoe devices",
  responders: "aoecfg",
  o2cb: "o2cb",
  sharedDevices: "the shared devices (blkid, debugfs.ocfs2)",
  mountPoints: "the mount points",
  formats: "the records of formats",
  kernelTroubles: "dmesg",
  toolstack: "xl info",
  domains: "xl list",
  relocation: "the migration keys",
  migrations: "the records of migrations",
  images: "the images",
  domainLocks: "the lock files of domains",
  domainConfigurations: "the configurations of domains",
};

/** The condition of a host whose output had rows that were not understood. */
export const unreadableType = "FactsUnreadable";

/** The part of a host's output that could not be read: how many rows, and the first of each tool. Undefined: none. */
export function unreadable(facts: HostFacts): ConditionUpdate | undefined {
  const found = Object.entries(tools).flatMap(([name, tool]) => {
    const rows = unreadOf(facts, name);
    const [first] = rows;
    return first === undefined
      ? []
      : [{ count: rows.length, text: `${tool}: ${JSON.stringify(first.row)} (${first.why})` }];
  });
  if (found.length === 0) return undefined;
  const count = found.reduce((sum, one) => sum + one.count, 0);
  const rows = count === 1 ? "1 row of the host's output was" : `${count} rows of the host's output were`;
  const shown = found.slice(0, 8).map(({ text }) => text);
  return yes(unreadableType, unreadableType, `${rows} not understood and ignored: ${shown.join("; ")}`);
}

function unreadOf(facts: HostFacts, name: string): readonly UnreadRow[] {
  const fact = new Map(Object.entries(facts)).get(name);
  const rows: readonly UnreadRow[] = fact?.state === "known" ? (fact.unread ?? []) : [];
  return rows.filter((one) => !isFailure(one));
}

/** True where aoecfg printed no row because it failed on an interface; the conditions about the interface say so. */
const isFailure = ({ why }: UnreadRow) => why.startsWith("aoecfg: ");
