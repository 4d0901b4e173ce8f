import type { FileNode } from "../model/content.ts";
import type { Host } from "../model/state.ts";
import { backingAt, list, readText, resolve } from "../model/storage.ts";
import { parseEnvironment } from "../model/systemd.ts";

/** list_exports of exports.sh: one vblade, configured or running. `-` means none. */
export interface ExportRow {
  readonly kind: "conf" | "inittab" | "process";
  /** Instance, inittab id or pid. */
  readonly name: string;
  readonly owner: string;
  readonly shelf: string;
  readonly slot: string;
  readonly netif: string;
  readonly filename: string;
  /** In a fixed order, so that equal options have equal texts. */
  readonly options: string;
  readonly identity: string;
}

const flagOrder = "bdlmors";

/** Options and places of a command line; options may be joined (-rs, -b16) and may stand anywhere. */
export function parseWords(words: readonly string[]): { places: string[]; options: string } {
  const places: string[] = [];
  const given = new Map<string, string>();
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (word === "") continue;
    if (!/^-./.test(word)) {
      places.push(word);
      continue;
    }
    for (let rest = word.slice(1); rest !== ""; ) {
      const letter = rest[0] ?? "";
      rest = rest.slice(1);
      if ("bolm".includes(letter)) {
        const argument = rest === "" ? (words[++index] ?? "") : rest;
        given.set(letter, `-${letter} ${letter === "m" ? argument.toLowerCase() : argument}`);
        rest = "";
      } else given.set(letter, `-${letter}`);
    }
  }
  const options = [...flagOrder].map((letter) => given.get(letter)).filter((text) => text !== undefined);
  return { places, options: options.join(" ") };
}

const number = (text: string) => (/^\d+$/.test(text) ? String(Number(text)) : text);

function rowOf(
  host: Host,
  kind: ExportRow["kind"],
  name: string,
  owner: string,
  places: readonly string[],
  options: string,
): ExportRow {
  const [shelf = "", slot = "", netif = "", filename = ""] = places;
  const identity = backingAt(host, filename).identity;
  return {
    kind,
    name,
    owner: owner || "-",
    shelf: number(shelf),
    slot: number(slot),
    netif,
    filename,
    options: options || "-",
    identity: identity || "-",
  };
}

/** started_elsewhere: of the files that it reads, those that the simulated rack has. */
export function startedElsewhere(host: Host, shelf: string, slot: string): string | undefined {
  const command = new RegExp(`^[^#]*vbladed?(\\s+-\\S+(\\s+\\S+)?)*\\s+0*${shelf}\\s+0*${slot}\\s`, "m");
  const below = (directory: string) => list(host, directory).map((name) => `${directory}/${name}`);
  const files = ["/etc/rc.local", ...below("/etc/init.d"), ...below("/etc/systemd/system"), ...below("/etc/cron.d")];
  return files.find((file) => !/\/vblade(@.service)?$/.test(file) && command.test(readText(host, file) ?? ""));
}

/** list_exports: every export of the host, configured or only running. */
export function listExports(host: Host): ExportRow[] {
  const rows: ExportRow[] = [];
  if (host.init === "systemd") {
    for (const { instance, values, owner } of configuredInstances(host)) {
      const { shelf, slot, netif, filename, options } = values;
      const parsed = parseWords(options.split(/\s+/));
      rows.push(rowOf(host, "conf", instance, owner, [shelf, slot, netif, filename], parsed.options));
    }
  } else {
    for (const { id, owner, argv } of inittabExports(readText(host, "/etc/inittab") ?? "")) {
      const { places, options } = parseWords(argv);
      if (places.length >= 4) rows.push(rowOf(host, "inittab", id, owner, places, options));
    }
  }
  for (const process of byPid(host)) {
    const { places, options } = parseWords(process.argv);
    if (places.length >= 4) rows.push(rowOf(host, "process", String(process.pid), "", places, options));
  }
  return rows;
}

/** In the order of a shell's glob of /proc. */
export const byPid = (host: Host) =>
  [...host.running.processes.values()].sort((a, b) => (String(a.pid) < String(b.pid) ? -1 : 1));

const directory = "/etc/vblade.conf.d";

/** A file of /etc/vblade.conf.d, parsed. */
export interface ConfiguredInstance {
  readonly instance: string;
  readonly values: Readonly<Record<"shelf" | "slot" | "netif" | "filename" | "options", string>>;
  readonly owner: string;
}

/** Parsed files by node: a file that is rewritten is another node. */
const parsed = new WeakMap<FileNode, Pick<ConfiguredInstance, "values" | "owner"> | "Incomplete">();

function parseInstance(text: string): Pick<ConfiguredInstance, "values" | "owner"> | "Incomplete" {
  const variables = parseEnvironment(text);
  const value = (key: string) => variables.get(key) ?? "";
  const [shelf, slot, netif, filename] = [value("shelf"), value("slot"), value("netif"), value("filename")];
  if (shelf === "" || slot === "" || netif === "" || filename === "") return "Incomplete";
  const owner = [...text.matchAll(/^# xensan: (.*)$/gm)].at(-1)?.[1] ?? "";
  return { values: { shelf, slot, netif, filename, options: value("options") }, owner };
}

/** The complete files of /etc/vblade.conf.d, in the order of their names. */
export function configuredInstances(host: Host): ConfiguredInstance[] {
  const found: ConfiguredInstance[] = [];
  for (const file of list(host, directory)) {
    if (!file.endsWith(".conf")) continue;
    const node = resolve(host, `${directory}/${file}`).node;
    if (node?.kind !== "File") continue;
    const known = parsed.get(node) ?? parseInstance(node.text ?? "");
    parsed.set(node, known);
    if (known !== "Incomplete") found.push({ instance: file.slice(0, -".conf".length), ...known });
  }
  return found;
}

/** The vblade lines of /etc/inittab, each with the mark in the line above it. */
export function inittabExports(text: string): { id: string; owner: string; argv: string[] }[] {
  const found: { id: string; owner: string; argv: string[] }[] = [];
  let owner = "";
  for (const line of text.split("\n")) {
    const mark = /^# xensan: (.*)$/.exec(line);
    if (mark !== null) {
      owner = mark[1] ?? "";
      continue;
    }
    const fields = line.split(":");
    if (!line.startsWith("#") && fields.length >= 4 && fields[2] !== "off") {
      const words = fields
        .slice(3)
        .join(":")
        .replace(/^\+/, "")
        .split(/[ \t]+/);
      const at = words.findIndex((word) => /(^|\/)vblade$/.test(word));
      const rest = words.slice(at + 1);
      const stop = rest.findIndex((word) => /^\d*[<>|&;]/.test(word));
      const argv = (stop === -1 ? rest : rest.slice(0, stop)).filter((word) => word !== "");
      if (at !== -1) found.push({ id: fields[0] ?? "", owner, argv });
    }
    owner = "";
  }
  return found;
}

/** exported_as: the first export that serves one of these identities, as words for a message. */
export function exportedAs(host: Host, identities: readonly string[]): string | undefined {
  const row = listExports(host).find((one) => identities.includes(one.identity));
  return row && `e${row.shelf}.${row.slot} on ${row.netif} (${row.filename}, ${row.kind} ${row.name})`;
}
