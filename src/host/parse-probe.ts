import type { Fact, HostFacts } from "./facts.ts";
import { parseAoeDevices, parseAoeDriver, parseResponders } from "./parse-aoe.ts";
import { parseBackings, parseExports } from "./parse-exports.ts";
import { parseFormats, parseKernelTroubles, parseMountPoints, parseO2cb, parseSharedDevices } from "./parse-ocfs2.ts";
import { parseMigrations, parseRelocation } from "./parse-relocation.ts";
import { parseBlockDevices, parseLogicalVolumes, parseMounts } from "./parse-storage.ts";
import { parseIdentity, parseInterfaces, parsePairs, parseSystem } from "./parse-system.ts";
import { parseDomainConfigurations, parseDomainLocks, parseDomains, parseImages, parseToolstack } from "./parse-xen.ts";
import { type Answer, excerpt, type Rows, splitAnswer, type UnreadRow } from "./probe-sections.ts";
import { type Lost, Unparseable } from "./rows.ts";

/** The section of probe.sh for each fact. */
const sectionOf = {
  identity: "identity",
  system: "system",
  packages: "packages",
  tools: "tools",
  interfaces: "interfaces",
  blockDevices: "block",
  mounts: "mounts",
  backings: "backings",
  logicalVolumes: "lvm",
  exports: "exports",
  aoe: "aoe",
  aoeDevices: "aoe-devices",
  responders: "responders",
  o2cb: "o2cb",
  sharedDevices: "filesystems",
  mountPoints: "mount-points",
  formats: "formats",
  kernelTroubles: "kernel-log",
  toolstack: "toolstack",
  domains: "domains",
  relocation: "relocation",
  migrations: "migrations",
  images: "images",
  domainLocks: "domain-locks",
  domainConfigurations: "domain-configurations",
} as const satisfies Record<keyof HostFacts, string>;

/**
 * Parses the output of probe.sh into facts. Never throws. An unreadable row loses only that row, and the fact lists it
 * (`unread`). A section that is missing, cut off, too large or malformed is unknown as a whole, with the reason, and
 * does not affect the others.
 */
export function parseProbe(stdout: string): HostFacts {
  const reading = readProbe(stdout);
  for (;;) {
    const { done, value } = reading.next();
    if (done) return value;
  }
}

/** An answer up to this length is parsed in one go, in a few milliseconds. */
export const readAtOnce = 256 * 1024;

/** Like parseProbe, for an answer of any length: `pause` yields the event loop between two strides of it. */
export async function parseProbeGently(stdout: string, pause: () => Promise<void>): Promise<HostFacts> {
  if (stdout.length <= readAtOnce) return parseProbe(stdout);
  const reading = readProbe(stdout);
  for (;;) {
    const { done, value } = reading.next();
    // Pause at the end as well: the caller has much work to do with so many facts.
    await pause();
    if (done) return value;
  }
}

function* readProbe(stdout: string): Generator<void, HostFacts> {
  const answer = yield* splitAnswer(stdout, Object.values(sectionOf));
  const mounts = yield* read(answer, "mounts", parseMounts);
  return {
    identity: yield* read(answer, "identity", parseIdentity),
    system: yield* read(answer, "system", parseSystem),
    packages: yield* read(answer, "packages", parsePairs),
    tools: yield* read(answer, "tools", parsePairs),
    interfaces: yield* read(answer, "interfaces", parseInterfaces),
    blockDevices: yield* read(answer, "blockDevices", (rows, lost) => {
      // Without known mounts, a device in use would look free.
      if (mounts.state !== "known") throw new Unparseable("the mounts are unknown");
      return parseBlockDevices(rows, lost, mounts.value);
    }),
    mounts,
    backings: yield* read(answer, "backings", parseBackings),
    logicalVolumes: yield* read(answer, "logicalVolumes", parseLogicalVolumes),
    exports: yield* readInGoes(answer, "exports", parseExports),
    aoe: yield* read(answer, "aoe", parseAoeDriver),
    aoeDevices: yield* read(answer, "aoeDevices", parseAoeDevices),
    responders: yield* read(answer, "responders", parseResponders),
    o2cb: yield* read(answer, "o2cb", parseO2cb),
    sharedDevices: yield* read(answer, "sharedDevices", parseSharedDevices),
    mountPoints: yield* read(answer, "mountPoints", parseMountPoints),
    formats: yield* read(answer, "formats", parseFormats),
    kernelTroubles: yield* read(answer, "kernelTroubles", parseKernelTroubles),
    toolstack: yield* read(answer, "toolstack", parseToolstack),
    domains: yield* read(answer, "domains", parseDomains),
    relocation: yield* read(answer, "relocation", parseRelocation),
    migrations: yield* read(answer, "migrations", parseMigrations),
    images: yield* read(answer, "images", parseImages),
    domainLocks: yield* read(answer, "domainLocks", parseDomainLocks),
    domainConfigurations: yield* read(answer, "domainConfigurations", parseDomainConfigurations),
  };
}

/** Reads a section that is parsed in one go. */
const read = <T>(answer: Answer, fact: keyof HostFacts, parse: (rows: Rows, lost: Lost) => T) =>
  readInGoes(answer, fact, function* inOneGo(rows, lost) {
    yield;
    return parse(rows, lost);
  });

function* readInGoes<T>(
  { sections, foreign, complete }: Answer,
  fact: keyof HostFacts,
  parse: (rows: Rows, lost: Lost) => Generator<void, T>,
): Generator<void, Fact<T>> {
  const name = sectionOf[fact];
  const unknown = (why: string): Fact<T> => ({ state: "unknown", why });
  if (foreign) return unknown("the output is not from the probe");
  const section = sections.get(name);
  if (section?.end === undefined)
    return unknown(complete ? "it was not requested from the probe" : `the probe ended before its section ${name} did`);
  if (section.broken !== undefined) return unknown(`${name}: ${section.broken}`);
  if (section.end.state === "absent") return { state: "absent" };
  if (section.end.state !== "known") return unknown(section.end.why);
  const unread: UnreadRow[] = [...section.unread];
  const lost: Lost = (row, why) => unread.push({ why, row: excerpt(row.join(" ")) });
  try {
    const value = yield* parse(section.rows, lost);
    return { state: "known", value, ...(unread.length === 0 ? {} : { unread }) };
  } catch (error) {
    if (!(error instanceof Unparseable)) throw error;
    return unknown(`${name}: ${excerpt(error.message)}`);
  }
}
