import type { XenMigration } from "../../api/kinds.ts";
import { hasCondition } from "../../runtime/conditions.ts";
import type { IndexFunction } from "../../runtime/store.ts";
import { keysIn } from "../identity.ts";
import { migrationSpec } from "../specs.ts";

/** How migrations are found. */
export const migrationIndexes = {
  /** `namespace/domain` of a XenDomain. */
  domain: (migration: XenMigration) => {
    const parsed = migrationSpec(migration);
    return keysIn(migration, [parsed.ok ? parsed.spec.domainRef?.name : undefined]);
  },
  /** `namespace/host` it goes from or to. */
  host: (migration: XenMigration) => {
    const parsed = migrationSpec(migration);
    const { sourceHostRef, targetHostRef } = parsed.ok ? parsed.spec : {};
    const seen = migration.status;
    return keysIn(
      migration,
      [sourceHostRef, targetHostRef, seen?.sourceHostRef, seen?.targetHostRef].map((ref) => ref?.name),
    );
  },
  /** `yes` until it has succeeded, failed or been aborted. */
  active: (migration: XenMigration) => (isFinished(migration) ? [] : ["yes"]),
  /** `namespace/UUID` of the domain, once it is over. */
  finished: (migration: XenMigration) => {
    const { domainUUID } = migration.status ?? {};
    return isFinished(migration) ? keysIn(migration, [domainUUID]) : [];
  },
} satisfies Record<string, IndexFunction<XenMigration>>;

/** Succeeded is Unknown while it is active. */
export const isFinished = ({ status }: XenMigration): boolean =>
  hasCondition(status?.conditions, "Succeeded", "True") || hasCondition(status?.conditions, "Succeeded", "False");
