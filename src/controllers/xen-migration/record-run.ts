import type { XenMigrationStatus } from "../../api/xen-migration.ts";
import type { HostCommand } from "../../host/command.ts";
import { recordMigration } from "../../host/migration-actions.ts";
import { handOver } from "../gate.ts";
import type { Machine } from "../hosts/machine.ts";
import { stepOf } from "../hosts/step.ts";
import { currentFacts } from "../hosts/view.ts";
import { refTo, xenHost } from "../identity.ts";
import type { MigrationPass } from "./pass.ts";

/** The command by which a host records that the operation was begun; undefined if it has, or does not answer. */
export function recordOn(status: XenMigrationStatus, host: Machine | undefined): HostCommand | undefined {
  const { operationID: operation, domainUUID: uuid, startTime: time } = status;
  if (operation === undefined || uuid === undefined || time === undefined) return undefined;
  if (currentFacts(host?.agent.view) === undefined || isRecordedOn(operation, host)) return undefined;
  return recordMigration({ operation, uuid, time });
}

/** True if the host shows a record that the operation was begun. */
export function isRecordedOn(operation: string, host: Machine | undefined): boolean {
  const migrations = currentFacts(host?.agent.view)?.migrations;
  return migrations?.state === "known" && migrations.value.some((run) => run.operation === operation);
}

/** Both hosts record that the migration was begun; no command for it leaves a record by itself. */
export async function keepRecords({
  world,
  object: migration,
  draft,
  ref: id,
  directives,
  context,
}: MigrationPass): Promise<void> {
  const { status } = draft;
  const { namespace = "" } = migration.metadata;
  const jobs = [status.sourceHostRef?.name, status.targetHostRef?.name].flatMap((name = "") => {
    const machine = world.machines.of(refTo("XenHost", namespace, name));
    const command = recordOn(status, machine);
    if (machine === undefined) return [];
    const steps = command === undefined ? [] : [stepOf(xenHost(name), command)];
    return [{ work: id, machine, steps, basis: "" }];
  });
  if (jobs.some(({ steps }) => steps.length > 0)) await draft.confirm();
  context.signal.throwIfAborted();
  handOver(world, jobs, { directives, log: context.log });
}
