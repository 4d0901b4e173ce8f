import type { Fact, HostFacts } from "./facts.ts";
import { parseAoeDevices, parseAoeDriver, parseResponders } from "./parse-aoe.ts";
import { parseBackings, parseExports } from "./parse-exports.ts";
import { parseFormats, parseKernelTroubles, parseMountPoints, parseO2cb, parseSharedDevices } from "./parse-ocfs2.ts";
import { parseMigrations, parseRelocation } from "./parse-relocation.ts";
import { parseBlockDevices, parseLogicalVolumes, parseMounts } from "./parse-storage.ts";
import { parseIdentity, parseInterfaces, parsePairs, parseSystem } from "./parse-system.ts";
import { parseDomainConfigurations, parseDomainLocks, parseDomains, parseImages, parseToolstack } from "./parse-xen.ts";
import { Unparseable } from "./rows.ts";

/** Rows of one section, without their first field. */
export type Rows = readonly (readonly string[])[];

/**
 * What probe.sh printed, as facts. Never throws: a section that is missing, cut off or not as documented is unknown and
 * says why, and harms no other.
 */
export function parseProbe(stdout: string): HostFacts {
  const sections = split(stdout);
  const fact = <T>(name: string, parse: (rows: Rows) => T): Fact<T> => {
    if (sections.foreign) return { state: "unknown", why: "the output is not that of a probe" };
    const end = sections.ends.get(name);
    if (end === undefined) {
      const why = sections.complete
        ? "the probe was not asked for it"
        : `the probe ended before its section ${name} did`;
      return { state: "unknown", why };
    }
    if (end.state === "absent") return { state: "absent" };
    if (end.state !== "known") return { state: "unknown", why: end.why };
    try {
      return { state: "known", value: parse(sections.rows.get(name) ?? []) };
    } catch (error) {
      if (!(error instanceof Unparseable)) throw error;
      return { state: "unknown", why: `${name}: ${error.message}` };
    }
  };
  const mounts = fact("mounts", parseMounts);
  return {
    identity: fact("identity", parseIdentity),
    system: fact("system", parseSystem),
    packages: fact("packages", parsePairs),
    tools: fact("tools", parsePairs),
    interfaces: fact("interfaces", parseInterfaces),
    blockDevices: fact("block", (rows) => {
      // A device whose mounts are not known would look free.
      if (mounts.state !== "known") throw new Unparseable("the mounts are not known");
      return parseBlockDevices(rows, mounts.value);
    }),
    mounts,
    backings: fact("backings", parseBackings),
    logicalVolumes: fact("lvm", parseLogicalVolumes),
    exports: fact("exports", parseExports),
    aoe: fact("aoe", parseAoeDriver),
    aoeDevices: fact("aoe-devices", parseAoeDevices),
    responders: fact("responders", parseResponders),
    o2cb: fact("o2cb", parseO2cb),
    sharedDevices: fact("filesystems", parseSharedDevices),
    mountPoints: fact("mount-points", parseMountPoints),
    formats: fact("formats", parseFormats),
    kernelTroubles: fact("kernel-log", parseKernelTroubles),
    toolstack: fact("toolstack", parseToolstack),
    domains: fact("domains", parseDomains),
    relocation: fact("relocation", parseRelocation),
    migrations: fact("migrations", parseMigrations),
    images: fact("images", parseImages),
    domainLocks: fact("domain-locks", parseDomainLocks),
    domainConfigurations: fact("domain-configurations", parseDomainConfigurations),
  };
}

interface Sections {
  readonly rows: Map<string, string[][]>;
  readonly ends: Map<string, { readonly state: string; readonly why: string }>;
  readonly foreign: boolean;
  /** The probe ran to its end. */
  readonly complete: boolean;
}

function split(stdout: string): Sections {
  const rows = new Map<string, string[][]>();
  const ends = new Map<string, { state: string; why: string }>();
  const lines = stdout.split("\n");
  // What follows the last newline was cut off: it is no line.
  lines.pop();
  for (const line of lines.slice(1)) {
    const [section = "", ...fields] = line.split("\t");
    if (section !== "end") {
      const known = rows.get(section);
      if (known === undefined) rows.set(section, [fields]);
      else known.push(fields);
      continue;
    }
    const [name = "", state = "", exit = "", why = ""] = fields;
    // A section that ends twice was not written by one probe.
    const end = ends.has(name)
      ? { state: "unknown", why: "the section ends twice" }
      : { state, why: why || `exit ${exit}` };
    ends.set(name, end);
  }
  return { rows, ends, foreign: lines[0] !== "probe\t1", complete: lines.at(-1) === "end\tprobe" };
}
