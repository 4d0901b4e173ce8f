import { installPackages, interfaceUp } from "../../host/actions.ts";
import { hasApt } from "../../host/facts.ts";
import { type AoeProblem, interfaceProblem, missingVblade, sentence } from "../hosts/aoe-ready.ts";
import { exclusive, type Step } from "../hosts/step.ts";
import type { ServerObservation } from "./observe.ts";

/** The steps that prepare a server, and the problem that prevents it. */
export interface ServerPlan {
  readonly steps: readonly Step[];
  /** What is wrong, and whether a person must act. */
  readonly problem: AoeProblem | undefined;
}

/** Plans an AoE server: vblade installed, the interfaces up. */
export function planServer({ host, spec, facts }: ServerObservation): ServerPlan {
  const steps: Step[] = [];
  const { tools, interfaces } = facts;
  if (tools.state === "known" && !tools.value.has("vblade") && spec.packages === "Manage" && hasApt(facts))
    steps.push(exclusive(host, installPackages(["vblade"])));
  for (const { name } of spec.interfaces) {
    const netif = interfaces.state === "known" ? interfaces.value.find((one) => one.name === name) : undefined;
    if (netif !== undefined && !netif.adminUp) steps.push(exclusive(host, interfaceUp(name)));
  }
  const tool = missingVblade(spec, facts);
  if (tool !== undefined) return { steps, problem: { reason: "PackagesMissing", message: sentence(tool) } };
  for (const { name } of spec.interfaces) {
    const link = interfaceProblem(facts, name);
    if (link !== undefined) return { steps, problem: { ...link, message: sentence(link.message) } };
  }
  return { steps, problem: undefined };
}
