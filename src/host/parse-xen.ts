import type { Rows } from "./parse-probe.ts";
import { field, oneOf, plain, Unparseable, wholeNumber, words } from "./rows.ts";
import type {
  DomainConfiguration,
  DomainFact,
  DomainLock,
  DomainsFact,
  ImageFact,
  Toolstack,
  XenInfo,
} from "./xen-facts.ts";

type Row = readonly string[];

export function parseToolstack(rows: Rows): Toolstack {
  const byKind = grouped(rows);
  const single = (kind: string) => field(byKind(kind)[0] ?? [], 1, kind);
  const kind = oneOf(single("kind"), ["xl", "xm", "none"], "the toolstack");
  const automatic = byKind("automatic")[0];
  const xend = byKind("xend");
  return {
    kind: ({ xl: "Xl", xm: "Xm", none: "None" } as const)[kind],
    dom0: oneOf(single("dom0"), ["yes", "no"], "dom0") === "yes",
    info: parseInfo(byKind("info")),
    automaticDomains:
      automatic === undefined
        ? undefined
        : {
            save: text(automatic, 1, "XENDOMAINS_SAVE"),
            restore: text(automatic, 2, "XENDOMAINS_RESTORE"),
            auto: text(automatic, 3, "XENDOMAINS_AUTO"),
          },
    services: new Map(
      byKind("service").map((row) => [
        field(row, 1, "a service"),
        oneOf(field(row, 2, "a state"), ["active", "inactive", "missing"], "the state of a service"),
      ]),
    ),
    bridges: byKind("bridge").map((row) => field(row, 1, "a bridge")),
    xendConfiguration:
      kind === "xm" ? new Map(xend.map((row) => [field(row, 1, "a key"), plain(field(row, 2, "a value"))])) : undefined,
    xendPassword: byKind("xend-password").map((row) => field(row, 1, "a revision"))[0],
  };
}

function parseInfo(rows: Rows): XenInfo | undefined {
  if (rows.length === 0) return undefined;
  const values = new Map(rows.map((row) => [field(row, 1, "a key"), plain(field(row, 2, "a value"))]));
  const value = (key: string) => field([values.get(key) ?? ""], 0, key);
  const number = (key: string) => wholeNumber([value(key)], 0, key);
  return {
    major: number("xen_major"),
    minor: number("xen_minor"),
    extra: value("xen_extra"),
    totalMemory: number("total_memory"),
    freeMemory: number("free_memory"),
    cpus: number("nr_cpus"),
    hardwareCapabilities: value("hw_caps"),
    virtualisation: words(value("virt_caps")),
  };
}

export function parseDomains(rows: Rows): DomainsFact {
  const byKind = grouped(rows);
  return {
    domains: byKind("domain").map(parseDomain),
    processes: byKind("process").map((row) => ({
      pid: wholeNumber(row, 1, "a process"),
      verb: plain(field(row, 2, "a verb")),
      name: text(row, 3, "a name"),
    })),
  };
}

function parseDomain(row: Row): DomainFact {
  const state = text(row, 6, "a state");
  if (!/^[rbpscd]*$/.test(state)) throw new Unparseable(`the state of a domain is ${JSON.stringify(state)}`);
  const seconds = Number(field(row, 8, "CPU seconds"));
  if (!Number.isFinite(seconds) || seconds < 0) throw new Unparseable(`CPU seconds are ${JSON.stringify(row[8])}`);
  return {
    id: wholeNumber(row, 1, "a domain id"),
    name: text(row, 2, "a name"),
    uuid: uuid(row, 3),
    memory: wholeNumber(row, 4, "the memory"),
    vcpus: wholeNumber(row, 5, "the virtual CPUs"),
    state,
    // Here a hyphen is xl's own word for "not shut down".
    shutdownReason: plain(field(row, 7, "a reason")),
    seconds,
  };
}

export function parseImages(rows: Rows): ImageFact[] {
  return rows.map((row) => {
    const work = oneOf(field(row, 6, "a state"), ["Copying", "Interrupted", "-"], "the state of the work");
    return {
      path: plain(field(row, 1, "a path")),
      kind: oneOf(field(row, 2, "a kind"), ["Missing", "File", "Other"], "the kind"),
      sizeBytes: wholeNumber(row, 3, "the size"),
      allocatedBytes: wholeNumber(row, 4, "the allocated size"),
      owner: text(row, 5, "an owner"),
      work: work === "-" ? undefined : { state: work, bytes: wholeNumber(row, 7, "the bytes copied") },
    };
  });
}

export function parseDomainLocks(rows: Rows): DomainLock[] {
  return rows.map((row) => ({
    uuid: uuid(row, 1),
    path: plain(field(row, 2, "a path")),
    host: text(row, 3, "a host"),
    bootId: text(row, 4, "a boot id"),
  }));
}

export function parseDomainConfigurations(rows: Rows): DomainConfiguration[] {
  return rows.map((row) => {
    const digest = field(row, 3, "a digest");
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new Unparseable(`${JSON.stringify(digest)} is no sha256`);
    return { uuid: uuid(row, 1), owner: text(row, 2, "an owner"), digest };
  });
}

export function grouped(rows: Rows): (kind: string) => readonly Row[] {
  const groups = Map.groupBy(rows, (row) => field(row, 0, "a kind of row"));
  return (kind) => groups.get(kind) ?? [];
}

export function uuid(row: Row, at: number): string {
  const value = field(row, at, "a UUID").toLowerCase();
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)) {
    throw new Unparseable(`${JSON.stringify(value)} is no UUID`);
  }
  return value;
}

/** `-` is the empty text. */
export function text(row: Row, at: number, what: string): string {
  const value = field(row, at, what);
  return value === "-" ? "" : plain(value);
}
