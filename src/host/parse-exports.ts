import type { BackingFact, Export } from "./facts.ts";
import { backingIdentity, lastingIdentity } from "./identities.ts";
import type { Rows } from "./probe-sections.ts";
import {
  each,
  eachInGoes,
  field,
  inOneGo,
  int32,
  type Lost,
  oneOf,
  plain,
  shown,
  Unparseable,
  wholeNumber,
} from "./rows.ts";
import { canonicalOptions, leadingNumber, parseVbladeArguments, type VbladeArguments } from "./vblade-arguments.ts";

/** Section `backings` of the probe: the file or device at each requested path. Sizes in bytes. */
export function parseBackings(rows: Rows, lost: Lost): BackingFact[] {
  const owners = new Map<string, string>();
  const [owned, paths] = [rows.filter(([kind]) => kind === "owned"), rows.filter(([kind]) => kind !== "owned")];
  each(owned, lost, (row) =>
    owners.set(`${plain(field(row, 1, "a path"))} ${field(row, 2, "an inode")}`, plain(field(row, 3, "an owner"))),
  );
  return each(paths, lost, (row) => {
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
    identity: backingIdentity(field(row, 5, "an identity")),
    lasting: lastingIdentity(row[6] ?? ""),
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

/**
 * Section `exports` of the probe, in several goes. Joins configured and running exports: by the main pid of systemd,
 * else by address. An unmatched export stands alone.
 */
export function* parseExports(rows: Rows, lost: Lost): Generator<void, Export[]> {
  const identities = new Map<string, string>();
  const recorded = new Map<string, { recorded: string; guarded: boolean }>();
  const units = new Map<string, { state: string; pid: number }>();
  const configured: Configured[] = [];
  const running = new Map<number, Running>();
  const file = (row: readonly string[]) => {
    const kind = field(row, 0, "a kind of row");
    if (kind === "path") {
      const { path, identity } = parsePath(row);
      identities.set(path, identity);
    } else if (kind === "recorded") {
      const identity = lastingIdentity(field(row, 2, "an identity"));
      const guarded = oneOf(field(row, 3, "yes or no"), ["yes", "no"], "whether it is guarded") === "yes";
      recorded.set(plain(field(row, 1, "a name")), { recorded: identity, guarded });
    } else if (kind === "conf") configured.push(fromConf(row));
    else if (kind === "inittab") {
      const serves = addressable(parseVbladeArguments(row.slice(3).map(plain)));
      if (serves === undefined) return;
      configured.push({
        persistence: "Inittab",
        instance: plain(field(row, 1, "an id")),
        owner: plain(field(row, 2, "an owner")),
        serves,
      });
    } else if (kind === "unit") {
      const state = `${field(row, 2, "an active state")}/${field(row, 3, "a sub state")}`;
      units.set(plain(field(row, 1, "an instance")), { state, pid: int32(row, 4, "a pid") });
    } else if (kind === "process") {
      const pid = int32(row, 1, "a pid");
      const serves = addressable(parseVbladeArguments(row.slice(2).map(plain)));
      if (serves !== undefined) running.set(pid, { pid, serves });
    } else throw new Unparseable(`unknown row ${shown(kind)}`);
  };
  yield* eachInGoes(rows, lost, file);
  const mains = new Map([...units].map(([instance, { pid }]) => [pid, instance]));
  const alone = [...running.values()].filter(({ pid }) => !mains.has(pid));
  // The first one is the last of its list: many may have the same address.
  const byAddress = Map.groupBy(alone.reverse(), ({ serves }) => addressOf(serves));
  const next = (address: string): Running | undefined => {
    const waiting = byAddress.get(address) ?? [];
    for (let first = waiting.pop(); first !== undefined; first = waiting.pop())
      if (running.has(first.pid)) return first;
    return undefined;
  };
  const identityOf = (path: string) => identities.get(path) ?? "";
  const show = (from: Configured | undefined, process: Running | undefined, unit: string): Export[] => {
    const serves = from?.serves ?? process?.serves;
    if (serves === undefined) return [];
    return [
      {
        ...serves,
        backingIdentity: identityOf(serves.backing),
        ...(recorded.get(from?.instance ?? "") ?? { recorded: "", guarded: false }),
        persistence: from?.persistence ?? "None",
        instance: from?.instance ?? "",
        owner: from?.owner ?? "",
        unitState: unit,
        pid: process?.pid,
        runningDiffers: process !== undefined && !same(process.serves, serves, identityOf),
      },
    ];
  };
  const all: Export[] = [];
  for (const [index, from] of configured.entries()) {
    if (index % inOneGo === 0) yield;
    const unit = from.persistence === "Systemd" ? units.get(from.instance) : undefined;
    const process = running.get(unit?.pid ?? 0) ?? next(addressOf(from.serves));
    if (process !== undefined) running.delete(process.pid);
    const otherwise = process === undefined ? "stopped" : "running";
    all.push(...show(from, process, from.persistence === "Systemd" ? (unit?.state ?? "inactive/dead") : otherwise));
  }
  yield;
  for (const process of running.values()) {
    // A unit whose configuration was deleted while it ran keeps running until the next boot.
    all.push(
      ...show(undefined, process, "running").map((alone) => ({ ...alone, instance: mains.get(process.pid) ?? "" })),
    );
  }
  return all;
}

const addressOf = ({ shelf, slot, interface: netif }: VbladeArguments) => `${shelf}.${slot} ${netif}`;

function sameAddress(left: VbladeArguments, right: VbladeArguments): boolean {
  return addressOf(left) === addressOf(right);
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
    serves: addressable({
      shelf: leadingNumber(text(2, "a shelf")),
      slot: leadingNumber(text(3, "a slot")),
      interface: text(4, "an interface"),
      backing: text(5, "a backing"),
      options: options?.options ?? [],
    }),
  };
}

/** A frame of AoE has 16 bits for the shelf and 8 for the slot: nobody can reach another address. */
function addressable<T extends VbladeArguments | undefined>(serves: T): T {
  if (serves !== undefined && (serves.shelf > 65535 || serves.slot > 255))
    throw new Unparseable(`${serves.shelf}.${serves.slot} is not a shelf.slot`);
  return serves;
}
