import type { XenHostSpec } from "../../api/xen-host.ts";
import { installPackages, interfaceUp, prepareInitiator } from "../../host/actions.ts";
import { type HostFacts, hasApt } from "../../host/facts.ts";
import { type ClientProblem, clientProblem, isPrepared, missingAoetools } from "../hosts/aoe-ready.ts";
import { exclusive, type Step } from "../hosts/step.ts";
import type { HostRef } from "../identity.ts";

/** The steps that make a dom0 an AoE client, and the problem that prevents it. */
export interface InitiatorPlan {
  readonly steps: readonly Step[];
  readonly problem: ClientProblem | undefined;
}

/**
 * Plans an AoE client: interfaces up, aoetools installed, the driver bound to exactly these interfaces, now and at
 * boot.
 */
export function planInitiator(host: HostRef, spec: XenHostSpec, facts: HostFacts): InitiatorPlan {
  const steps: Step[] = [];
  const wanted = spec.aoe.interfaces;
  if (missingAoetools(facts).length > 0 && spec.packages === "Manage" && hasApt(facts))
    steps.push(exclusive(host, installPackages(["aoetools"])));
  const present = facts.interfaces.state === "known" ? facts.interfaces.value : [];
  const known = wanted.filter((name) => present.some((one) => one.name === name));
  for (const { name } of present.filter((one) => wanted.includes(one.name) && !one.adminUp))
    steps.push(exclusive(host, interfaceUp(name)));
  const problem = clientProblem(spec, facts);
  const driver = facts.aoe.state === "known" ? facts.aoe.value : undefined;
  if (
    driver !== undefined &&
    driver.kernelConfig !== "Missing" &&
    known.length === wanted.length &&
    !isPrepared(driver, wanted)
  )
    steps.push(exclusive(host, prepareInitiator({ interfaces: wanted })));
  return { steps, problem };
}
