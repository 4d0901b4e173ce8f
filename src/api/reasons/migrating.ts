import type { ReasonEntry } from "./entry.ts";

/** Why a script of a XenMigration refused. */
export const migrating = {
  DomainMissing: {
    conditions: ["Running", "Admitted", "Migrating"],
    meaning: "The domain is not on the host.",
    action: "Nothing: it is looked for again.",
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
    meaning: "The name of the domain is one that xl takes for something else: a number, or a leftover of a migration.",
    action: "Rename the domain with xl rename.",
  },
  PastPointOfNoReturn: {
    conditions: ["Aborted"],
    meaning:
      "The target has been given permission to start the domain, or an offline one has shut down: the migration is not aborted any more.",
    action: "Wait for its end; migrate back if the domain is to return.",
  },
  ResumeUnsupported: {
    conditions: ["Migrating", "Succeeded"],
    meaning: "The domain is suspended on the source, and xl there cannot resume it (before 4.20).",
    action: "The domain must be destroyed and started anew, which loses what was in its memory.",
  },
  DomainStateDiffers: {
    conditions: ["Migrating", "Succeeded"],
    meaning: "The domain is not in the state in which a leftover may be settled; the message says which it is in.",
    action: "Nothing: the hosts are looked at again. If it stays, a person must decide.",
  },
} as const satisfies Record<string, ReasonEntry>;
