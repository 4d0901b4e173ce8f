import { type XenMigration, xenMigrations } from "../../api/kinds.ts";
import type { XenMigrationSpec, XenMigrationStatus } from "../../api/xen-migration.ts";
import { findCondition } from "../../runtime/conditions.ts";
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

/** Moves one domain: admitted when every check passes and every permit is free, then followed to its end, whoever dies. */
export function controlMigrations(means: MigrationMeans): Controlled {
  const { world } = means;
  const notes = new MigrationNotes(world);
  const reconciler = reconcilerOf<XenMigration, XenMigrationSpec, XenMigrationStatus>(
    means,
    {
      ...{ kind: xenMigrations, store: world.stores.migrations, parse: migrationSpec, owned, summarise },
      tellsItself: true,
      abandoned: ({ status }) => ({
        left: `The domain may still be on its way from ${status?.sourceHostRef?.name ?? "its source"} to ${status?.targetHostRef?.name ?? "its target"}`,
      }),
      async early({ object, context }) {
        const neverBegan = isDeleting(object) && object.status?.operationID === undefined;
        return isFinished(object) || neverBegan ? await retire(means, object, context) : undefined;
      },
      converge: async (pass) =>
        await partOf(pass.spec.mode, pass.object.status?.operationID !== undefined)({ ...means, ...pass, notes }),
      invalid: async (_pass, message) => ({ conditions: invalid(message) }),
      // Ready says what Succeeded says.
      ready(status) {
        const { status: word, reason, message } = findCondition(status.conditions, "Succeeded") ?? unlooked;
        return { type: "Ready", status: word, reason, message };
      },
      // Reconciled again, to retire it.
      concluded: ({ draft }) => (draft.status.completionTime === undefined ? undefined : 0),
    },
    () => ({}),
  );
  return watchMigrations(world, reconciler);
}

const unlooked = unknown("Succeeded", "Pending", "Not checked yet");

function partOf(mode: XenMigrationSpec["mode"], begun: boolean): (pass: MigrationPass) => Promise<PassResult> {
  if (!begun) return apply;
  return mode === "Live" ? follow : followOffline;
}

const invalid = (message: string) =>
  owned.map((type) =>
    type === "Succeeded" ? no(type, "InvalidSpec", message) : unknown(type, "InvalidSpec", message),
  );
