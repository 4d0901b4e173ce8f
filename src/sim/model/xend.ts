import { getsThrough, hostAt } from "./migration-state.ts";
import type { Host, World } from "./state.ts";
import { readText } from "./storage.ts";
import { toolstackOf } from "./xen-state.ts";

/** xend's own configuration, an S-expression a line. */
export const xendConfiguration = "/etc/xen/xend-config.sxp";

/** Which password of xensan's stands there. */
export const xendPassword = "/var/lib/xensan/xend-password";

/** A list of xend-config.sxp that is in no other. */
interface XendList {
  /** Where it stands in the text. */
  readonly from: number;
  readonly to: number;
  readonly key: string;
  /** With one blank where blanks, line ends and comments stood. */
  readonly value: string;
}

const token = /#[^\n]*|'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"|[()]|\s+|[^\s()'"]+|['"][\s\S]*/g;

/** As xend reads them: over lines, and with comments inside. */
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

/** The file with these settings: each in the place of the first of its lists, or at the end; further ones are gone. */
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

/** What xend takes of each setting: of several lists with its key the first. */
export function xendValues(host: Host): Map<string, string> {
  const lists = xendLists(readText(host, xendConfiguration) ?? "");
  return new Map(lists.toReversed().map(({ key, value }) => [key, value]));
}

/** What xm says when the xend at this address does not take a domain; undefined when it does. */
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
