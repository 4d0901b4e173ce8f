import { blankedBytes } from "../model/blanking.ts";
import { exportRecord, isGuarded, recordedIdentity } from "../model/guard.ts";
import { toolPath } from "../model/packages.ts";
import { backingAt, freeBytes, list, readText } from "../model/storage.ts";
import type { ScriptRun } from "../script.ts";
import { escaped, row } from "./answer.ts";
import { byPid, configuredInstances, inittabExports } from "./export-rows.ts";
import { recordDirectory } from "./records.ts";
import type { SectionEnd } from "./section.ts";

/** A `path` row for each path: missing ones first, because the real script finds them while it collects the others. */
function paths(run: ScriptRun, section: string, asked: readonly string[]): void {
  for (const path of asked) {
    const backing = backingAt(run.host, path);
    if (backing.kind === "Missing") {
      row(run, section, "path", path, "", "Missing", 0, "", "");
      continue;
    }
    const { realPath, kind, sizeBytes, identity, lasting } = backing;
    row(run, section, "path", escaped(path), escaped(realPath), kind, sizeBytes, identity, lasting);
  }
}

/** Section `backings` for the requested paths: what is there, and the records of these files. */
export const backings =
  (asked: readonly string[]) =>
  (run: ScriptRun): SectionEnd => {
    paths(run, "backings", asked);
    const here = new Set(
      asked.map((path) => {
        const { realPath, identity } = backingAt(run.host, path);
        return `${realPath}\t${identity.split(":")[2]}`;
      }),
    );
    const owners = new Map<string, string>();
    for (const name of list(run.host, recordDirectory)) {
      const [path, inode, owner] = (readText(run.host, `${recordDirectory}/${name}`) ?? "").split("\n");
      if (path === undefined || inode === undefined || inode === "-" || owner === undefined) continue;
      const file = `${path}\t${inode.split(" ")[0]}`;
      if (here.has(file)) owners.set(file, owner);
    }
    for (const [file, owner] of owners) row(run, "backings", "owned", file, owner);
    return "known";
  };

/** Section `lvm`. Sizes in bytes. */
export function logicalVolumes(run: ScriptRun): SectionEnd {
  const { host } = run;
  if (toolPath(host, "lvs") === undefined) return "absent";
  for (const group of host.volumeGroups.values()) {
    const free = freeBytes(host, group);
    for (const volume of [...group.volumes.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const bytes = host.blocks.get(volume.device)?.sizeBytes ?? 0;
      const tags = [...volume.tags].sort().join(",");
      const blanked = blankedBytes(host, group, volume.name);
      const last = blanked === undefined ? [] : [blanked];
      row(run, "lvm", group.name, volume.name, bytes, `/dev/${group.name}/${volume.name}`, free, tags, ...last);
    }
  }
  return "known";
}

/** Section `exports`. */
export function exports(run: ScriptRun): SectionEnd {
  const { host } = run;
  const served = new Set<string>();
  const known = new Set<string>();
  if (host.init === "systemd") {
    for (const { instance, values, owner } of configuredInstances(host)) {
      const { shelf, slot, netif, filename, options } = values;
      row(run, "exports", "conf", ...[instance, shelf, slot, netif, filename, options, owner].map(escaped));
      served.add(filename);
      known.add(instance);
    }
    for (const instance of host.running.units.keys()) known.add(instance);
    if (!host.packages.has("vblade")) known.clear();
    for (const instance of [...known].sort()) {
      const unit = host.running.units.get(instance);
      const { activeState = "inactive", subState = "dead", pid = 0 } = unit ?? {};
      row(run, "exports", "unit", escaped(instance), activeState, subState, pid ?? 0);
    }
  } else {
    for (const { id, owner, argv } of inittabExports(readText(host, "/etc/inittab") ?? "")) {
      row(run, "exports", "inittab", escaped(id), escaped(owner), ...argv.map(escaped));
      for (const word of argv) if (word.startsWith("/")) served.add(word);
    }
  }
  for (const process of byPid(host)) {
    row(run, "exports", "process", process.pid, ...process.argv.map(escaped));
    for (const word of process.argv) if (word.startsWith("/")) served.add(word);
  }
  paths(run, "exports", [...served]);
  const records = exportRecord("").slice(0, -1);
  for (const name of list(host, records)) {
    const identity = recordedIdentity(host, name);
    if (identity !== "") row(run, "exports", "recorded", name, identity, isGuarded(host, name) ? "yes" : "no");
  }
  return "known";
}
