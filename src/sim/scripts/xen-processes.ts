import type { Domain } from "../model/xen-state.ts";
import type { ScriptRun } from "../process.ts";
import { refuse } from "./answer.ts";

/** at_work of xen-processes.sh: one of these verbs is at work, about one of the names when any is given. */
export function atWork(run: ScriptRun, verbs: readonly string[], names?: readonly string[]): string | undefined {
  for (const [pid, { verb, name }] of run.host.running.xen.processes) {
    if (!verbs.includes(verb) || (names !== undefined && !names.includes(name))) continue;
    return `process ${pid} (${verb})`;
  }
  return undefined;
}

export function domainText(domain: Domain): string {
  const state = domain.paused ? "paused" : (domain.shutdown ?? "running");
  return `domain ${domain.id} is called ${domain.name || "(null)"}, state ${state}`;
}

/** Refuses what is on its way to or from another host by its name, or by a process that moves it. */
export function notMoving(run: ScriptRun, domain: Domain, verbs: readonly string[]): void {
  const byName = domain.name === "" || /--(incoming|migratedaway)$/.test(domain.name);
  if (byName || domain.name.startsWith("migrating-")) refuse(run, "DomainMigrating", domainText(domain));
  const worker = atWork(run, verbs, [String(domain.id), domain.name]);
  if (worker !== undefined) refuse(run, "DomainMigrating", `${worker} moves the domain`);
}
