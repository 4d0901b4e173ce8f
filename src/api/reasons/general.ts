import { correctSpec, nothing, type ReasonEntry } from "./entry.ts";

const any = ["Ready", "Succeeded"];

/** Reasons of every object: its lifecycle, and failed steps on hosts. */
export const general = {
  Pending: { conditions: ["every type"], meaning: "The operator has not checked the object yet.", action: nothing },
  Ready: { conditions: ["Ready"], meaning: "The observed state matches the spec.", action: "Nothing." },
  InvalidSpec: {
    stalls: true,
    conditions: ["every type"],
    meaning: "The spec violates a rule that the API server did not enforce when the object was stored.",
    action: correctSpec,
  },
  Paused: {
    conditions: ["Paused", "DeletionBlocked", ...any],
    meaning: "The annotation xensan.dev/paused suspends changes for the object.",
    action: "Remove the annotation to resume.",
  },
  DryRun: {
    conditions: ["DeletionBlocked", ...any],
    meaning: "The annotation xensan.dev/dry-run is set: status.plan lists the steps, and none of them runs.",
    action: "Remove the annotation to run the plan.",
  },
  ObserveOnly: {
    stalls: true,
    conditions: ["every type"],
    meaning:
      "Steps are needed on a machine whose AoeServer or XenHost has spec.management: Observe; the message names it, status.plan lists the steps, and none of them runs.",
    action: "Read status.plan; to run its steps, set spec.management to Manage.",
  },
  Progressing: { conditions: ["every type"], meaning: "Steps are running; the message says which.", action: nothing },
  Deleting: {
    conditions: ["DeletionBlocked", ...any],
    meaning: "The object is being deleted and its clean-up runs.",
    action: nothing,
  },
  ServedElsewhere: {
    conditions: ["events"],
    meaning:
      "Another operator serves the namespace: it holds the Lease xensan-claim there. The operator that came second changes nothing in the namespace and is not ready.",
    action: "Only one release may serve a namespace: uninstall the other one, or set other `namespaces` in its values.",
  },
  SchemaTooOld: {
    conditions: [...any],
    meaning:
      "The CustomResourceDefinitions on the API server lack a kind or a field of this release of the operator, which the message names. The operator does nothing, because it could not record the result; /readyz and the log report the same.",
    action:
      "Upgrade the release that installs the definitions (crds.enabled), or apply those of the operator's release.",
  },
  Abandoned: {
    conditions: ["events"],
    meaning: "The object was removed without clean-up; the message lists what is left behind.",
    action: "Clean up on the host by hand.",
  },
  StepFailed: {
    conditions: ["every type"],
    meaning: "A command on a host failed; the message quotes its output. It is retried with increasing delays.",
    action: "Follow the message.",
  },
  NoEffect: {
    conditions: ["every type"],
    meaning: "A command on a host reported success, but the next probe of the host does not show the effect.",
    action: "Find out what reverts it on the host.",
  },
  HostBusy: {
    conditions: ["every type"],
    meaning: "Another process on the host holds the lock that the step needs.",
    action: nothing,
  },
} as const satisfies Record<string, ReasonEntry>;
