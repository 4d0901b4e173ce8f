import { finalizer } from "../../api/common.ts";
import { type XenMigration, xenMigrations } from "../../api/kinds.ts";
import { hasFinalizer, isDeleting, removeFinalizer } from "../../runtime/finalizers.ts";
import { isNotFound, type KubeApi, keyOf } from "../../runtime/kube-api.ts";
import { againAfter, done, type ReconcileContext, type ReconcileResult } from "../../runtime/reconciler.ts";
import { refOf } from "../identity.ts";
import type { Means } from "../world.ts";
import { outdated, secondsToLive } from "./retention.ts";

/**
 * Retires a migration that is over or never began: releases it when it is deleted, deletes it when its time has come.
 */
export async function retire(
  { api, world }: Means,
  migration: XenMigration,
  { signal, leading }: ReconcileContext,
): Promise<ReconcileResult> {
  const { namespace } = keyOf(migration);
  world.ledger.forget(refOf("XenMigration", migration));
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
