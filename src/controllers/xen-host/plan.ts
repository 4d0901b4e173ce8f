import type { HostPlan } from "../host-reconciler.ts";
import { planDrain } from "./drain.ts";
import { planInitiator } from "./initiator.ts";
import type { HostObservation } from "./observe.ts";
import { planRelocation, type RelocationPlan } from "./relocation.ts";
import { planToolstack } from "./toolstack.ts";
import { watchdogCondition } from "./watchdog.ts";
import { planXend } from "./xend.ts";

/** Conditions besides those that every machine has. */
export const aspects = ["ToolstackReady", "RelocationReady", "WatchdogReady", "Drained"];

/** Plans a dom0 of the rack: an AoE client, with a toolstack, open to the hosts that may migrate domains to it. */
export function planHost(seen: HostObservation): HostPlan & Pick<RelocationPlan, "verifying"> {
  const { host, name, spec, facts } = seen;
  const initiator = planInitiator(host, spec, facts);
  const toolstack = planToolstack(host, spec, facts);
  const relocation = relocate(seen);
  return {
    steps: [...initiator.steps, ...toolstack.steps, ...relocation.steps],
    problem: initiator.problem,
    conditions: [
      toolstack.condition,
      relocation.condition,
      watchdogCondition(name, facts, seen.watchdogBoundMs),
      planDrain(name, seen.drain).condition,
    ],
    required: ["ToolstackReady", ...(spec.relocation.mode === "Enabled" ? ["RelocationReady"] : [])],
    verifying: relocation.verifying,
  };
}

/** Relocation with the keys of xl, or with the server of xend. */
function relocate({ host, spec, facts, relocation, password }: HostObservation): RelocationPlan {
  const { toolstack } = facts;
  return toolstack.state === "known" && toolstack.value.kind === "xm"
    ? { ...planXend(host, spec, toolstack.value, relocation, password), verifying: new Map() }
    : planRelocation(host, spec, facts, relocation);
}

/** The condition that a step without effect changes; undefined: the one that says whether the machine is prepared. */
export const conditionOf = (action: string): string | undefined =>
  ({
    "prepare-toolstack": "ToolstackReady",
    "configure-xend": "RelocationReady",
    "prepare-relocation": "RelocationReady",
    "verify-relocation": "RelocationReady",
  })[action];
