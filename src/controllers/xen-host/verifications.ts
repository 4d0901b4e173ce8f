import type { Ledger } from "../hosts/ledger.ts";
import type { Machine } from "../hosts/machine.ts";
import type { StepResult } from "../hosts/step.ts";
import type { ObjectRef, RefMap } from "../identity.ts";
import type { RelocationPlan } from "./relocation.ts";

/**
 * The receivers that a host has reached with its migration key. A verification changes nothing on any host, so only its
 * result proves it; the result counts for the keys for which it was requested.
 */
export class Verifications {
  readonly #asked: RefMap<RelocationPlan["verifying"]>;
  readonly #counted = new WeakSet<StepResult>();
  /** By receiver: the digest of the keys. */
  readonly #verified: RefMap<Map<string, string>>;

  constructor(ledger: Ledger) {
    this.#asked = ledger.page();
    this.#verified = ledger.page();
  }

  begin(host: ObjectRef, verifying: RelocationPlan["verifying"]): void {
    if (verifying.size > 0) this.#asked.set(host, verifying);
  }

  /** Receivers whose verification succeeded in this process, with the digest of the keys. */
  of(host: ObjectRef, watched: Machine | undefined): ReadonlyMap<string, string> {
    const asked = this.#asked.get(host);
    const verified = this.#verified.get(host) ?? new Map<string, string>();
    this.#verified.set(host, verified);
    if (asked === undefined || watched === undefined) return verified;
    for (const result of [...watched.members.keys()].flatMap((member) => watched.agent.results(member))) {
      if (result.step.action !== "verify-relocation" || this.#counted.has(result)) continue;
      this.#counted.add(result);
      if (result.outcome.kind !== "done") continue;
      const [address] = result.step.command.args;
      for (const [name, one] of asked) if (one.address === address) verified.set(name, one.digest);
    }
    return verified;
  }
}
