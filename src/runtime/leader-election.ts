import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { jittered } from "./backoff.ts";
import { after, linkedSignal, withTimeout } from "./cancellation.ts";
import { rfc3339Micro } from "./conditions.ts";
import { type Lease, leaseKind } from "./kinds.ts";
import { isConflict, isNotFound, type KubeApi, type ObjectKey } from "./kube-api.ts";
import type { Metrics } from "./metrics.ts";

/** The part of the API that a Lease needs. */
export type LeaseApi = Pick<KubeApi, "get" | "create" | "update">;

/** Options of an election; durations have the names of client-go's leaderelection. */
export interface LeaderElectionOptions {
  readonly api: LeaseApi;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** The Lease. */
  readonly lease: ObjectKey;
  /** Unique to this process, not only to this machine. */
  readonly identity: string;
  /** How long a candidate sees an unchanged record before it takes over. */
  readonly leaseSeconds?: number;
  /**
   * A leader that has not renewed for this long stops. Shorter than `leaseSeconds`: it has the difference to stop in.
   */
  readonly renewSeconds?: number;
  readonly retrySeconds?: number;
  /** `Keep`: the Lease keeps its holder at the end, for a successor of the same identity, and expires otherwise. */
  readonly atEnd?: "Release" | "Keep";
  /** Called once for each other holder of the Lease. */
  readonly onOther?: (lease: Lease, holder: string) => void;
}

const defaults = { leaseSeconds: 15, renewSeconds: 10, retrySeconds: 2 };

class LeadershipLost extends Error {
  override readonly name = "LeadershipLost";
}

/**
 * Leader election over a Lease, by the observations of this process alone: a record that has not changed for
 * `leaseSeconds` of its own monotonic clock has expired. The times in the record are for people; clocks may differ.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions & typeof defaults;
  readonly #log: Logger;
  #observed: { readonly record: string; readonly at: number } | undefined;
  #held: Lease | undefined;
  #other = "";
  /** When the request of the last successful renewal was sent: other candidates cannot have seen it earlier. */
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(options: LeaderElectionOptions) {
    this.#options = { ...defaults, ...options };
    const { leaseSeconds, renewSeconds, retrySeconds } = this.#options;
    if (!(retrySeconds < renewSeconds && renewSeconds < leaseSeconds))
      throw new RangeError(
        `leader election needs retrySeconds < renewSeconds < leaseSeconds, not ${retrySeconds}, ${renewSeconds}, ${leaseSeconds}`,
      );
    this.#log = options.log.child({
      lease: `${options.lease.namespace}/${options.lease.name}`,
      identity: options.identity,
    });
    this.#report(false);
  }

  /**
   * Whether this process leads now, by its own clock; correct also after it was suspended and before any timer has
   * fired.
   */
  get leading(): boolean {
    const { clock, renewSeconds } = this.#options;
    return this.#held !== undefined && clock.monotonic() - this.#renewedAt < renewSeconds * 1000;
  }

  /**
   * Campaigns, and runs `lead` for each term, under a signal that is aborted when the term ends. Create everything that
   * acts inside `lead`, and return from it soon after the abort. Returns after the signal is aborted, or after `lead`
   * returned without an abort; the lease is released by then. Rejects with the error of `lead`.
   */
  async run(signal: AbortSignal, lead: (leading: AbortSignal) => Promise<void>): Promise<void> {
    const { clock, retrySeconds } = this.#options;
    while (!signal.aborted) {
      if (await this.#acquire(signal)) {
        const ended = await this.#term(signal, lead);
        if (ended === "finished") return;
      }
      await clock.sleep(1000 * jittered(clock, retrySeconds, 1.2 * retrySeconds), signal).catch(() => undefined);
    }
  }

  async #term(signal: AbortSignal, lead: (leading: AbortSignal) => Promise<void>): Promise<"lost" | "finished"> {
    this.#other = "";
    this.#log.info("leading");
    this.#report(true);
    using term = linkedSignal(signal);
    // Keep renewing while `lead` stops, so that no other process starts before it has.
    using renewing = linkedSignal();
    const renewal = this.#renew(renewing, (reason) => {
      this.#report(false);
      this.#log.warn(reason);
      term.abort(new LeadershipLost(reason));
    });
    try {
      await lead(term.signal);
    } finally {
      renewing.abort(new Error("the term has ended"));
      await renewal;
      if (this.leading && this.#options.atEnd !== "Keep") await this.#release();
      this.#held = undefined;
      this.#report(false);
    }
    return term.signal.aborted && !signal.aborted ? "lost" : "finished";
  }

  async #renew(renewing: ReturnType<typeof linkedSignal>, lost: (reason: string) => void): Promise<void> {
    const { clock, renewSeconds, retrySeconds } = this.#options;
    const arm = () =>
      after(clock, this.#renewedAt + renewSeconds * 1000 - clock.monotonic(), () => {
        this.#held = undefined;
        lost(`could not renew for ${renewSeconds} s; stopped leading`);
        renewing.abort(new Error("the lease expired"));
      });
    let expiry = arm();
    while (!renewing.signal.aborted) {
      await clock.sleep(retrySeconds * 1000, renewing.signal).catch(() => undefined);
      if (renewing.signal.aborted) break;
      const outcome = await this.#tryRenew(renewing.signal);
      // The timer may have ended the term while the answer was in transit.
      if (renewing.signal.aborted) break;
      if (outcome === "taken" || outcome === "gone") {
        this.#held = undefined;
        lost(`${outcome === "gone" ? "the lease is gone" : "another replica holds the lease"}; stopped leading`);
        break;
      }
      if (outcome === "renewed") {
        expiry[Symbol.dispose]();
        expiry = arm();
      }
    }
    expiry[Symbol.dispose]();
  }

  async #tryRenew(signal: AbortSignal): Promise<"renewed" | "failed" | "taken" | "gone"> {
    const { identity } = this.#options;
    try {
      const held = this.#held;
      if (held === undefined) return "taken";
      await this.#write(held, { renewTime: this.#now() }, signal);
      return "renewed";
    } catch (error) {
      if (signal.aborted) return "failed";
      this.#log.warn({ err: error }, "could not renew the lease");
      // After a conflict, or if the lease is gone, read who holds it now.
      if (!isConflict(error) && !isNotFound(error)) return "failed";
      try {
        const current = await this.#limited(signal, (limited) => this.#get(limited));
        if (current === undefined) return "gone";
        if (current.spec?.holderIdentity !== identity) return "taken";
        this.#held = current;
      } catch (failure) {
        this.#log.debug({ err: failure }, "could not read the lease");
      }
      return "failed";
    }
  }

  /** Whether this process holds the lease now. */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, identity, leaseSeconds } = this.#options;
    try {
      const current = await this.#limited(signal, (limited) => this.#get(limited));
      const time = this.#now();
      const mine = { holderIdentity: identity, leaseDurationSeconds: leaseSeconds, acquireTime: time, renewTime: time };
      if (current === undefined) {
        await this.#write(undefined, { ...mine, leaseTransitions: 0 }, signal);
        return true;
      }
      const record = JSON.stringify(current.spec ?? {});
      if (this.#observed?.record !== record) this.#observed = { record, at: clock.monotonic() };
      const holder = current.spec?.holderIdentity ?? "";
      const patience = 1000 * Math.max(leaseSeconds, current.spec?.leaseDurationSeconds ?? 0);
      const expired = clock.monotonic() - this.#observed.at >= patience;
      if (holder !== "" && holder !== identity && !expired) {
        if (this.#other !== holder) this.#options.onOther?.(current, holder);
        this.#other = holder;
        return false;
      }
      const transitions = (current.spec?.leaseTransitions ?? 0) + (holder === identity ? 0 : 1);
      await this.#write(current, { ...mine, leaseTransitions: transitions }, signal);
      if (holder !== "" && holder !== identity) this.#log.info({ holder }, "took over an expired lease");
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (isConflict(error)) this.#log.debug({ err: error }, "another candidate acquired the lease first");
      else this.#log.warn({ err: error }, "could not acquire the lease");
      return false;
    }
  }

  async #write(current: Lease | undefined, change: NonNullable<Lease["spec"]>, signal: AbortSignal): Promise<void> {
    const { api, clock, lease } = this.#options;
    const sentAt = clock.monotonic();
    const stored = await this.#limited(signal, (limited) =>
      current === undefined
        ? api.create(leaseKind, { metadata: { ...lease }, spec: change }, limited)
        : api.update(leaseKind, { ...current, spec: { ...current.spec, ...change } }, limited),
    );
    this.#held = stored;
    this.#renewedAt = sentAt;
  }

  async #release(): Promise<void> {
    if (this.#held === undefined) return;
    const never = new AbortController().signal;
    try {
      await this.#write(this.#held, { holderIdentity: "", leaseDurationSeconds: 1, renewTime: this.#now() }, never);
      this.#log.info("released the lease");
    } catch (error) {
      this.#log.warn({ err: error }, "could not release the lease; it will expire");
    }
  }

  async #get(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      return await this.#options.api.get(leaseKind, this.#options.lease, signal);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Keeps a single request from using up the whole time to renew. */
  #limited<R>(signal: AbortSignal, body: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const { clock, renewSeconds } = this.#options;
    return withTimeout(clock, (renewSeconds * 1000) / 2, "a request for the lease", signal, body);
  }

  #now(): string {
    return rfc3339Micro(this.#options.clock.now());
  }

  #report(leading: boolean): void {
    this.#options.metrics?.leaderElectionMasterStatus.set({ name: this.#options.lease.name }, leading ? 1 : 0);
  }
}
