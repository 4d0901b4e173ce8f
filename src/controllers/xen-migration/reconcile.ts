import { type XenMigration, xenMigrations } from "../../api/kinds.ts";
import type { XenMigrationSpec, XenMigrationStatus } from "../../api/xen-migration.ts";
import { isDeleting } from "../../runtime/finalizers.ts";
import { no, unknown } from "../finding.ts";
import { type PassResult, reconcilerOf } from "../reconciler.ts";
import { migrationSpec } from "../specs.ts";
import type { Controlled } from "../watch.ts";
import { apply } from "./apply.ts";
import { follow } from "./follow.ts";
import { followOffline } from "./follow-offline.ts";
import { MigrationNotes } from "./notes.ts";
import { type MigrationMeans, type MigrationPass, owned, summarise } from "./pass.ts";
import { retire } from "./release.ts";
import { isFinished, watchMigrations } from "./watches.ts";

/**
 * Reconciles XenMigrations: admitted when all checks pass and all permits are free, then followed to the end, whatever
 * fails.
 */
export function controlMigrations(means: MigrationMeans): Controlled {
  const { world } = means;
  const notes = new MigrationNotes(world);
  const reconciler = reconcilerOf<XenMigration, XenMigrationSpec, XenMigrationStatus>(
    means,
    {
      ...{ kind: xenMigrations, store: world.stores.migrations, parse: migrationSpec, owned, summarise },
      tellsItself: true,
      abandoned: ({ status }) => ({
        left: `The domain may still be moving from ${status?.sourceHostRef?.name ?? "its source"} to ${status?.targetHostRef?.name ?? "its target"}`,
      }),
      async early({ object, context }) {
        const neverBegan = isDeleting(object) && object.status?.operationID === undefined;
        return isFinished(object) || neverBegan ? await retire(means, object, context) : undefined;
      },
      converge: async (pass) =>
        await partOf(pass.spec.mode, pass.object.status?.operationID !== undefined)({ ...means, ...pass, notes }),
      invalid: async (_pass, message) => ({ conditions: invalid(message) }),
      concluded: ({ draft: { status } }) => {
        if (status.completionTime === undefined) return undefined;
        if (status.operationID !== undefined && status.domainUUID !== undefined) notes.over(status.domainUUID);
        // Reconcile again at once, to retire the migration.
        return 0;
      },
    },
    () => ({}),
  );
  return watchMigrations(world, reconciler);
}

function partOf(mode: XenMigrationSpec["mode"], begun: boolean): (pass: MigrationPass) => Promise<PassResult> {
  if (!begun) return apply;
  return mode === "Live" ? follow : followOffline;
}

const invalid = (message: string) =>
  owned.map((type) =>
    type === "Succeeded" ? no(type, "InvalidSpec", message) : unknown(type, "InvalidSpec", message),
  );
