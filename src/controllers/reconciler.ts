import type { Logger } from "pino";
import { finalizer } from "../api/common.ts";
import type { Condition } from "../api/conditions.ts";
import { fitStatus } from "../api/fit-status.ts";
import { definitions, type Metadata } from "../api/kinds.ts";
import type { ParsedSpec } from "../api/parse.ts";
import type { PlanStep } from "../api/plan-step.ts";
import type { ConditionUpdate } from "../runtime/conditions.ts";
import { addFinalizer, hasFinalizer, isDeleting, removeFinalizer } from "../runtime/finalizers.ts";
import { type Kind, type KubeObject, keyString, type ObjectKey } from "../runtime/kube-api.ts";
import {
  againAfter,
  done,
  type ReconcileContext,
  type ReconcileResult,
  type Reconciler,
} from "../runtime/reconciler.ts";
import { Confirmed, type StatusDraft, withStatus } from "../runtime/status-patch.ts";
import type { ReadonlyStore } from "../runtime/store.ts";
import { announce, conclude, invalidSpec, say, sayStalled } from "./conclude.ts";
import { type Directives, directivesOf } from "./directives.ts";
import { soonest } from "./gate.ts";
import { type ObjectRef, refTo } from "./identity.ts";
import type { Means } from "./world.ts";

/** The part of every status that the shared reconciler writes. */
export interface CommonStatus {
  conditions?: Condition[] | undefined;
  observedGeneration?: number | undefined;
  plan?: PlanStep[] | undefined;
}

/** An object of one of our kinds. */
export type Declared<Status extends CommonStatus> = KubeObject & {
  readonly metadata: Metadata;
  readonly status?: Status;
};

/** One reconcile of one object. */
export interface Pass<T, Spec, Status> {
  readonly ref: ObjectRef;
  readonly object: T;
  readonly spec: Spec;
  readonly directives: Directives;
  readonly draft: StatusDraft<Status>;
  readonly context: ReconcileContext;
}

/** What a reconcile found and did. */
export interface PassResult {
  readonly conditions: readonly ConditionUpdate[];
  /** Condition types without which the object is not ready, where they differ from pass to pass. */
  readonly required?: readonly string[];
  /** Condition types that no longer apply. */
  readonly obsolete?: readonly string[];
  /** Nothing of a deleted object is left, or what is left stays on purpose. */
  readonly released?: boolean;
  /** Seconds until the next reconcile at the latest. */
  readonly againSeconds?: number | undefined;
}

/** What one kind adds to the shared reconciler. */
export interface Reconciling<T extends Declared<Status>, Spec, Status extends CommonStatus> {
  readonly kind: Kind<T>;
  readonly store: ReadonlyStore<T>;
  readonly parse: (object: T) => ParsedSpec<Spec>;
  /** Condition types that the object always has, besides Ready. */
  readonly owned: readonly string[];
  /** `Always`: the finalizer is set at first sight; otherwise before the first side effect. */
  readonly finalizer?: "Always";
  /** May end the reconcile before the status is considered; undefined: the reconcile goes on. */
  readonly early?: (pass: Omit<Pass<T, Spec | undefined, Status>, "draft">) => Promise<ReconcileResult | undefined>;
  /** Observes, plans, acts and describes, and releases a deleted object. */
  readonly converge: (pass: Pass<T, Spec, Status>) => Promise<PassResult>;
  /** The result for an invalid spec, where it differs from the default. */
  readonly invalid?: (pass: Pass<T, undefined, Status>, message: string) => Promise<PassResult>;
  /** Computes Ready from the status as it is then, where the outcome has no Ready; absent where `summarise` sets it. */
  readonly ready?: (status: Status, pass: Pass<T, Spec | undefined, Status>, outcome: PassResult) => ConditionUpdate;
  /** Sets conditions that follow from Ready for tools that wait for any object; by default Stalled. */
  readonly summarise?: typeof sayStalled;
  /** True: the kind reports its own history. */
  readonly tellsItself?: boolean;
  /** Called when the conditions are written; returns the seconds until the next reconcile. */
  readonly concluded?: (pass: Pass<T, Spec | undefined, Status>) => number | undefined;
  /** What is left of an abandoned object, for the event; `refused`: it may not be abandoned. */
  readonly abandoned: (object: T) => { readonly left: string; readonly refused?: boolean };
}

/** Reconciles objects of one kind: parse, observe, plan, act, release, describe, conclude. */
export function reconcilerOf<T extends Declared<Status>, Spec, Status extends CommonStatus>(
  { api, events, world }: Means,
  definition: Reconciling<T, Spec, Status>,
  empty: () => Status,
): Reconciler {
  const { kind, store } = definition;
  const confirmed = new Confirmed();
  const fits = fitting(kind.kind);

  /** Removes the finalizer without another look at what is left. */
  async function release(object: T, { signal }: ReconcileContext): Promise<ReconcileResult> {
    await removeFinalizer({ api, kind, object, finalizer, signal });
    return done;
  }

  return {
    async reconcile(key, context) {
      let object = store.get(key);
      const ref = refTo(kind.kind, key.namespace, key.name);
      if (object === undefined || (isDeleting(object) && !hasFinalizer(object, finalizer))) {
        world.ledger.forget(ref);
        confirmed.forget({ metadata: key });
        fits.forget(key);
        return done;
      }
      const directives = directivesOf(object.metadata);
      const parsed = definition.parse(object);
      const spec = parsed.ok ? parsed.spec : undefined;
      const abandoned = isDeleting(object) && directives.abandoned ? definition.abandoned(object) : undefined;
      if (abandoned !== undefined && abandoned.refused !== true) {
        const { left: note } = abandoned;
        events.record(kind, object, { type: "Warning", reason: "Abandoned", action: "Delete", note });
        return await release(object, context);
      }
      const ended = await definition.early?.({ ref, object, spec, directives, context });
      if (ended !== undefined) return ended;
      if (definition.finalizer === "Always" && parsed.ok)
        object = await ensureFinalizer({ api, kind, store }, object, context);
      const current = object;
      const before = current.status?.conditions;
      const initial = current.status ?? empty();
      return await withStatus(
        {
          ...{ api, kind, object: current, store, leading: context.leading, initial, confirmed },
          admissible: (status) => fits.fit(key, status, context.log),
        },
        async (draft) => {
          const pass = { ref, object: current, directives, draft, context };
          const outcome = parsed.ok
            ? await definition.converge({ ...pass, spec: parsed.spec })
            : ((await definition.invalid?.({ ...pass, spec: undefined }, parsed.message)) ?? {
                conditions: invalidSpec(current, definition.owned, parsed.message),
              });
          conclude(draft.status, current, {
            directives,
            conditions: outcome.conditions,
            obsolete: outcome.obsolete ?? [],
            owned: definition.owned,
            summarise(status, at) {
              if (definition.ready !== undefined && !outcome.conditions.some(({ type }) => type === "Ready"))
                say(status, [definition.ready(draft.status, { ...pass, spec }, outcome)], at);
              (definition.summarise ?? sayStalled)(status, at);
            },
            now: world.clock.now(),
          });
          if (definition.tellsItself !== true)
            announce(events, kind, current, { before, after: draft.status.conditions, log: context.log });
          if (outcome.released === true) {
            await draft.flush();
            return await release(current, context);
          }
          const again = soonest([outcome.againSeconds, definition.concluded?.({ ...pass, spec })]);
          return again === undefined ? done : againAfter(again);
        },
      );
    },
  };
}

/** Sets our finalizer: before the first side effect, and before anything that exists already is taken over. */
export async function ensureFinalizer<T extends KubeObject>(
  { api, kind, store }: { readonly api: Means["api"]; readonly kind: Kind<T>; readonly store: ReadonlyStore<T> },
  object: T,
  { signal }: ReconcileContext,
): Promise<T> {
  if (isDeleting(object) || hasFinalizer(object, finalizer)) return object;
  const held = await addFinalizer({ api, kind, object, finalizer, signal });
  store.observe(held);
  return held;
}

/**
 * The last line of defence for the rule that a status can always be written: parsers and descriptions keep within the
 * schema, and if one does not, its field is left out, so that the conditions reach the object all the same.
 */
export function fitting(kind: string): {
  /** The status without what the API server would refuse. Logs the fields that are left out, once until they fit. */
  readonly fit: (key: ObjectKey, status: unknown, log: Logger) => unknown;
  readonly forget: (key: ObjectKey) => void;
} {
  const definition = Object.values(definitions).find((one) => one.kind === kind);
  /** By object: the fields whose absence was logged. */
  const told = new Map<string, string>();
  const forget = (key: ObjectKey) => void told.delete(keyString(key));
  return {
    fit(key, status, log) {
      if (definition === undefined) return status;
      const fitted = fitStatus(definition.status, status);
      const fields = fitted.left.join(", ");
      if (fields === "") forget(key);
      else if (told.get(keyString(key)) !== fields) {
        told.set(keyString(key), fields);
        log.warn({ fields: fitted.left }, "the status leaves out fields whose values the API server would refuse");
      }
      return fitted.status;
    },
    forget,
  };
}
