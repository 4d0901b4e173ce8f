import type { XenDomain } from "../../api/kinds.ts";
import { rfc3339 } from "../../runtime/conditions.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { directivesOf, suspends } from "../directives.ts";
import { no } from "../finding.ts";
import { lookedAgain } from "../gate.ts";
import type { Machine } from "../hosts/machine.ts";
import { refTo } from "../identity.ts";
import type { PassResult } from "../reconciler.ts";
import { domainSpec } from "../specs.ts";
import type { DomainObservation } from "../xen-domain/observation.ts";
import { observeDomain } from "../xen-domain/observe.ts";
import { migratingDomain } from "../xen-domain/watches.ts";
import { type MigrationPass, tell } from "./pass.ts";
import { over } from "./plan.ts";
import { type OfflineCourse, type OfflinePursuit, planOffline } from "./plan-offline.ts";
import { keepRecords } from "./record-run.ts";

/** Time limits expire without an event. */
const againSeconds = 5;

/**
 * Follows an offline migration that was begun until the domain runs on the target, or only its XenDomain decides again.
 * It sends no command that stops or starts the domain; the XenDomain reads status.offline and does that.
 */
export async function followOffline(pass: MigrationPass): Promise<PassResult> {
  const { world, object: migration, draft, directives, notes, ref: id } = pass;
  const { status } = draft;
  const domain = migratingDomain(world.stores, migration);
  const observation = domain && observed(pass, domain);
  const hosts = (observation?.hosts ?? []).flatMap(({ machine }) =>
    machine.state === "Found" ? [machine.watched] : [],
  );
  const course: OfflineCourse =
    domain === undefined || observation === undefined
      ? lost(pass)
      : planOffline(pursuitOf(pass, domain, observation, hosts));
  if (course.conclusion !== undefined && !lookedAgain(world, id, course.conclusion, hosts))
    return { conditions: [], againSeconds };
  tell(pass, course);
  const nowMs = world.clock.now();
  if (course.end !== undefined) {
    status.completionTime = rfc3339(nowMs);
    return { conditions: course.conditions };
  }
  if (course.stopped && !suspends(directives)) {
    notes.startingSince(id);
    status.offline = { stage: "Starting", time: rfc3339(nowMs) };
    // From here on every process starts it on the target only.
    await draft.flush();
  }
  if (!suspends(directives)) await keepRecords(pass);
  if (course.poll) notes.poll(id, hosts, againSeconds, "WithoutSegments");
  return { conditions: course.conditions, againSeconds };
}

function observed({ world, draft }: MigrationPass, domain: XenDomain): DomainObservation | undefined {
  const parsed = domainSpec(domain);
  if (!parsed.ok) return undefined;
  return observeDomain(world, domain, parsed.spec, parsed.spec.uuid ?? draft.status.domainUUID ?? "");
}

/** No XenDomain stops or starts the domain any more. */
function lost({ draft: { status } }: MigrationPass): OfflineCourse {
  const message = `The XenDomain of ${status.domainName} no longer exists, or its spec is invalid: xensan leaves the domain as it is`;
  const { conditions, reason, end, conclusion } = over(
    false,
    "MigrationFailed",
    message,
    no("Aborted", "NotAborted", "No abort was requested"),
  );
  return { conditions, reason, message, end, conclusion, stopped: false, poll: false };
}

function pursuitOf(
  { world, object: migration, spec, draft, notes, ref: id }: MigrationPass,
  domain: XenDomain,
  observation: DomainObservation,
  hosts: readonly Machine[],
): OfflinePursuit {
  const { namespace = "", name } = domain.metadata;
  const owner = refTo("XenDomain", namespace, name);
  const target = world.machines.of(refTo("XenHost", namespace, draft.status.targetHostRef?.name ?? ""));
  const last = target?.agent.results(owner).at(-1);
  // An earlier refusal of the target to start this domain does not concern this migration.
  const own = draft.status.offline?.stage === "Starting" && last !== undefined && last.at >= notes.startingSince(id);
  const refused = own && last.step.action === "start-domain" && last.outcome.kind === "refused";
  return {
    spec,
    status: draft.status,
    deleting: isDeleting(migration),
    nowMs: world.clock.now(),
    domain: observation,
    unwanted: unwanted(domain, observation),
    busy: hosts.some(({ agent }) => agent.pending(owner)),
    refusal: refused && last.outcome.kind === "refused" ? last.outcome : undefined,
  };
}

function unwanted(domain: XenDomain, { name, spec }: DomainObservation): string | undefined {
  if (isDeleting(domain)) return `XenDomain ${name} is being deleted`;
  if (spec.powerState === "Halted") return `powerState of XenDomain ${name} is Halted`;
  const { paused, dryRun } = directivesOf(domain.metadata);
  if (paused) return `XenDomain ${name} has the annotation xensan.dev/paused`;
  return dryRun ? `XenDomain ${name} has the annotation xensan.dev/dry-run` : undefined;
}
