import type { ReasonEntry } from "./entry.ts";

/** Reasons for which a script of a XenMigration refused. */
export const migrating = {
  DomainMissing: {
    conditions: ["Running", "Admitted", "Migrating"],
    meaning: "The domain is not on the host.",
    action: "Nothing: xensan looks for it again.",
  },
  DomainMigrating: {
    conditions: ["Running", "Admitted", "Migrating", "RelocationReady"],
    meaning: "The toolstack is moving or building the domain now.",
    action: "Nothing: it resolves itself.",
  },
  DomainNotRunning: {
    conditions: ["Admitted", "Migrating"],
    meaning: "The domain is paused, shut down or dying, so it cannot move while it runs.",
    action: "Unpause or start it.",
  },
  DomainNameUnsafe: {
    conditions: ["Admitted", "Migrating"],
    meaning: "xl interprets the name of the domain as something else: a number, or the remains of a migration.",
    action: "Rename the domain with xl rename.",
  },
  PastPointOfNoReturn: {
    conditions: ["Aborted"],
    meaning:
      "The target has been given permission to start the domain, or the domain of an offline migration has shut down: the migration can no longer be aborted.",
    action: "Wait until it finishes; then migrate the domain back if needed.",
  },
  ResumeUnsupported: {
    conditions: ["Migrating", "Succeeded"],
    meaning: "The domain is suspended on the source, and xl there cannot resume it (before 4.20).",
    action: "Destroy the domain and start it again, which loses the contents of its memory.",
  },
  DomainStateDiffers: {
    conditions: ["Migrating", "Succeeded"],
    meaning:
      "The domain is not in a state in which the remains of a migration may be cleaned up; the message names its state.",
    action: "Nothing: xensan probes the hosts again. If the state persists, decide by hand.",
  },
} as const satisfies Record<string, ReasonEntry>;
