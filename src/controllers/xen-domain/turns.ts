import type { XenDomain } from "../../api/kinds.ts";
import { quantityBytes } from "../../api/quantity.ts";
import type { XenDomainSpec, XenDomainStatus } from "../../api/xen-domain.ts";
import type { ConditionUpdate } from "../../runtime/conditions.ts";
import { keyOf, keyString } from "../../runtime/kube-api.ts";
import { merged } from "../converge.ts";
import { no } from "../finding.ts";
import { rests } from "../gate.ts";
import { isOn, type Step } from "../hosts/step.ts";
import { isSameRef, type ObjectRef, refTo, xenHost } from "../identity.ts";
import type { Pass } from "../reconciler.ts";
import type { World } from "../world.ts";
import { jobs } from "./jobs.ts";
import type { DomainObservation } from "./observation.ts";
import type { DomainPlan } from "./plan.ts";
import type { Starts } from "./starts.ts";

/** How often a waiting domain asks for its turn, seconds. */
export const turnSeconds = 2;

/** Removes a start whose turn has not come from the plan. `starts`: undefined while nothing is done for the domain. */
export function inTurn(
  world: World,
  { ref, object }: Pass<XenDomain, XenDomainSpec, XenDomainStatus>,
  domain: DomainObservation,
  plan: DomainPlan,
  starts: Starts | undefined,
): DomainPlan {
  const start = plan.steps.find(({ action }) => action === "start-domain");
  if (start === undefined || starts === undefined || isObserved(domain, start)) {
    starts?.end(ref);
    return plan;
  }
  const on = refTo(start.host.kind, ref.namespace, start.host.name);
  const without = (condition?: ConditionUpdate): DomainPlan => ({
    conditions: merged(plan.conditions, condition === undefined ? [] : [condition]),
    steps: plan.steps.filter((step) => step !== start),
    waits: true,
  });
  // A start that was begun on one host is not begun on another that has more room by now.
  const begun = starts.hostOf(ref);
  if (begun !== undefined && !isSameRef(begun, on) && isBeingStarted(domain, begun)) return without();
  // A failed start takes no turn before it is tried again; the gate reports why it was not started.
  const [job] = jobs(ref, domain, plan.steps).filter(({ steps }) => steps.includes(start));
  if (begun === undefined && job !== undefined && rests(world, job)) {
    starts.end(ref);
    return plan;
  }
  const request = {
    host: on,
    uuid: domain.uuid,
    mebibytes: Math.ceil(quantityBytes(domain.spec.memory) / 2 ** 20),
    rank: {
      priority: domain.spec.priority,
      created: object.metadata.creationTimestamp ?? "",
      name: keyString(keyOf(object)),
    },
    again: domain.recorded.host !== undefined,
  };
  const wait = starts.ask(ref, request, world.clock.monotonic());
  if (wait === undefined) return plan;
  return without(no("Running", "StartQueued", `The domain will be started on ${on.name}: ${wait}`));
}

/** True if the step is not done because its machine is only observed. */
export const isObserved = ({ hosts }: DomainObservation, step: Step): boolean =>
  hosts.some(
    ({ name, machine }) =>
      isOn(step, xenHost(name)) && machine.state === "Found" && machine.watched.observer !== undefined,
  );

/** True if its start was handed over there, and no probe has shown yet how it ended. */
export const isBeingStarted = ({ hosts }: DomainObservation, host: ObjectRef | undefined): boolean =>
  hosts.some(({ name, machine }) => host?.name === name && machine.state === "Found" && machine.busy);
