import type { Logger } from "pino";
import { xenMigrations } from "../api/kinds.ts";
import type { Clock } from "../clock.ts";
import { type Conditioned, findCondition } from "../runtime/conditions.ts";
import { leaseKind } from "../runtime/kinds.ts";
import { isNotFound, type Kind, type KubeApi, KubeError, type KubeObject } from "../runtime/kube-api.ts";
import { applyStatus } from "../runtime/status-patch.ts";
import type { ReadonlyStore } from "../runtime/store.ts";
import { claimName } from "./claims.ts";
import { logReady, say } from "./conclude.ts";
import { unknown } from "./finding.ts";
import { summarise } from "./xen-migration/pass.ts";

/** Options of {@link tellSchemaTooOld}. */
export interface TellSchemaOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * The holder that claims namespaces (see Claims); in namespaces of others nothing is written. Undefined: no claims.
   */
  readonly holder: string | undefined;
  readonly kinds: readonly {
    readonly kind: Kind<Conditioned & KubeObject>;
    readonly store: ReadonlyStore<Conditioned & KubeObject>;
  }[];
}

/**
 * Writes into the summary conditions of each object that the operator does not act on it (`SchemaTooOld`), as far as
 * the server accepts that. The rest of the status stays as it is; a XenMigration that has ended keeps its result.
 */
export async function tellSchemaTooOld(
  { api, clock, log, holder, kinds }: TellSchemaOptions,
  message: string,
  signal: AbortSignal,
): Promise<void> {
  const served = new Map<string, Promise<boolean>>();
  const all = kinds.flatMap(({ kind, store }) => store.list().map((object) => ({ kind, store, object })));
  for (const { kind, store, object } of all) {
    if (signal.aborted) return;
    const { namespace = "", name, generation } = object.metadata;
    const summary = kind.kind === xenMigrations.kind ? "Succeeded" : "Ready";
    const before = findCondition(object.status?.conditions, summary);
    if (summary === "Succeeded" && before !== undefined && before.status !== "Unknown") continue;
    const mine = served.get(namespace) ?? isOurs(api, namespace, holder, signal);
    served.set(namespace, mine);
    const status = { ...object.status, conditions: [...(object.status?.conditions ?? [])] };
    const context = { now: clock.now(), generation };
    say(status, [unknown(summary, "SchemaTooOld", message)], context);
    if (kind.kind === xenMigrations.kind) summarise(status, context);
    try {
      if (!(await mine)) continue;
      const said = findCondition(status.conditions, summary);
      await applyStatus({ api, kind, object, store }, status, signal);
      if (said !== undefined && before?.reason !== said.reason)
        logReady(log.child({ kind: kind.kind, namespace, name }), before, said);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      log.debug(
        { err: error, kind: kind.kind, namespace, name },
        "cannot record SchemaTooOld in the status of an object",
      );
    }
  }
}

/** Whether no other operator holds the claim of the namespace. */
async function isOurs(
  api: KubeApi,
  namespace: string,
  holder: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (holder === undefined) return true;
  try {
    const { spec } = await api.get(leaseKind, { namespace, name: claimName }, signal);
    return (spec?.holderIdentity ?? holder) === holder;
  } catch (error) {
    return isNotFound(error);
  }
}
