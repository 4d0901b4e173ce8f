import type { Domain } from "../model/state.ts";
import type { ScriptRun } from "../script.ts";
import { refuse } from "./answer.ts";
import { domainText, shownName } from "./domain-rows.ts";

/** at_work of xen-processes.sh: a process that runs one of these verbs, on one of the names if any are given. */
export function atWork(run: ScriptRun, verbs: readonly string[], names?: readonly string[]): string | undefined {
  for (const [pid, { verb, name }] of run.host.running.xen.processes) {
    if (!verbs.includes(verb) || (names !== undefined && !names.includes(name))) continue;
    return `process ${pid} (${verb})`;
  }
  return undefined;
}

/** Whether a domain is on its way to or from another host, by its name. */
export const movesByName = (domain: Domain) =>
  /--(incoming|migratedaway)$|^\(null\)$|^migrating-/.test(shownName(domain));

/** Refuses a domain that is on its way to or from another host, by its name or by a process that moves it. */
export function notMoving(run: ScriptRun, domain: Domain, verbs: readonly string[]): void {
  if (movesByName(domain)) refuse(run, "DomainMigrating", domainText(run, domain));
  const worker = atWork(run, verbs, [String(domain.id), shownName(domain)]);
  if (worker !== undefined) refuse(run, "DomainMigrating", `${worker} is moving the domain`);
}
