import { merged, type Plan } from "../converge.ts";
import type { Finding } from "../finding.ts";
import { ensureConfigurations } from "./ensure-configurations.ts";
import { ensureDisks } from "./ensure-disks.ts";
import { ensurePlace, takenBy } from "./ensure-place.ts";
import { ensurePower } from "./ensure-power.ts";
import type { DomainObservation } from "./observation.ts";
import { pendingRestart } from "./pending-restart.ts";

/** The conditions of a domain, and the steps that are needed. */
export interface DomainPlan extends Plan {
  /** True: a start waits for its turn. */
  readonly waits?: boolean;
}

/** The plan of a domain: a pure function of the observation. */
export function planDomain(domain: DomainObservation): DomainPlan {
  const place = ensurePlace(domain);
  // Whatever has its UUID or its images belongs to another object or owner.
  if (takenBy(domain) !== undefined)
    return { conditions: merged(place.conditions, [pendingRestart(domain)]), steps: [] };
  // Look also for a domain that must not be started: it may be running.
  const disks = place.proceed ? ensureDisks(domain) : nothing;
  const configurations = place.proceed ? ensureConfigurations(domain) : nothing;
  const ready = place.proceed && disks.conditions.every(({ status }) => status === "True");
  const power = ensurePower(domain, ready);
  const conditions = merged(
    disks.conditions,
    power.conditions,
    // For a domain that does not run, the reason why it cannot be started says more.
    place.conditions.filter(
      ({ type }) => type !== "Running" || power.conditions.every(({ status }) => status === "False"),
    ),
    [pendingRestart(domain)],
  );
  return { conditions, steps: [...disks.steps, ...configurations.steps, ...power.steps] };
}

const nothing: Finding = { conditions: [], steps: [], proceed: false };
