import type { Host } from "./state.ts";
import { list, readText } from "./storage.ts";

const modprobeDirectories = ["/etc/modprobe.d", "/run/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d"];
const loadDirectories = ["/etc/modules-load.d", "/run/modules-load.d", "/usr/lib/modules-load.d"];

/** Files of several directories by name: of files with the same name the one in the first directory wins. */
function* dropIns(host: Host, directories: readonly string[]): Generator<string> {
  const seen = new Map<string, string>();
  for (const directory of directories) {
    for (const name of list(host, directory)) {
      if (name.endsWith(".conf") && !seen.has(name)) seen.set(name, `${directory}/${name}`);
    }
  }
  for (const name of [...seen.keys()].sort()) yield readText(host, seen.get(name) ?? "") ?? "";
}

/** What modprobe passes to a module: `options NAME key=value …` of modprobe.d; later lines win. */
export function moduleParameters(host: Host, module: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const text of dropIns(host, modprobeDirectories)) {
    for (const line of text.split("\n")) {
      const match = /^\s*options\s+(\S+)\s+(.*)$/.exec(line);
      if (match?.[1] !== module) continue;
      for (const [, key = "", quoted, bare = ""] of (match[2] ?? "").matchAll(/(\w+)=(?:"([^"]*)"|(\S*))/g)) {
        parameters.set(key, quoted ?? bare);
      }
    }
  }
  return parameters;
}

/** Modules that are loaded at boot: /etc/modules and modules-load.d, which Debian's sysvinit scripts read as well. */
export function modulesAtBoot(host: Host): Set<string> {
  const texts = [readText(host, "/etc/modules") ?? "", ...dropIns(host, loadDirectories)];
  const names = new Set<string>();
  for (const line of texts.join("\n").split("\n")) {
    const name = line.trim().split(/\s+/)[0] ?? "";
    if (name !== "" && !/^[#;]/.test(name)) names.add(name);
  }
  return names;
}
