import { cpuSeconds } from "../model/domain.ts";
import type { Domain, Host, World } from "../model/state.ts";
import { toolstackOf } from "../model/xen-state.ts";
import type { ScriptRun } from "../script.ts";
import { fail, refuse } from "./answer.ts";

/**
 * What xen.sh reads in a domain's row: xl list's letters without hyphens (`-` for none), the reason where xl shows it.
 */
interface DomainRow {
  readonly state: string;
  readonly reason: string;
  readonly seconds: string;
}

const reasonLetters = { poweroff: "-", reboot: "r", suspend: "s", crash: "c", watchdog: "w" } as const;

/** A guest of the rack waits for something most of the time. */
function letters(domain: Domain): string {
  const paused = domain.paused ? "p" : "";
  const dying = domain.dying ? "d" : "";
  if (domain.shutdown !== undefined) return `${paused}s${dying}`;
  return `${paused}${dying}` || "b";
}

/** Only xl shows the reason. */
export function domainRow(world: World, host: Host, domain: Domain): DomainRow {
  const reason = domain.shutdown === undefined ? "-" : reasonLetters[domain.shutdown];
  return {
    state: letters(domain),
    reason: toolstackOf(host) === "xl" ? reason : "",
    seconds: cpuSeconds(world, domain).toFixed(1),
  };
}

/** The name as xl list shows it. */
export const shownName = (domain: Domain) => (domain.name === "" ? "(null)" : domain.name);

/** domain_text: a domain as words for a message. */
export function domainText(run: ScriptRun, domain: Domain): string {
  const { state, reason, seconds } = domainRow(run.world, run.host, domain);
  return `domain ${domain.id} is called ${shownName(domain)}, state ${state}${reason}, ${seconds} s of CPU time`;
}

/** domain_runs: neither paused, shut down nor dying. */
export const domainRuns = (domain: Domain) => !domain.paused && domain.shutdown === undefined && !domain.dying;

/** require_toolstack */
export function requireToolstack(run: ScriptRun): void {
  if (toolstackOf(run.host) === "none") refuse(run, "ToolMissing", "neither xl nor xm is installed");
}

/** The error of xl and xm where they cannot reach Xen; undefined where they can. */
export function toolstackTrouble(host: Host): string | undefined {
  if (!host.hypervisor.running) {
    return [
      "xencall: error: Could not obtain handle on privileged command interface: No such file or directory",
      "libxl: error: libxl.c:102:libxl_ctx_alloc: cannot open libxc handle: No such file or directory",
      "cannot init xl context",
    ].join("\n");
  }
  if (host.running.xen.services.get("xencommons") === "active") return undefined;
  return "libxl: error: libxl.c:102:libxl_ctx_alloc: cannot connect to xenstore";
}

/** list_domains: all but Domain-0; ends the script where the toolstack does not answer. */
export function listDomains(run: ScriptRun): readonly Domain[] {
  const trouble = toolstackTrouble(run.host);
  if (trouble === undefined) return [...run.host.running.xen.domains.values()];
  if (!run.host.hypervisor.running) refuse(run, "NotDom0", `this host is not a dom0: ${trouble}`);
  return fail(run, `cannot tell which domains there are: ${trouble}`);
}

/** find_domain: how many domains have the UUID, and the last of them. A dying one is only returned as `remains`. */
export function findDomain(
  run: ScriptRun,
  uuid: string,
): { readonly count: number; readonly domain: Domain | undefined; readonly remains: Domain | undefined } {
  const all = listDomains(run).filter((domain) => domain.configuration.uuid === uuid);
  const found = all.filter((domain) => !domain.dying);
  return { count: found.length, domain: found.at(-1), remains: all.findLast((domain) => domain.dying) };
}

/** named: a domain with this name but another UUID. */
export const otherNamed = (run: ScriptRun, name: string, uuid: string): Domain | undefined =>
  listDomains(run).find((domain) => shownName(domain) === name && domain.configuration.uuid !== uuid);
