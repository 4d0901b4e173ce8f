import type { Condition } from "../../api/conditions.ts";
import type { Host, Server } from "../entity.ts";
import { type CheckResult, failed, passed, unknown } from "./result.ts";

/**
 * Checks of each machine by its object: whether it answers, and whether it is prepared. `qualified`: with its
 * namespace.
 */
export function checkHosts(machines: readonly (Server | Host)[], qualified = false): CheckResult[] {
  return machines.map((machine) => ({
    ...checkMachine(machine),
    ...(qualified ? { namespace: machine.namespace } : {}),
  }));
}

function checkMachine(machine: Server | Host): CheckResult {
  const name = `${machine.kind.toLowerCase()}/${machine.name}`;
  const said = (type: string) => machine.conditions.find((condition) => condition.type === type);
  const [reachable, ready] = [said("Reachable"), said("Ready")];
  const advice = `xensan why ${name} -n ${machine.namespace}`;
  if (!machine.spec.ok) return failed(name, "its spec is not valid", advice);
  if (reachable === undefined) return unknown(name, "no operator has checked the host yet", advice);
  const probed = machine.status?.lastProbeTime;
  const when = probed === undefined ? "" : `, seen ${probed}`;
  const bad = [reachable, ready].find((condition): condition is Condition => condition?.status === "False");
  if (bad !== undefined) return failed(name, `${bad.reason}: ${bad.message}${when}`, advice);
  const open = [reachable, ready].find((condition): condition is Condition => condition?.status === "Unknown");
  if (open !== undefined) return unknown(name, `${open.reason}: ${open.message}${when}`, advice);
  return passed(name, `answers and is prepared${when}`);
}
