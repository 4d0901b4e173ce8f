import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { type LinkedSignal, linkedSignal, untilAborted } from "../runtime/cancellation.ts";
import type { EventRecorder } from "../runtime/events.ts";
import { leaseKind } from "../runtime/kinds.ts";
import type { KubeApi, ObjectKey } from "../runtime/kube-api.ts";
import { LeaderElection } from "../runtime/leader-election.ts";
import { done, type Reconciler } from "../runtime/reconciler.ts";
import { type ObjectRef, RefMap, refTo } from "./identity.ts";
import { lastingLease } from "./lasting-lease.ts";

/** Options of {@link Claims}. */
export interface ClaimsOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventRecorder;
  /** The same for every replica of a release, also after a restart; different for every other release. */
  readonly holder: string;
  /**
   * Called when another operator has taken a namespace that was served, and no reconcile runs there any more. Must end
   * all other work there; the namespace is claimed again only after that.
   */
  readonly onLost: (namespace: string) => Promise<void>;
  /** Whether any object is known in the namespace: one without, that the server does not have, is forgotten. */
  readonly hasObjects: (namespace: string) => boolean;
}

/** Name of the Lease in each served namespace that says which operator serves it. */
export const claimName = "xensan-claim";
/** Seconds. Longer than a restart of the operator takes. */
const durations = { leaseSeconds: 60, renewSeconds: 40, retrySeconds: 10 };

interface NamespaceClaim {
  readonly election: LeaderElection;
  /** Objects whose reconcile waits until the namespace is claimed. */
  readonly waiting: RefMap<true>;
  other: string | undefined;
  /** Aborted when the claim is lost; undefined while there is none. */
  term: AbortSignal | undefined;
  readonly reconciling: Set<Promise<unknown>>;
  /** Aborted to end the election; undefined before it began. */
  campaign: LinkedSignal | undefined;
}

/**
 * The namespaces that this operator serves: those in which it holds the Lease {@link claimName}. Two releases that
 * serve the same namespace would act on the same hosts; the second one leaves the namespace alone and reports that.
 */
export class Claims {
  readonly #options: ClaimsOptions;
  readonly #claims = new Map<string, NamespaceClaim>();
  readonly #again = new Map<string, (key: ObjectKey) => void>();
  readonly #running = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  /**
   * Wraps a reconciler so that it runs only in claimed namespaces and stops where a claim is lost; `again` puts a
   * deferred key back into its queue.
   */
  guard(kind: string, inner: Reconciler, again: (key: ObjectKey) => void): Reconciler {
    this.#again.set(kind, again);
    return {
      reconcile: async (key, context) => {
        const claim = this.#of(key.namespace);
        const { term } = claim;
        const later = () => {
          claim.waiting.set(refTo(kind, key.namespace, key.name), true);
          return done;
        };
        if (term === undefined || !claim.election.leading) return later();
        using signal = linkedSignal(context.signal, term);
        using leading = linkedSignal(context.leading, term);
        const reconcile = inner.reconcile(key, { ...context, signal: signal.signal, leading: leading.signal });
        claim.reconciling.add(reconcile);
        try {
          return await reconcile;
        } catch (error) {
          if (!term.aborted || context.leading.aborted) throw error;
          return later();
        } finally {
          claim.reconciling.delete(reconcile);
        }
      },
    };
  }

  /**
   * True where the object's namespace is not claimed: the object is reconciled once it is, and need not be enqueued
   * before.
   */
  defers(object: ObjectRef): boolean {
    const { term, election, waiting } = this.#of(object.namespace);
    if (term !== undefined && election.leading) return false;
    waiting.set(object, true);
    return true;
  }

  /** The namespaces that another operator serves, for messages; undefined when there is none. */
  refused(): string | undefined {
    const held = [...this.#claims].flatMap(([namespace, { other }]) =>
      other === undefined ? [] : [`namespace ${namespace} is served by ${other} (Lease ${namespace}/${claimName})`],
    );
    return held.length === 0 ? undefined : `${held.sort().join("; ")}: this operator changes nothing there`;
  }

  /** Claims every requested namespace until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const [namespace, claim] of this.#claims) this.#campaign(namespace, claim, signal);
    await untilAborted(signal);
    await Promise.all(this.#running);
  }

  #of(namespace: string): NamespaceClaim {
    const known = this.#claims.get(namespace);
    if (known !== undefined) return known;
    const { api, clock, log, holder, events, hasObjects } = this.#options;
    const claim: NamespaceClaim = {
      waiting: new RefMap(),
      other: undefined,
      term: undefined,
      reconciling: new Set(),
      campaign: undefined,
      election: new LeaderElection({
        ...{ clock, log, ...durations },
        api: lastingLease(api, holder, () => {
          if (!hasObjects(namespace)) claim.campaign?.abort(new Error("the namespace is gone"));
        }),
        lease: { namespace, name: claimName },
        identity: holder,
        atEnd: "Keep",
        onOther: (lease, other) => {
          claim.other = other;
          const message = `Namespace ${namespace} is served by ${other}; ${holder} changes nothing in it until that operator has not renewed the Lease for ${durations.leaseSeconds} s. Only one release may serve a namespace`;
          log.warn({ namespace, holder: other }, message);
          events.record(leaseKind, lease, {
            ...{ type: "Warning", reason: "ServedElsewhere", action: "Claim", note: message },
          });
        },
      }),
    };
    this.#claims.set(namespace, claim);
    if (this.#signal !== undefined) this.#campaign(namespace, claim, this.#signal);
    return claim;
  }

  #campaign(namespace: string, claim: NamespaceClaim, signal: AbortSignal): void {
    const campaign = linkedSignal(signal);
    claim.campaign = campaign;
    const running = claim.election
      .run(campaign.signal, async (term) => {
        claim.other = undefined;
        claim.term = term;
        this.#wake(claim);
        await untilAborted(term);
        claim.term = undefined;
        await Promise.allSettled(claim.reconciling);
        if (!signal.aborted) await this.#options.onLost(namespace);
      })
      .finally(() => {
        campaign[Symbol.dispose]();
        this.#running.delete(running);
        if (signal.aborted) return;
        this.#options.log.info({ namespace }, "the namespace is gone, and with it its claim");
        // If it has been created again meanwhile, its objects claim it anew.
        this.#claims.delete(namespace);
        if (this.#options.hasObjects(namespace)) this.#wake(claim);
      });
    this.#running.add(running);
  }

  /** Puts the objects that wait for the claim back into their queues. */
  #wake({ waiting }: NamespaceClaim): void {
    const objects = [...waiting.keys()];
    waiting.clear();
    for (const object of objects) this.#again.get(object.kind)?.(object);
  }
}
