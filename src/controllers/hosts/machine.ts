import type { Claim } from "../../host/addressee.ts";
import { type ObjectRef, RefMap } from "../identity.ts";
import type { HostAgent } from "./agent.ts";
import type { Endpoint } from "./endpoint.ts";
import { claimsOf, heldClaims } from "./machine-claims.ts";
import { machineOf } from "./view.ts";

/** What the object of a member keeps of its machine. */
export interface Remembered {
  /** `status.hostKey` */
  readonly hostKey?: string | undefined;
  /** `status.machineID` */
  readonly machineId?: string | undefined;
  /** Whose claim a person gave to it, `CLUSTER NAMESPACE/NAME`. */
  readonly takes?: string | undefined;
  /** `metadata.creationTimestamp`: of two objects for one machine the older one has it. */
  readonly since?: string | undefined;
  /** `spec.management`; Manage where it says nothing. */
  readonly management?: "Manage" | "Observe" | undefined;
}

/** A machine under watch and the objects that stand for it. */
export class Machine {
  readonly endpoint: Endpoint;
  readonly agent: HostAgent;
  readonly members = new RefMap<Remembered>();
  /** The key seen under TrustOnFirstUse; it holds from then on. */
  seenKey: string | undefined;
  stop: () => void = () => undefined;
  /** Resolves when nothing is under way there any more, after it was stopped. */
  ended: Promise<void> = Promise.resolve();
  /** Those under watch that are the same machine by another address, and itself. */
  siblings: () => Iterable<Machine> = () => [this];

  /** Id of the management cluster; undefined: machines are not claimed. */
  readonly #clusterId: string | undefined;

  constructor(endpoint: Endpoint, agent: (self: Machine) => HostAgent, clusterId?: string) {
    this.endpoint = endpoint;
    this.#clusterId = clusterId;
    this.agent = agent(this);
  }

  /** Who speaks to the machine: of each kind the member that the machine names, else the oldest. */
  get claims(): readonly Claim[] {
    if (this.#clusterId === undefined) return [];
    return claimsOf(this.members, this.#clusterId, heldClaims(this.agent.view));
  }

  /** The key that a member's status keeps, else the one just seen. */
  get trustedKey(): string | undefined {
    return this.#remembered("hostKey") ?? this.seenKey;
  }

  /** A key or a machine-id that nobody has written down yet justifies looking, not changing anything. */
  get trusted(): boolean {
    const keyRecorded = this.seenKey === undefined || this.#remembered("hostKey") !== undefined;
    return keyRecorded && (this.machineId !== undefined || machineOf(this.agent.view) === undefined);
  }

  /** The machine-id that a member's status keeps. */
  get machineId(): string | undefined {
    return this.#remembered("machineId");
  }

  /** An object that stands for the machine, by whatever address, and has `spec.management: Observe`. */
  get observer(): ObjectRef | undefined {
    for (const sibling of this.siblings())
      for (const [member, { management }] of sibling.members) if (management === "Observe") return member;
    return undefined;
  }

  get takes(): string | undefined {
    return this.#remembered("takes");
  }

  #remembered(what: keyof Remembered): string | undefined {
    for (const member of this.members.values()) if (member[what] !== undefined) return member[what];
    return undefined;
  }
}
