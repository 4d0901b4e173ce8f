import { finalizer } from "../../api/common.ts";
import { type XenMigration, xenMigrations } from "../../api/kinds.ts";
import type { XenMigrationSpec } from "../../api/xen-migration.ts";
import type { ConditionUpdate } from "../../runtime/conditions.ts";
import { hasFinalizer, isDeleting, removeFinalizer } from "../../runtime/finalizers.ts";
import { isNotFound, type KubeApi, keyOf } from "../../runtime/kube-api.ts";
import {
  againAfter,
  done,
  type ReconcileContext,
  type ReconcileResult,
  type Reconciler,
} from "../../runtime/reconciler.ts";
import { withStatus } from "../../runtime/status-patch.ts";
import { directivesOf } from "../directives.ts";
import { no, unknown } from "../finding.ts";
import { refTo } from "../identity.ts";
import { migrationSpec } from "../specs.ts";
import type { Controlled } from "../watch.ts";
import { apply } from "./apply.ts";
import { follow } from "./follow.ts";
import { followOffline } from "./follow-offline.ts";
import { isFinished } from "./indexes.ts";
import { Memory } from "./memory.ts";
import { outdated, secondsToLive } from "./retention.ts";
import { conclude, conditionTypes, type MigrationMeans, type Said, type Turn } from "./turn.ts";
import { watchMigrations } from "./watches.ts";

/** Moves one domain: admitted when every check passes and every permit is free, then followed to its end, whoever dies. */
export const controlMigrations = (means: MigrationMeans): Controlled =>
  watchMigrations(means.world, migrationReconciler(means));

function migrationReconciler(options: MigrationMeans): Reconciler {
  const { api, world, events } = options;
  const store = world.stores.migrations;
  const memory = new Memory(world);
  return {
    async reconcile(key, context) {
      const migration = store.get(key);
      const id = refTo("XenMigration", key.namespace, key.name);
      if (migration === undefined || (isDeleting(migration) && !hasFinalizer(migration, finalizer))) {
        world.ledger.forget(id);
        return done;
      }
      const directives = directivesOf(migration.metadata);
      const begun = migration.status?.operationID !== undefined;
      const abandoned = isDeleting(migration) && directives.abandoned;
      if (abandoned)
        events.record(xenMigrations, migration, {
          type: "Warning",
          reason: "Abandoned",
          action: "Delete",
          note: `The domain may still be on its way from ${migration.status?.sourceHostRef?.name ?? "its source"} to ${migration.status?.targetHostRef?.name ?? "its target"}`,
        });
      if (isFinished(migration) || abandoned || (isDeleting(migration) && !begun))
        return await retire(options, migration, context);
      const write = { api, kind: xenMigrations, object: migration, store, leading: context.leading };
      return await withStatus({ ...write, initial: structuredClone(migration.status ?? {}) }, async (draft) => {
        const parsed = migrationSpec(migration);
        const turn = { ...options, id, migration, directives, draft, context, memory };
        const said: Said = parsed.ok
          ? await partOf(parsed.spec.mode, begun)({ ...turn, spec: parsed.spec })
          : { conditions: invalid(parsed.message) };
        conclude(draft.status, migration, directives, said.conditions, world.clock.now());
        // Once more, to let go of it.
        if (draft.status.completionTime !== undefined) return againAfter(0);
        return said.againSeconds === undefined ? done : againAfter(said.againSeconds);
      });
    },
  };
}

function partOf(mode: XenMigrationSpec["mode"], begun: boolean): (turn: Turn) => Promise<Said> {
  if (!begun) return apply;
  return mode === "Live" ? follow : followOffline;
}

function invalid(message: string): ConditionUpdate[] {
  // Ready follows from Succeeded.
  const types = conditionTypes.filter((type) => type !== "Ready");
  return types.map((type) =>
    type === "Succeeded" ? no(type, "InvalidSpec", message) : unknown(type, "InvalidSpec", message),
  );
}

/** A migration that is over, or never began: let go of when it is deleted, deleted when its time has come. */
async function retire(
  { api, world }: MigrationMeans,
  migration: XenMigration,
  { signal, leading }: ReconcileContext,
): Promise<ReconcileResult> {
  const { namespace, name } = keyOf(migration);
  world.ledger.forget(refTo("XenMigration", namespace, name));
  if (hasFinalizer(migration, finalizer)) {
    const released = await removeFinalizer({ api, kind: xenMigrations, object: migration, finalizer, signal });
    if (released !== undefined) world.stores.migrations.observe(released);
  }
  if (isDeleting(migration)) return done;
  const { domainUUID } = migration.status ?? {};
  const finished =
    domainUUID === undefined ? [] : world.stores.migrations.byIndex("finished", `${namespace}/${domainUUID}`);
  for (const old of outdated(finished)) await remove(api, old, leading);
  const seconds = secondsToLive(migration, world.clock.now());
  if (seconds === undefined || seconds > 0) return seconds === undefined ? done : againAfter(seconds);
  await remove(api, migration, leading);
  return done;
}

async function remove(api: KubeApi, migration: XenMigration, signal: AbortSignal): Promise<void> {
  const { uid } = migration.metadata;
  try {
    await api.delete(xenMigrations, keyOf(migration), {
      ...(uid === undefined ? {} : { preconditions: { uid } }),
      signal,
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
