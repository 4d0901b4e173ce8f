import type { AoeServerSpec } from "../../api/aoe-server.ts";
import type { Reason } from "../../api/reasons.ts";
import { installPackages, interfaceUp } from "../../host/actions.ts";
import { deafness, type HostFacts, hasApt } from "../../host/facts.ts";
import { exclusive, type Step } from "../hosts/step.ts";
import type { ServerObservation } from "./observe.ts";

interface Problem {
  readonly reason: Reason;
  readonly message: string;
}

/** Why no vblade can be started on this interface of the server; undefined when one can. */
export function serverProblem(spec: AoeServerSpec, facts: HostFacts, netif: string): Problem | undefined {
  const tool = missingTool(spec, facts);
  if (tool !== undefined) return { reason: "ServerNotReady", message: tool };
  const link = interfaceProblem(facts, netif);
  return link === undefined || netif !== spec.interfaces[0]?.name ? link : { ...link, reason: "ServerNotReady" };
}

function missingTool(spec: AoeServerSpec, facts: HostFacts): string | undefined {
  const { tools } = facts;
  if (tools.state !== "known")
    return `the installed programs are unknown${tools.state === "unknown" ? `: ${tools.why}` : ""}`;
  if (tools.value.has("vblade")) return undefined;
  if (spec.packages === "Manage" && hasApt(facts)) return "vblade is not installed yet";
  return "vblade is not installed: install it on the host (on Debian: apt-get install vblade)";
}

/** Why no client could hear an export on this interface; undefined when one can. */
export function interfaceProblem({ interfaces }: HostFacts, name: string): Problem | undefined {
  if (interfaces.state !== "known") {
    const why = interfaces.state === "unknown" ? `: ${interfaces.why}` : "";
    return { reason: "FactsUnknown", message: `the network interfaces are unknown${why}` };
  }
  const found = interfaces.value.find((one) => one.name === name);
  const names = interfaces.value.map((one) => one.name).join(", ") || "none";
  if (found === undefined)
    return {
      reason: "InterfaceMissing",
      message: `network interface ${name} does not exist; the host has ${names}: correct the interface in the spec`,
    };
  const deaf = deafness(found);
  if (deaf !== undefined) return { reason: "InterfaceIsPort", message: deaf };
  if (!found.adminUp) return { reason: "InterfaceDown", message: `network interface ${name} is down` };
  if (found.carrier === false)
    return {
      reason: "InterfaceDown",
      message: `network interface ${name} has no carrier: check the cable and the switch`,
    };
  return undefined;
}

/** The steps that prepare a server, and the problem that prevents it. */
export interface ServerPlan {
  readonly steps: readonly Step[];
  /** What is wrong, and whether a person must act. */
  readonly problem: Problem | undefined;
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
  const tool = missingTool(spec, facts);
  if (tool !== undefined) return { steps, problem: { reason: "PackagesMissing", message: sentence(tool) } };
  for (const { name } of spec.interfaces) {
    const link = interfaceProblem(facts, name);
    if (link !== undefined) return { steps, problem: { ...link, message: sentence(link.message) } };
  }
  return { steps, problem: undefined };
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
