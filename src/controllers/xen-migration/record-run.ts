import type { XenMigrationStatus } from "../../api/xen-migration.ts";
import type { HostCommand } from "../../host/command.ts";
import { recordMigration } from "../../host/migration-actions.ts";
import type { Machine } from "../hosts/machine.ts";
import { currentFacts } from "../hosts/view.ts";

/** The command by which a host keeps that the operation was begun; undefined while it does so already, or cannot be asked. */
export function recordOn(status: XenMigrationStatus, host: Machine | undefined): HostCommand | undefined {
  const { operationID: operation, domainUUID: uuid, startTime: time } = status;
  const migrations = currentFacts(host?.agent.view)?.migrations;
  if (operation === undefined || uuid === undefined || time === undefined) return undefined;
  if (migrations?.state !== "known" || migrations.value.some((run) => run.operation === operation)) return undefined;
  return recordMigration({ operation, uuid, time });
}
