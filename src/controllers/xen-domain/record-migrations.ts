import type { XenMigration } from "../../api/kinds.ts";
import type { XenDomainStatus } from "../../api/xen-domain.ts";
import { findCondition } from "../../runtime/conditions.ts";
import type { World } from "../world.ts";

type Kept = NonNullable<XenDomainStatus["migrations"]>[number];

const most = 32;

/** Begun migrations of the domain whose objects still exist. */
export function migrationsOf({ stores }: Pick<World, "stores">, namespace: string, uuid: string): XenMigration[] {
  const active = stores.migrations
    .byIndex("active", "yes")
    .filter(({ metadata, status }) => metadata.namespace === namespace && status?.domainUUID === uuid);
  return [...active, ...stores.migrations.byIndex("finished", `${namespace}/${uuid}`)].filter(
    ({ status }) => status?.operationID !== undefined,
  );
}

/** Records them in the status of the domain, where they outlive their objects; the youngest are kept. */
export function recordMigrations(status: XenDomainStatus, migrations: readonly XenMigration[]): void {
  const kept = new Map((status.migrations ?? []).map((one) => [one.operationID, one]));
  for (const migration of migrations) {
    const next = keptOf(migration);
    if (next !== undefined) kept.set(next.operationID, next);
  }
  const sorted = [...kept.values()].toSorted((one, other) => (one.startTime < other.startTime ? 1 : -1));
  if (sorted.length > 0) status.migrations = sorted.slice(0, most);
}

function keptOf({ metadata: { name }, status }: XenMigration): Kept | undefined {
  const nowhere = { name: "" };
  const { operationID, sourceHostRef = nowhere, targetHostRef = nowhere, startTime = "" } = status ?? {};
  if (operationID === undefined) return undefined;
  const word = findCondition(status?.conditions, "Succeeded")?.status;
  const outcome = word === "True" ? "Succeeded" : word === "False" ? "Failed" : "Unknown";
  return { operationID, migrationRef: { name }, sourceHostRef, targetHostRef, startTime, outcome };
}
