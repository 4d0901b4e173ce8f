import type { Reason } from "../api/reasons.ts";
import type { EventInput } from "../runtime/events.ts";
import type { StepResult } from "./hosts/step.ts";
import { hostText } from "./identity.ts";

/** One reason for all that a step may have done, or one per first word of its detail; other details have no reason. */
type EventReason = Reason | Readonly<Record<string, Reason>>;

/** The reason of the event for what a step did on a host, by the name of its script. */
export const eventReasons: Readonly<Record<string, EventReason>> = {
  "claim-machine": "Claimed",
  "install-packages": "PackagesInstalled",
  "interface-up": "InterfaceUp",
  "ensure-file": { created: "BackingCreated", grown: "BackingGrown" },
  "ensure-logical-volume": { created: "BackingCreated", grown: "BackingGrown" },
  "delete-file": "BackingDeleted",
  "delete-logical-volume": "BackingDeleted",
  "ensure-export": "Exported",
  "remove-export": "Unexported",
  "prepare-initiator": "InitiatorPrepared",
  discover: "Discovered",
  revalidate: "Revalidated",
  "prepare-toolstack": "ToolstackPrepared",
  "prepare-relocation": "RelocationPrepared",
  "verify-relocation": "RelocationVerified",
  "configure-xend": "XendConfigured",
  "configure-cluster": "Configured",
  "cluster-online": "Online",
  "remove-cluster": "ClusterRemoved",
  "format-filesystem": "Formatted",
  "mount-filesystem": "Mounted",
  "unmount-filesystem": "Unmounted",
  "grow-filesystem": "FilesystemGrown",
  "add-node-slots": "NodeSlotsAdded",
  "write-domain-configuration": "ConfigurationWritten",
  "remove-domain-configuration": "ConfigurationRemoved",
  "ensure-image": { created: "ImageCreated", copied: "ImageCopied", grown: "ImageGrown" },
  "delete-image": "ImageDeleted",
  "start-domain": "Started",
  "stop-domain": { stopped: "DomainStopped", waiting: "Stopping" },
  "take-domain-lock": "LockTaken",
  "hold-lease": "LeaseHeld",
  "end-lease": "LeaseEnded",
  "start-migration": "MigrationStarted",
  // Migrations record their own events.
  "record-migration": {},
  "abort-migration": { aborted: "MigrationAborted" },
  "settle-migration": "MigrationSettled",
};

/** The reason of the event for a step that ended with this detail; undefined when it changed nothing. */
export function eventReasonOf(action: string, detail: string): string | undefined {
  const [word = ""] = detail.split(" ");
  if (word === "unchanged" || word === "absent") return undefined;
  const reason = eventReasons[action] ?? pascal(action);
  return typeof reason === "string" ? reason : reason[word];
}

/** Turns `ensure-export` into `EnsureExport`, the `action` of events. */
const pascal = (name: string): string =>
  name.replace(/(^|-)([a-z])/g, (_all, _dash, letter: string) => letter.toUpperCase());

/** The event for a successful step, for the object for which it was done. */
export function stepEvent({ step, outcome }: StepResult): EventInput | undefined {
  if (outcome.kind !== "done") return undefined;
  const reason = eventReasonOf(step.action, outcome.detail);
  if (reason === undefined) return undefined;
  return { type: "Normal", reason, action: pascal(step.action), note: `${hostText(step.host)}: ${step.summary}` };
}
