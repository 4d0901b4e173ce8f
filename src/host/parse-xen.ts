import { imageIdentity, uuid } from "./identities.ts";
import type { Rows } from "./probe-sections.ts";
import {
  each,
  field,
  grouped,
  int32,
  type Lost,
  once,
  oneOf,
  plain,
  shown,
  Unparseable,
  wholeNumber,
  words,
} from "./rows.ts";
import type {
  DomainConfiguration,
  DomainFact,
  DomainLock,
  DomainsFact,
  ImageFact,
  ImageRecord,
  ImageUser,
  Toolstack,
  XenInfo,
} from "./xen-facts.ts";

type Row = readonly string[];

/** Section `toolstack` of the probe: xl or xm, the hypervisor, memory in MiB. */
export function parseToolstack(rows: Rows, lost: Lost): Toolstack {
  const byKind = grouped(rows);
  const single = (kind: string) => field(byKind(kind)[0] ?? [], 1, kind);
  const kind = oneOf(single("kind"), ["xl", "xm", "none"], "the toolstack");
  const xend = byKind("xend");
  const ovsBridges = each(byKind("ovs-bridge"), lost, (row) => field(row, 1, "a bridge"));
  const watchdogs = each(byKind("watchdog"), lost, (row) => ({
    name: plain(field(row, 1, "a watchdog")).slice(0, 64),
    seconds: int32(row, 2, "its timeout"),
    atBoot: oneOf(field(row, 3, "whether it is armed at boot"), ["yes", "no"], "whether it is armed at boot") === "yes",
  }));
  return {
    kind: ({ xl: "xl", xm: "xm", none: "None" } as const)[kind],
    dom0: oneOf(single("dom0"), ["yes", "no"], "dom0") === "yes",
    info: parseInfo(byKind("info"), lost),
    ...parseDom0Memory(byKind("dom0-memory"), lost),
    automaticDomains: each(byKind("automatic").slice(0, 1), lost, (row) => ({
      save: text(row, 1, "XENDOMAINS_SAVE"),
      restore: text(row, 2, "XENDOMAINS_RESTORE"),
      auto: text(row, 3, "XENDOMAINS_AUTO"),
    }))[0],
    services: new Map(
      each(byKind("service"), lost, (row) => [
        field(row, 1, "a service"),
        oneOf(field(row, 2, "a state"), ["active", "inactive", "missing"], "the state of a service"),
      ]),
    ),
    ...(watchdogs.length === 0 ? {} : { watchdogs }),
    bridges: each(byKind("bridge"), lost, (row) => field(row, 1, "a bridge")),
    ...(ovsBridges.length === 0 ? {} : { ovsBridges }),
    xendConfiguration:
      kind === "xm"
        ? settings(each(xend, lost, (row) => [field(row, 1, "a key"), plain(field(row, 2, "a value"))] as const))
        : undefined,
    xendPassword: each(byKind("xend-password"), lost, (row) => field(row, 1, "a revision"))[0],
  };
}

/** Joins both values of a setting that occurs twice, so that it equals no wanted value and is written again, once. */
function settings(rows: readonly (readonly [string, string])[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const [key, value] of rows) {
    const first = values.get(key);
    values.set(key, first === undefined ? value : `${first} ${value}`);
  }
  return values;
}

function parseDom0Memory(rows: Rows, lost: Lost): Pick<Toolstack, "dom0Memory"> {
  const [dom0Memory] = each(rows, lost, (row) => ({
    owned: wholeNumber(row, 1, "the memory of dom0"),
    available: wholeNumber(row, 2, "the available memory of dom0"),
    autoballoon: oneOf(field(row, 3, "autoballoon"), ["yes", "no"], "autoballoon") === "yes",
  }));
  return dom0Memory === undefined ? {} : { dom0Memory };
}

function parseInfo(rows: Rows, lost: Lost): XenInfo | undefined {
  if (rows.length === 0) return undefined;
  const all = rows.map((row) => row.slice(1).join(" "));
  return each([all], lost, () => readInfo(rows))[0];
}

function readInfo(rows: Rows): XenInfo {
  const values = new Map(rows.map((row) => [field(row, 1, "a key"), plain(field(row, 2, "a value"))]));
  const value = (key: string) => field([values.get(key) ?? ""], 0, key);
  const number = (key: string) => wholeNumber([value(key)], 0, key);
  return {
    major: number("xen_major"),
    minor: number("xen_minor"),
    extra: value("xen_extra"),
    totalMemory: number("total_memory"),
    freeMemory: number("free_memory"),
    cpus: int32([value("nr_cpus")], 0, "nr_cpus"),
    hardwareCapabilities: value("hw_caps"),
    virtualisation: words(value("virt_caps")),
  };
}

/** Section `domains` of the probe: the domains of xl or xm, and running programs of the toolstack. */
export function parseDomains(rows: Rows, lost: Lost): DomainsFact {
  const byKind = grouped(rows);
  const all = each(byKind("domain"), lost, parseDomain);
  const remains = all.filter(isDying);
  const leases = each(byKind("lease"), lost, (row) => ({
    uuid: uuid(row, 1),
    until: wholeNumber(row, 2, "an uptime"),
  }));
  return {
    domains: all.filter((domain) => !isDying(domain)),
    ...(remains.length === 0 ? {} : { remains }),
    ...(leases.length === 0 ? {} : { leases }),
    processes: each(byKind("process"), lost, (row) => ({
      pid: int32(row, 1, "a process"),
      verb: plain(field(row, 2, "a verb")),
      name: text(row, 3, "a name"),
    })),
  };
}

const isDying = ({ state }: DomainFact) => state.includes("d");

function parseDomain(row: Row): DomainFact {
  if (row[1] === "?") throw new Unparseable("not a row of a list of domains");
  const state = text(row, 6, "a state");
  if (!/^[rbpscd]*$/.test(state)) throw new Unparseable(`the state of a domain is ${shown(state)}`);
  const seconds = Number(field(row, 8, "CPU seconds"));
  if (!Number.isFinite(seconds) || seconds < 0) throw new Unparseable(`CPU seconds are ${shown(row[8] ?? "")}`);
  return {
    id: int32(row, 1, "a domain id"),
    name: text(row, 2, "a name").slice(0, 255),
    uuid: uuid(row, 3),
    memory: wholeNumber(row, 4, "the memory"),
    vcpus: int32(row, 5, "the virtual CPUs"),
    state,
    // Here a hyphen is xl's own notation for "not shut down".
    shutdownReason: plain(field(row, 7, "a reason")),
    seconds,
  };
}

/**
 * Section `images` of the probe: size in bytes, owner and users of each requested image. The allocated size (field 4),
 * which changes while a guest writes, is left out.
 */
export function parseImages(rows: Rows, lost: Lost): ImageFact[] {
  const byKind = grouped(rows);
  const users = Map.groupBy(byKind("user"), (row) => plain(row[1] ?? ""));
  return each(once(byKind("image"), lost, 1), lost, (row) => {
    const work = oneOf(field(row, 6, "a state"), ["Copying", "Interrupted", "Elsewhere", "-"], "the state of the work");
    const path = plain(field(row, 1, "a path"));
    return {
      path,
      kind: oneOf(field(row, 2, "a kind"), ["Missing", "File", "Other"], "the kind"),
      sizeBytes: wholeNumber(row, 3, "the size"),
      identity: row[5] === "-" ? undefined : imageIdentity(text(row, 5, "an inode")),
      record: parseImageRecord(row),
      users: (users.get(path) ?? []).map((user) => parseImageUser(user, lost)),
      work: work === "-" ? undefined : { state: work, bytes: wholeNumber(row, 7, "the bytes copied") },
    };
  });
}

function parseImageRecord(row: Row): ImageRecord | undefined {
  const identity = text(row, 8, "a recorded inode");
  if (identity === "") return undefined;
  return {
    identity,
    owner: text(row, 9, "an owner"),
    uuid: text(row, 10, "a UUID"),
    origin: oneOf(field(row, 11, "an origin"), ["Making", "Made", "Found"], "the origin of an image"),
  };
}

/** An unreadable row still counts as a user. */
function parseImageUser(row: Row, lost: Lost): ImageUser {
  const [user] = each([row], lost, () => {
    const domain = field(row, 4, "a domain id");
    return {
      kind: oneOf(field(row, 2, "a user"), ["loop", "process"], "the user of an image"),
      name: plain(field(row, 3, "a user")),
      domain: domain === "-" ? undefined : int32(row, 4, "a domain id"),
    };
  });
  return user ?? { kind: "process", name: "unknown", domain: undefined };
}

/** Section `domain-locks` of the probe: the host that may run each domain. */
export function parseDomainLocks(rows: Rows, lost: Lost): DomainLock[] {
  return each(rows, lost, (row) => ({
    uuid: uuid(row, 1),
    path: plain(field(row, 2, "a path")),
    host: text(row, 3, "a host"),
    bootId: text(row, 4, "a boot id"),
  }));
}

/** Section `domain-configurations` of the probe: SHA-256 and owner of each stored configuration. */
export function parseDomainConfigurations(rows: Rows, lost: Lost): DomainConfiguration[] {
  return each(rows, lost, (row) => {
    const digest = field(row, 3, "a digest");
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new Unparseable(`${shown(digest)} is not a SHA-256 digest`);
    return { uuid: uuid(row, 1), owner: text(row, 2, "an owner"), digest };
  });
}

/** The text of a field; empty for `-`. */
export function text(row: Row, at: number, what: string): string {
  const value = field(row, at, what);
  return value === "-" ? "" : plain(value);
}
