import type { Reason } from "../../api/reasons.ts";
import type { XenHostSpec } from "../../api/xen-host.ts";
import { installPackages, interfaceUp, prepareInitiator } from "../../host/actions.ts";
import { type AoeDriver, deafness, type HostFacts, hasApt } from "../../host/facts.ts";
import { exclusive, type Step } from "../hosts/step.ts";
import type { HostRef } from "../identity.ts";

/** Programs of the package aoetools that a dom0 needs. */
const tools = ["aoe-discover", "aoe-revalidate"];

/** The steps that make a dom0 an AoE client, and the problem that prevents it. */
export interface InitiatorPlan {
  readonly steps: readonly Step[];
  /** `sees`: the host sees its volumes nevertheless, at least until the next reboot. */
  readonly problem: { readonly reason: Reason; readonly message: string; readonly sees?: boolean } | undefined;
}

/**
 * Plans an AoE client: interfaces up, aoetools installed, the driver bound to exactly these interfaces, now and at
 * boot.
 */
export function planInitiator(host: HostRef, spec: XenHostSpec, facts: HostFacts): InitiatorPlan {
  const steps: Step[] = [];
  const wanted = spec.aoe.interfaces;
  const missing = missingTools(facts);
  if (missing.length > 0 && spec.packages === "Manage" && hasApt(facts))
    steps.push(exclusive(host, installPackages(["aoetools"])));
  const present = facts.interfaces.state === "known" ? facts.interfaces.value : [];
  const known = wanted.filter((name) => present.some((one) => one.name === name));
  for (const { name } of present.filter((one) => wanted.includes(one.name) && !one.adminUp))
    steps.push(exclusive(host, interfaceUp(name)));
  const problem = problemOf(spec, facts);
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

/** Why the host cannot see any volume now; undefined when it can. */
export function initiatorProblem(spec: XenHostSpec, facts: HostFacts): string | undefined {
  const problem = problemOf(spec, facts);
  return problem === undefined || problem.sees === true ? undefined : problem.message;
}

function problemOf(spec: XenHostSpec, facts: HostFacts): InitiatorPlan["problem"] {
  const say = (reason: Reason, message: string) => ({ reason, message });
  const wanted = spec.aoe.interfaces;
  if (facts.interfaces.state !== "known")
    return say("FactsUnknown", `The network interfaces are unknown${why(facts.interfaces)}`);
  const present = facts.interfaces.value;
  const absent = wanted.filter((name) => !present.some((one) => one.name === name));
  if (absent.length > 0)
    return say(
      "InterfaceMissing",
      `Network interface ${absent.join(", ")} does not exist; the host has ${present.map(({ name }) => name).join(", ") || "none"}: correct spec.aoe.interfaces`,
    );
  if (facts.aoe.state === "unknown")
    return say("FactsUnknown", `The state of the AoE driver is unknown${why(facts.aoe)}`);
  if (facts.aoe.state === "absent" || facts.aoe.value.kernelConfig === "Missing")
    return say(
      "KernelWithoutAoe",
      "The kernel is built without CONFIG_ATA_OVER_ETH: boot a kernel that has it, such as Debian's",
    );
  const missing = missingTools(facts);
  if (missing.length > 0)
    return say(
      "PackagesMissing",
      spec.packages === "Manage" && hasApt(facts)
        ? "aoetools is not installed yet"
        : `${missing.join(", ")} not found: install aoetools on the host`,
    );
  const own = present.filter(({ name }) => wanted.includes(name));
  const deaf = own.map(deafness).find((text) => text !== undefined);
  if (deaf !== undefined) return say("InterfaceIsPort", `N${deaf.slice(1)}`);
  const down = own.filter(({ adminUp }) => !adminUp).map(({ name }) => name);
  if (down.length > 0) return say("InterfaceDown", `Network interface ${down.join(", ")} is down`);
  if (own.every(({ carrier }) => carrier === false))
    return say(
      "InterfaceDown",
      `Network interface ${wanted.join(", ")} has no carrier: check the cable and the switch`,
    );
  const driver = facts.aoe.value;
  if (!driver.loaded) return say("DriverNotPrepared", "The aoe module is not loaded");
  if (!sameSet(driver.interfaces, wanted))
    return {
      ...say(
        "DriverNotPrepared",
        `The aoe module uses ${driver.interfaces.join(", ") || "every interface"} instead of ${wanted.join(", ")}`,
      ),
      sees: driver.interfaces.length === 0 || wanted.every((name) => driver.interfaces.includes(name)),
    };
  if (!isPersisted(driver, wanted))
    return {
      ...say("DriverNotPrepared", "The aoe module would not be loaded in the same way after a reboot"),
      sees: true,
    };
  return undefined;
}

const why = (fact: { state: string; why?: string }) => (fact.why === undefined ? "" : `: ${fact.why}`);

function missingTools({ tools: present }: HostFacts): string[] {
  return present.state === "known" ? tools.filter((name) => !present.value.has(name)) : [];
}

const isPrepared = (driver: AoeDriver, wanted: readonly string[]) =>
  driver.loaded && sameSet(driver.interfaces, wanted) && isPersisted(driver, wanted);

const isPersisted = (driver: AoeDriver, wanted: readonly string[]) =>
  driver.persisted && sameSet(driver.persistedInterfaces, wanted);

const sameSet = (one: readonly string[], other: readonly string[]) =>
  one.length === other.length && one.every((name) => other.includes(name));
