import type { BackingFact, Export } from "./facts.ts";
import type { Rows } from "./parse-probe.ts";
import { field, oneOf, plain, Unparseable, wholeNumber } from "./rows.ts";
import { canonicalOptions, leadingNumber, parseVbladeArguments, type VbladeArguments } from "./vblade-arguments.ts";

export function parseBackings(rows: Rows): BackingFact[] {
  const owners = new Map<string, string>();
  for (const row of rows.filter(([kind]) => kind === "owned")) {
    owners.set(`${plain(field(row, 1, "a path"))} ${field(row, 2, "an inode")}`, field(row, 3, "an owner"));
  }
  return rows
    .filter(([kind]) => kind !== "owned")
    .map((row) => {
      const backing = parsePath(row);
      const inode = backing.identity.split(":")[2] ?? "";
      return { ...backing, owner: backing.kind === "File" ? (owners.get(`${backing.realPath} ${inode}`) ?? "") : "" };
    });
}

function parsePath(row: readonly string[]): Omit<BackingFact, "owner"> {
  oneOf(field(row, 0, "a kind of row"), ["path"], "the kind of row");
  return {
    path: plain(field(row, 1, "a path")),
    realPath: plain(field(row, 2, "a real path")),
    kind: oneOf(field(row, 3, "a kind"), ["Missing", "File", "BlockDevice", "Other"], "the kind"),
    sizeBytes: wholeNumber(row, 4, "the size"),
    identity: field(row, 5, "an identity"),
  };
}

interface Configured {
  readonly persistence: "Systemd" | "Inittab";
  readonly instance: string;
  readonly owner: string;
  readonly serves: VbladeArguments;
}

interface Running {
  readonly pid: number;
  readonly serves: VbladeArguments;
}

/** Joins what is configured with what runs: by systemd's main pid, else by address. What is left over stands alone. */
export function parseExports(rows: Rows): Export[] {
  const identities = new Map<string, string>();
  const units = new Map<string, { state: string; pid: number }>();
  const configured: Configured[] = [];
  const running = new Map<number, Running>();
  for (const row of rows) {
    const kind = field(row, 0, "a kind of row");
    if (kind === "path") {
      const { path, identity } = parsePath(row);
      identities.set(path, identity);
    } else if (kind === "conf") configured.push(fromConf(row));
    else if (kind === "inittab") {
      const serves = parseVbladeArguments(row.slice(3).map(plain));
      if (serves === undefined) continue;
      configured.push({
        persistence: "Inittab",
        instance: plain(field(row, 1, "an id")),
        owner: plain(field(row, 2, "an owner")),
        serves,
      });
    } else if (kind === "unit") {
      const state = `${field(row, 2, "an active state")}/${field(row, 3, "a sub state")}`;
      units.set(plain(field(row, 1, "an instance")), { state, pid: wholeNumber(row, 4, "a pid") });
    } else if (kind === "process") {
      const pid = wholeNumber(row, 1, "a pid");
      const serves = parseVbladeArguments(row.slice(2).map(plain));
      if (serves !== undefined) running.set(pid, { pid, serves });
    } else throw new Unparseable(`unknown row ${JSON.stringify(kind)}`);
  }
  const identityOf = (path: string) => identities.get(path) ?? "";
  const show = (from: Configured | undefined, process: Running | undefined, unit: string): Export[] => {
    const serves = from?.serves ?? process?.serves;
    if (serves === undefined) return [];
    return [
      {
        ...serves,
        backingIdentity: identityOf(serves.backing),
        persistence: from?.persistence ?? "None",
        instance: from?.instance ?? "",
        owner: from?.owner ?? "",
        unitState: unit,
        pid: process?.pid,
        runningDiffers: process !== undefined && !same(process.serves, serves, identityOf),
      },
    ];
  };
  const shown: Export[] = [];
  for (const from of configured) {
    const unit = from.persistence === "Systemd" ? units.get(from.instance) : undefined;
    const process =
      running.get(unit?.pid ?? 0) ??
      [...running.values()].find(({ pid, serves }) => sameAddress(serves, from.serves) && !isMain(pid, units));
    if (process !== undefined) running.delete(process.pid);
    const otherwise = process === undefined ? "stopped" : "running";
    shown.push(...show(from, process, from.persistence === "Systemd" ? (unit?.state ?? "inactive/dead") : otherwise));
  }
  for (const process of running.values()) {
    const unit = [...units].find(([, { pid }]) => pid === process.pid);
    // A unit whose configuration was deleted under it keeps running until the next boot.
    shown.push(...show(undefined, process, "running").map((alone) => ({ ...alone, instance: unit?.[0] ?? "" })));
  }
  return shown;
}

function isMain(pid: number, units: ReadonlyMap<string, { readonly pid: number }>): boolean {
  return [...units.values()].some((unit) => unit.pid === pid);
}

function sameAddress(left: VbladeArguments, right: VbladeArguments): boolean {
  return left.shelf === right.shelf && left.slot === right.slot && left.interface === right.interface;
}

function same(left: VbladeArguments, right: VbladeArguments, identityOf: (path: string) => string): boolean {
  const backing = left.backing === right.backing || identityOf(left.backing) === identityOf(right.backing);
  return sameAddress(left, right) && backing && canonicalOptions(left.options) === canonicalOptions(right.options);
}

function fromConf(row: readonly string[]): Configured {
  const text = (index: number, what: string) => plain(field(row, index, what));
  const options = parseVbladeArguments(
    [...text(6, "options").split(/\s+/), "0", "0", "-", "-"].filter((w) => w !== ""),
  );
  return {
    persistence: "Systemd",
    instance: text(1, "an instance"),
    owner: text(7, "an owner"),
    serves: {
      shelf: leadingNumber(text(2, "a shelf")),
      slot: leadingNumber(text(3, "a slot")),
      interface: text(4, "an interface"),
      backing: text(5, "a backing"),
      options: options?.options ?? [],
    },
  };
}
