import { createHash } from "node:crypto";
import { daemonOf, waitedName } from "../model/domain-end.ts";
import { hostKeyOf, knownHostsOf, peersOf, publicKeyOf } from "../model/relocation.ts";
import type { Host } from "../model/state.ts";
import { list, readText, resolve } from "../model/storage.ts";
import { dom0Memory, dom0Uses, freeMemory, toolstackOf } from "../model/xen-state.ts";
import { xendConfiguration, xendPassword, xendRows } from "../model/xend.ts";
import type { ScriptRun } from "../script.ts";
import { escaped, row } from "./answer.ts";
import { configurationDirectory, configurationOwner } from "./domain-configuration.ts";
import { domainRow, shownName, toolstackTrouble } from "./domain-rows.ts";
import { identityOf, readImageRecord, usersOfImage } from "./image.ts";
import { heldUntil } from "./lease.ts";
import { runsOf, uptime } from "./migration-records.ts";
import type { SectionEnd } from "./section.ts";
import { lockHolder } from "./shared-place.ts";
import { automaticDomains } from "./toolstack.ts";

const orHyphen = (text: string) => (text === "" ? "-" : escaped(text));

/** Section `toolstack`. Memory in MiB. */
export function toolstack(run: ScriptRun): SectionEnd {
  const { host } = run;
  const { hypervisor } = host;
  const kind = toolstackOf(host);
  row(run, "toolstack", "kind", kind);
  if (kind !== "none" && hypervisor.running) {
    const info: readonly (readonly [string, string | number])[] = [
      ["xen_major", hypervisor.version.major],
      ["xen_minor", hypervisor.version.minor],
      ["xen_extra", hypervisor.version.extra],
      ["total_memory", hypervisor.totalMemory],
      ["free_memory", freeMemory(host)],
      ["nr_cpus", host.cpus],
      ["hw_caps", hypervisor.hardwareCapabilities],
      ["virt_caps", hypervisor.virtualisation.join(" ")],
    ];
    for (const [key, value] of info) row(run, "toolstack", "info", key, value);
    const owned = dom0Memory(host);
    const balloons = hypervisor.autoballoon ? "yes" : "no";
    if (kind === "xl") row(run, "toolstack", "dom0-memory", owned, Math.max(0, owned - dom0Uses), balloons);
  }
  row(run, "toolstack", "dom0", hypervisor.running ? "yes" : "no");
  const automatic = automaticDomains(host);
  if (automatic !== undefined) row(run, "toolstack", "automatic", ...automatic.map(orHyphen));
  for (const name of kind === "none" ? [] : ["xencommons", "xendomains", "watchdog"]) {
    row(run, "toolstack", "service", name, host.running.xen.services.get(name) ?? "missing");
  }
  const dog = kind === "none" ? undefined : host.watchdog;
  if (dog !== undefined) row(run, "toolstack", "watchdog", "xenwatchdogd", dog.seconds, dog.atBoot ? "yes" : "no");
  for (const bridge of [...hypervisor.bridges].sort()) row(run, "toolstack", "bridge", bridge);
  for (const bridge of [...hypervisor.ovsBridges].sort()) row(run, "toolstack", "ovs-bridge", bridge);
  for (const [key, value] of kind === "xm" ? xendRows(readText(host, xendConfiguration) ?? "") : []) {
    row(run, "toolstack", "xend", key, escaped(value));
  }
  const password = kind === "xm" ? readText(host, xendPassword)?.trim() : undefined;
  if (password !== undefined) row(run, "toolstack", "xend-password", password);
  return "known";
}

/** The programs of xl that wait for the end of a domain, or are about to start one again; xend does both itself. */
function waiting(host: Host): (readonly [pid: number, name: string])[] {
  if (toolstackOf(host) !== "xl") return [];
  const { domains, restarting } = host.running.xen;
  const here = [...domains.values()].map((domain) => [daemonOf(domain), waitedName(shownName(domain))] as const);
  return [...here, ...restarting];
}

/** Section `domains`. */
export function domains(run: ScriptRun): SectionEnd {
  const { host, world } = run;
  if (toolstackOf(host) === "none" || !host.hypervisor.running) return "absent";
  const { xen } = host.running;
  for (const [pid, { verb, name }] of xen.processes) row(run, "domains", "process", pid, verb, orHyphen(name));
  for (const [pid, name] of waiting(host)) row(run, "domains", "process", pid, "wait", name);
  for (const [uuid, holder] of xen.leases) row(run, "domains", "lease", uuid, String(heldUntil(run, holder)));
  const trouble = toolstackTrouble(host);
  if (trouble !== undefined) return { exit: 1, why: trouble };
  for (const domain of xen.domains.values()) {
    const { id, memory, vcpus, configuration } = domain;
    const { state, reason, seconds } = domainRow(world, host, domain);
    row(run, "domains", "domain", id, shownName(domain), configuration.uuid, memory, vcpus, state, reason, seconds);
  }
  return "known";
}

/** Section `relocation`. */
export function relocation(run: ScriptRun): SectionEnd {
  const { host } = run;
  const key = publicKeyOf(host);
  if (key !== "") row(run, "relocation", "key", key);
  for (const { name, address, publicKey } of peersOf(host)) row(run, "relocation", "peer", name, address, publicKey);
  for (const { address, publicKey } of knownHostsOf(host)) row(run, "relocation", "known", address, publicKey);
  row(run, "relocation", "host-key", hostKeyOf(host));
  return "known";
}

/** Section `migrations`. */
export function migrations(run: ScriptRun): SectionEnd {
  const { host, world } = run;
  for (const { operation, uuid, bootId, state, exitCode, phase, startedAt, time, message } of runsOf(host)) {
    const now = uptime(world, host);
    const about = [operation, uuid, bootId, state, exitCode, phase, startedAt, now, time, escaped(message)] as const;
    row(run, "migrations", "run", ...about);
  }
  return "known";
}

/** Whether a copy by another host goes on, only that host can tell. */
function copyOf({ host }: ScriptRun, path: string): { state: string; copied: number | "-" } {
  const directory = path.slice(0, path.lastIndexOf("/"));
  const prefix = `${path.slice(directory.length + 1)}.xensan-copy.`;
  const names = list(host, directory).filter((name) => name.startsWith(prefix));
  const own = names.find((name) => name === `${prefix}${host.running.hostname}`);
  const { node } = resolve(host, `${directory}/${own ?? names.at(-1) ?? ""}`);
  if (node?.kind !== "File") return { state: "-", copied: "-" };
  if (own === undefined) return { state: "Elsewhere", copied: node.sizeBytes };
  return { state: host.running.xen.copies.has(path) ? "Copying" : "Interrupted", copied: node.sizeBytes };
}

/** The file names of Linux have 255 bytes. The kernel looks at each only in a directory that is there. */
function isTooLong(host: Host, path: string): boolean {
  const [directory] = /^(?:\/[^/]{1,255})*(?=\/[^/]{256})/.exec(path) ?? [];
  return directory !== undefined && resolve(host, directory).node?.kind === "Directory";
}

/** Section `images` for the requested paths. */
export const images =
  (asked: readonly string[]) =>
  (run: ScriptRun): SectionEnd => {
    const { host } = run;
    for (const path of asked)
      for (const { name, domain } of usersOfImage(host, path))
        row(run, "images", "user", escaped(path), "loop", name, domain);
    for (const path of asked) {
      if (isTooLong(host, path)) {
        row(run, "images", "?", "File name too long", path);
        continue;
      }
      const { node } = resolve(host, path);
      const kind = node === undefined ? "Missing" : node.kind === "File" ? "File" : "Other";
      const size = node?.kind === "File" ? [node.sizeBytes, node.allocatedBytes] : [0, 0];
      const { state, copied } = copyOf(run, path);
      const { identity = "", owner = "", uuid = "", origin = "" } = readImageRecord(host, path) ?? {};
      const told = [identity, owner, uuid, origin].map(orHyphen);
      const is = identityOf(host, path) ?? "-";
      row(run, "images", "image", escaped(path), kind, ...size, is, state, copied, ...told);
    }
    return "known";
  };

/** Section `domain-locks` for the requested directories. */
export const domainLocks =
  (directories: readonly string[]) =>
  (run: ScriptRun): SectionEnd => {
    for (const directory of directories) {
      for (const name of list(run.host, directory)) {
        if (!/^.{8}(-.{4}){3}-.{12}\.lock$/.test(name)) continue;
        const path = `${directory}/${name}`;
        const holder = lockHolder(run.host, path);
        if (holder === undefined) continue;
        const uuid = name.slice(0, -".lock".length);
        row(run, "domain-locks", "lock", uuid, path, orHyphen(holder.host), orHyphen(holder.bootId));
      }
    }
    return "known";
  };

/** Section `domain-configurations`. */
export function domainConfigurations(run: ScriptRun): SectionEnd {
  const { host } = run;
  for (const name of list(host, configurationDirectory)) {
    if (!name.endsWith(".cfg")) continue;
    const uuid = name.slice(0, -".cfg".length);
    const text = readText(host, `${configurationDirectory}/${name}`) ?? "";
    const digest = createHash("sha256").update(text).digest("hex");
    row(run, "domain-configurations", "config", uuid, orHyphen(configurationOwner(host, uuid)), digest);
  }
  return "known";
}
