import { type Reason, reasons } from "../../api/reasons.ts";
import type { HostCommand, Outcome } from "../../host/command.ts";
import type { Target } from "../../host/values.ts";
import { type HostRef, hostText, type ObjectRef } from "../identity.ts";

/** One thing to do on one host: an element of a plan, as a value. */
export interface Step {
  /** The AoeServer or XenHost. */
  readonly host: HostRef;
  /** Name of the script, for messages and metrics. */
  readonly action: string;
  /** What will be true afterwards. */
  readonly summary: string;
  readonly command: HostCommand;
  /** The step stops or resizes what a client might hold: the clients are probed again before it runs. */
  readonly interrupts?: boolean;
  /** Nothing else may change the host meanwhile, because the step changes packages, modules or interfaces. */
  readonly exclusive?: boolean;
  /** Joins waiting steps of the same action on the same host. */
  readonly merge?: Merge;
  /** A probe of what runs shows its whole effect to the object for which it is done. */
  readonly shownBy?: "Running";
}

/** A step that runs a command. */
export const stepOf = (host: HostRef, command: HostCommand): Step => ({
  host,
  action: command.script.name,
  summary: command.ensures,
  command,
});

/** A step during which no other runs on the host. */
export const exclusive = (host: HostRef, command: HostCommand): Step => ({ ...stepOf(host, command), exclusive: true });

/** Whether the step runs on this host. */
export const isOn = ({ host }: Pick<Step, "host">, { kind, name }: HostRef): boolean =>
  host.kind === kind && host.name === name;

/** How a step serves many targets at once. */
export interface Merge {
  readonly targets: readonly Target[];
  readonly command: (targets: readonly Target[]) => HostCommand;
}

/**
 * How a step ended. `lost`: the command had no exit status, and its effect is unknown until the next probe. `withheld`:
 * it was never sent.
 */
export type StepOutcome =
  | Outcome
  | { readonly kind: "lost"; readonly reason: Reason; readonly message: string }
  | { readonly kind: "withheld"; readonly reason: Reason; readonly message: string };

/** A step that has ended, and its outcome. */
export interface StepResult {
  readonly step: Step;
  readonly outcome: StepOutcome;
  /** Monotonic milliseconds. */
  readonly at: number;
}

/** The outcome of a step on a machine that is only observed. `observer`: the object that says so. */
export const observeOnly = (observer: ObjectRef): Extract<StepOutcome, { kind: "withheld" }> => ({
  kind: "withheld",
  reason: "ObserveOnly",
  message: observeOnlyMessage(observer),
});

/** Names the machine's object, the field and the value that would allow the step. */
export const observeOnlyMessage = ({ kind, name }: ObjectRef): string =>
  `spec.management of ${kind} ${name} is Observe, so xensan changes nothing on that host; set Manage to allow it`;

/** The steps as text: equal texts do the same. */
export function wordsOf(steps: readonly Step[]): string {
  return JSON.stringify(steps.map(({ command }) => [command.script.name, ...command.args]));
}

/** A step without effect, as reason and message of a condition. */
export function explainOutcome(
  step: Step,
  outcome: StepOutcome,
): { readonly reason: Reason; readonly message: string } {
  const what = `${step.action} on ${hostText(step.host)}`;
  switch (outcome.kind) {
    case "refused":
      return { reason: outcome.reason, message: `${outcome.message}${advice(outcome.reason)}` };
    case "busy":
      return { reason: "HostBusy", message: `${what} waits: ${outcome.message}` };
    case "failed":
      return { reason: "StepFailed", message: `${what} failed with exit code ${outcome.exitCode}: ${outcome.message}` };
    case "lost":
      return { reason: outcome.reason, message: `${what} returned no answer: ${outcome.message}` };
    case "withheld":
      return { reason: outcome.reason, message: `${what} would run (${step.summary}): ${outcome.message}` };
    case "done":
      return {
        reason: "NoEffect",
        message: `${what} reported success (${outcome.detail}), but the host does not show the effect: ${step.summary}`,
      };
  }
}

/** The action that the catalogue of reasons advises. */
export function advice(reason: Reason): string {
  const known: Readonly<Record<string, { readonly action: string }>> = reasons;
  const action = known[reason]?.action;
  return action === undefined || action.startsWith("Nothing") ? "" : `. ${action}`;
}
