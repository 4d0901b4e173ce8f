import { rfc3339 } from "../../runtime/conditions.ts";
import { no, unknown, yes } from "../finding.ts";
import type { PassResult } from "../reconciler.ts";
import type { Applicant } from "./admission.ts";
import { type DoneBefore, doneBefore } from "./done-before.ts";
import { locate } from "./locate.ts";
import { operationOf } from "./operation.ts";
import { type MigrationPass, tell } from "./pass.ts";

interface Repeated {
  readonly before: DoneBefore;
  readonly operation: string;
  readonly uuid: string;
}

/** The record of the operation that a migration requests, if it was begun before. */
export function repeats({ world, object: migration, spec }: MigrationPass, applicant: Applicant): Repeated | undefined {
  const { sourceHostRef: _source, ...who } = spec;
  const located = locate(who, applicant.hosts, applicant.declared);
  const declared = spec.domainRef && applicant.declared.byName(spec.domainRef.name);
  const uuid = located.kind === "Found" ? located.domain.uuid : declared?.uuid;
  if (uuid === undefined) return undefined;
  const { namespace = "" } = migration.metadata;
  const operation = operationOf(migration.metadata, spec, uuid);
  const domain = world.stores.domains.byIndex("uuid", uuid).find(({ metadata }) => metadata.namespace === namespace);
  const kept = domain && { name: domain.metadata.name, migrations: domain.status?.migrations ?? [] };
  const before = doneBefore(operation, kept, applicant.hosts);
  return before && { before, operation, uuid };
}

const outcomes = {
  Succeeded: "The earlier run succeeded",
  Failed: "The earlier run failed",
  Unknown: "The outcome of the earlier run is not recorded there",
};

/** Ends a migration that was begun before, whatever its outcome; waits while it is still running. */
export function endAgain(pass: MigrationPass, { before, operation, uuid }: Repeated): PassResult {
  const { draft, world } = pass;
  const when = before.time === undefined ? "before" : `at ${before.time}`;
  const said = `This migration was already begun ${when}, according to ${before.where} (operation ${operation})`;
  const aborted = no("Aborted", "NotAborted", "No abort was requested");
  if (before.outcome === "Running")
    return {
      conditions: [
        no("Admitted", "DomainMigrating", `${said}, and is still running`),
        no("Migrating", "NotMigrating", "The migration is not begun again"),
        aborted,
        unknown("Succeeded", "DomainMigrating", `${said}, and is still running`),
      ],
      againSeconds: 10,
    };
  const message = `${said}. ${outcomes[before.outcome]}. xensan does not repeat it: to move the domain again, create a XenMigration with another name`;
  Object.assign(draft.status, { domainUUID: uuid, completionTime: rfc3339(world.clock.now()) });
  tell(pass, { reason: "AlreadyDone", message });
  const succeeded = before.outcome === "Succeeded" ? yes : no;
  return {
    conditions: [
      no("Admitted", "AlreadyDone", message),
      no("Migrating", "NotMigrating", "The migration is not begun again"),
      aborted,
      succeeded("Succeeded", "AlreadyDone", message),
    ],
  };
}
