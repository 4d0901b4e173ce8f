import { merged, type Plan } from "../converge.ts";
import type { Finding } from "../finding.ts";
import { ensureConfigurations } from "./ensure-configurations.ts";
import { ensureDisks } from "./ensure-disks.ts";
import { ensurePlace, takenBy } from "./ensure-place.ts";
import { ensurePower } from "./ensure-power.ts";
import type { DomainObservation } from "./observation.ts";
import { pendingRestart } from "./pending-restart.ts";

/** What is true of a domain, and what is to be done about it. */
export interface DomainPlan extends Plan {
  /** A start waits for its turn. */
  readonly waits?: boolean;
}

/** What is true of the domain, and what is to be done: a pure function of what was observed. */
export function planDomain(domain: DomainObservation): DomainPlan {
  const place = ensurePlace(domain);
  // Whatever has its UUID or its images belongs to somebody else.
  if (takenBy(domain) !== undefined)
    return { conditions: merged(place.conditions, [pendingRestart(domain)]), steps: [] };
  // Also a domain that must not be started is looked for: it may run.
  const disks = place.proceed ? ensureDisks(domain) : nothing;
  const configurations = place.proceed ? ensureConfigurations(domain) : nothing;
  const ready = place.proceed && disks.conditions.every(({ status }) => status === "True");
  const power = ensurePower(domain, ready);
  const conditions = merged(
    disks.conditions,
    power.conditions,
    // Why it cannot be started is the better word for a domain that does not run.
    place.conditions.filter(
      ({ type }) => type !== "Running" || power.conditions.every(({ status }) => status === "False"),
    ),
    [pendingRestart(domain)],
  );
  return { conditions, steps: [...disks.steps, ...configurations.steps, ...power.steps] };
}

const nothing: Finding = { conditions: [], steps: [], proceed: false };
