import type { Step } from "../../../src/controllers/hosts/step.ts";
import { hostText } from "../../../src/controllers/identity.ts";
import type { ConditionUpdate } from "../../../src/runtime/conditions.ts";

/** A whole decision for comparison: a condition as `Type Status Reason: message`, a step as its command line. */
export const decision = <
  T extends { readonly conditions: readonly ConditionUpdate[]; readonly steps: readonly Step[] },
>(
  finding: T,
) => ({
  ...finding,
  conditions: finding.conditions.map(({ type, status, reason, message }) => `${type} ${status} ${reason}: ${message}`),
  steps: finding.steps.map(stepLine),
});

/** `interrupting exclusive HOST SCRIPT ARGUMENTS… [work]`, the first two words only if they apply. */
const stepLine = ({ host, command, interrupts, exclusive, ...rest }: Step & { readonly work?: string }): string =>
  [
    ...(interrupts === true ? ["interrupting"] : []),
    ...(exclusive === true ? ["exclusive"] : []),
    ...[hostText(host), command.script.name, ...command.args],
    ...(rest.work === undefined || rest.work === "" ? [] : [`[${rest.work}]`]),
  ].join(" ");
