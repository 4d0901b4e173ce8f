import { getsThrough, hostAt } from "./migration-state.ts";
import type { Host, World } from "./state.ts";
import { readText } from "./storage.ts";
import { toolstackOf } from "./xen-state.ts";

/** xend's configuration file, which consists of S-expressions. */
export const xendConfiguration = "/etc/xen/xend-config.sxp";

/** The file that says which of xensan's passwords is in xend's configuration. */
export const xendPassword = "/var/lib/xensan/xend-password";

/** A top-level list of xend-config.sxp. */
interface XendList {
  /** Its position in the text. */
  readonly from: number;
  readonly to: number;
  readonly key: string;
  /** The value with one blank for each run of blanks, line ends and comments. */
  readonly value: string;
}

const token = /#[^\n]*|'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"|[()]|\s+|[^\s()'"]+|['"][\s\S]*/g;

/** The lists as xend reads them: they may span lines and contain comments. */
function xendLists(text: string): readonly XendList[] {
  const lists: XendList[] = [];
  let depth = 0;
  let from = 0;
  let words: string[] = [];
  for (const { 0: word, index } of text.matchAll(token)) {
    if (word.startsWith("#") || /^\s/.test(word)) {
      if (words.length > 0 && words.at(-1) !== "(" && words.at(-1) !== " ") words.push(" ");
      continue;
    }
    if (word === "(" && depth++ === 0) {
      from = index;
      words = [];
      continue;
    }
    if (depth === 0) continue;
    if (word === ")") {
      if (words.at(-1) === " ") words.pop();
      if (--depth === 0) {
        const [, key = "", value = ""] = /^([^ (]*) ?([\s\S]*)$/.exec(words.join("")) ?? [];
        lists.push({ from, to: index + 1, key: key.replace(/^["']|["']$/g, ""), value });
        continue;
      }
    }
    words.push(word);
  }
  return lists;
}

const told =
  /^(xend-relocation-(server|port|address|hosts-allow)|network-script|vif-script|dom0-min-mem|dom0-cpus|vncpasswd)$/;

/** What the probe tells of the file: key and value of each setting, in the file's order. The password is a secret: told is whether there is one. */
export function xendRows(text: string): readonly (readonly [string, string])[] {
  return xendLists(text)
    .filter(({ key }) => told.test(key))
    .map(({ key, value }) => [key, key === "vncpasswd" && value !== "''" ? "'...'" : value]);
}

/**
 * The file with these settings: each in place of the first list with its key, or at the end; further ones are removed.
 */
export function withXendSettings(text: string, settings: ReadonlyMap<string, string>): string {
  const written = new Set<string>();
  let result = "";
  let kept = 0;
  for (const { from, to, key } of xendLists(text)) {
    const value = settings.get(key);
    if (value === undefined) continue;
    result += text.slice(kept, from);
    kept = to;
    if (!written.has(key)) result += `(${key} ${value})`;
    else if (/(^|\n)[ \t]*$/.test(result) && /^[ \t\r]*(\n|$)/.test(text.slice(to))) {
      result = result.replace(/[ \t]*$/, "");
      kept = to + (/^[ \t\r]*\n?/.exec(text.slice(to))?.[0].length ?? 0);
    }
    written.add(key);
  }
  result += text.slice(kept);
  if (result !== "" && !result.endsWith("\n")) result += "\n";
  const missing = [...settings].filter(([key]) => !written.has(key));
  return result + missing.map(([key, value]) => `(${key} ${value})\n`).join("");
}

/** The values that xend uses: of several lists with the same key the first. */
export function xendValues(host: Host): Map<string, string> {
  const lists = xendLists(readText(host, xendConfiguration) ?? "");
  return new Map(lists.toReversed().map(({ key, value }) => [key, value]));
}

/** xm's error when the xend at this address refuses a domain; undefined when it accepts. */
export function refusalOfXend(world: World, host: Host, address: string): string | undefined {
  const target = hostAt(world, host, address);
  if (target === undefined || !getsThrough(world, host, target, address)) {
    return "Error: can't connect: (113, 'No route to host')";
  }
  const values = xendValues(target);
  if (toolstackOf(target) !== "xm" || values.get("xend-relocation-server") !== "yes") {
    return "Error: can't connect: (111, 'Connection refused')";
  }
  const patterns = (values.get("xend-relocation-hosts-allow") ?? "").replace(/^["']|["']$/g, "").split(" ");
  const given = patterns.filter((pattern) => pattern !== "");
  const names = [host.name, ...[...host.interfaces.values()].map((nic) => nic.address.split("/")[0] ?? "")];
  // Empty means everyone.
  const allowed = given.length === 0 || given.some((pattern) => names.some((name) => new RegExp(pattern).test(name)));
  return allowed ? undefined : "Error: /usr/lib/xen/bin/xc_save failed: Connection reset by peer";
}
