import type { AoeServerSpec } from "../../api/aoe-server.ts";
import type { Reason } from "../../api/reasons.ts";
import type { XenHostSpec } from "../../api/xen-host.ts";
import { type AoeDriver, deafness, type HostFacts, hasApt } from "../../host/facts.ts";

// Why a machine cannot serve or use AoE.

/** What is wrong, and the message, which begins with a small letter unless a name comes first. */
export interface AoeProblem {
  readonly reason: Reason;
  readonly message: string;
}

/** Why no vblade can be started on this interface of the server; undefined when one can. */
export function serverProblem(spec: AoeServerSpec, facts: HostFacts, netif: string): AoeProblem | undefined {
  const tool = missingVblade(spec, facts);
  if (tool !== undefined) return { reason: "ServerNotReady", message: tool };
  const link = interfaceProblem(facts, netif);
  return link === undefined || netif !== spec.interfaces[0]?.name ? link : { ...link, reason: "ServerNotReady" };
}

/** Why a server cannot run vblade at all; undefined when it can. */
export function missingVblade(spec: AoeServerSpec, facts: HostFacts): string | undefined {
  const { tools } = facts;
  if (tools.state !== "known") return `the installed programs are unknown${why(tools)}`;
  if (tools.value.has("vblade")) return undefined;
  if (spec.packages === "Manage" && hasApt(facts)) return "vblade is not installed yet";
  return "vblade is not installed: install it on the host (on Debian: apt-get install vblade)";
}

/** Why no client could hear an export on this interface; undefined when one can. */
export const interfaceProblem = (facts: HostFacts, name: string): AoeProblem | undefined =>
  absentProblem(facts, [name], "the interface in the spec") ?? linkProblem(facts, [name]);

/** A problem of an AoE client. `sees`: the host sees its volumes nevertheless, at least until the next reboot. */
export type ClientProblem = AoeProblem & { readonly sees?: boolean };

/** Why the host cannot see any volume now; undefined when it can. */
export function initiatorProblem(spec: XenHostSpec, facts: HostFacts): string | undefined {
  const problem = clientProblem(spec, facts);
  return problem === undefined || problem.sees === true ? undefined : problem.message;
}

/** Why a dom0 is not the AoE client that its spec wants; undefined when it is. */
export function clientProblem(spec: XenHostSpec, facts: HostFacts): ClientProblem | undefined {
  const wanted = spec.aoe.interfaces;
  const absent = absentProblem(facts, wanted, "spec.aoe.interfaces");
  if (absent !== undefined) return { ...absent, message: sentence(absent.message) };
  if (facts.aoe.state === "unknown")
    return { reason: "FactsUnknown", message: `The state of the AoE driver is unknown${why(facts.aoe)}` };
  if (facts.aoe.state === "absent" || facts.aoe.value.kernelConfig === "Missing")
    return {
      reason: "KernelWithoutAoe",
      message: "The kernel is built without CONFIG_ATA_OVER_ETH: boot a kernel that has it, such as Debian's",
    };
  const missing = missingAoetools(facts);
  if (missing.length > 0)
    return {
      reason: "PackagesMissing",
      message:
        spec.packages === "Manage" && hasApt(facts)
          ? "aoetools is not installed yet"
          : `${missing.join(", ")} not found: install aoetools on the host`,
    };
  const link = linkProblem(facts, wanted);
  return link === undefined ? driverProblem(facts.aoe.value, wanted) : { ...link, message: sentence(link.message) };
}

function driverProblem(driver: AoeDriver, wanted: readonly string[]): ClientProblem | undefined {
  const say = (message: string) => ({ reason: "DriverNotPrepared", message }) as const;
  if (!driver.loaded) return say("The aoe module is not loaded");
  if (!sameSet(driver.interfaces, wanted))
    return {
      ...say(
        `The aoe module uses ${driver.interfaces.join(", ") || "every interface"} instead of ${wanted.join(", ")}`,
      ),
      sees: driver.interfaces.length === 0 || wanted.every((name) => driver.interfaces.includes(name)),
    };
  if (!isPersisted(driver, wanted))
    return { ...say("The aoe module would not be loaded in the same way after a reboot"), sees: true };
  return undefined;
}

/** Programs of the package aoetools that a dom0 needs and does not have; none if its programs are unknown. */
export function missingAoetools({ tools }: HostFacts): string[] {
  return tools.state === "known" ? ["aoe-discover", "aoe-revalidate"].filter((name) => !tools.value.has(name)) : [];
}

/** Whether the driver is bound to exactly these interfaces, now and at boot. */
export const isPrepared = (driver: AoeDriver, wanted: readonly string[]): boolean =>
  driver.loaded && sameSet(driver.interfaces, wanted) && isPersisted(driver, wanted);

const isPersisted = (driver: AoeDriver, wanted: readonly string[]) =>
  driver.persisted && sameSet(driver.persistedInterfaces, wanted);

const sameSet = (one: readonly string[], other: readonly string[]) =>
  one.length === other.length && one.every((name) => other.includes(name));

/** Which of these interfaces the host does not have. `field`: where a person corrects them. */
function absentProblem({ interfaces }: HostFacts, names: readonly string[], field: string): AoeProblem | undefined {
  if (interfaces.state !== "known")
    return { reason: "FactsUnknown", message: `the network interfaces are unknown${why(interfaces)}` };
  const present = interfaces.value.map(({ name }) => name);
  const absent = names.filter((name) => !present.includes(name));
  if (absent.length === 0) return undefined;
  const what =
    absent.length === 1
      ? `network interface ${absent.join()} does not exist`
      : `missing network interfaces: ${absent.join(", ")}`;
  return {
    reason: "InterfaceMissing",
    message: `${what}; the host has ${present.join(", ") || "none"}: correct ${field}`,
  };
}

/** Why those of these interfaces that the host has carry no AoE frames: one does not, or none has a carrier. */
function linkProblem({ interfaces }: HostFacts, names: readonly string[]): AoeProblem | undefined {
  const own = interfaces.state === "known" ? interfaces.value.filter(({ name }) => names.includes(name)) : [];
  const deaf = own.map(deafness).find((text) => text !== undefined);
  if (deaf !== undefined) return { reason: "InterfaceIsPort", message: deaf };
  const down = own.filter(({ adminUp }) => !adminUp).map(({ name }) => name);
  if (down.length > 0)
    return {
      reason: "InterfaceDown",
      message:
        down.length === 1
          ? `network interface ${down.join()} is down`
          : `network interfaces that are down: ${down.join(", ")}`,
    };
  if (own.some(({ carrier }) => carrier !== false)) return undefined;
  const silent =
    names.length === 1 ? `network interface ${names.join()} has no carrier` : `no carrier on: ${names.join(", ")}`;
  return { reason: "InterfaceDown", message: `${silent}: check the cable and the switch` };
}

const why = (fact: { readonly state: string; readonly why?: string }) =>
  fact.why === undefined ? "" : `: ${fact.why}`;

/** The message with a capital first letter. */
export const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
