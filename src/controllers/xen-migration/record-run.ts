import type { XenMigrationStatus } from "../../api/xen-migration.ts";
import type { HostCommand } from "../../host/command.ts";
import { recordMigration } from "../../host/migration-actions.ts";
import type { Machine } from "../hosts/machine.ts";
import { currentFacts } from "../hosts/view.ts";

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
