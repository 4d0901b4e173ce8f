import { type Claim, type ClaimHolder, holderText } from "../../host/addressee.ts";
import { countsOnce } from "../directives.ts";
import { type ObjectRef, RefMap, refText } from "../identity.ts";
import type { HostAgent } from "./agent.ts";
import type { Endpoint } from "./endpoint.ts";
import { currentFacts, type HostView, machineOf } from "./view.ts";

/** What a member remembers of its machine. */
export interface Remembered {
  /** `status.hostKey` */
  readonly hostKey?: string | undefined;
  /** `status.machineID` */
  readonly machineId?: string | undefined;
  /** The holder whose claim a person gave to the member, `CLUSTER NAMESPACE/NAME`. */
  readonly takes?: string | undefined;
  /** `metadata.creationTimestamp`: of two objects for one machine the older one claims it. */
  readonly since?: string | undefined;
  /** `spec.management`; absent means Manage. */
  readonly management?: "Manage" | "Observe" | undefined;
}

/** A watched machine and the objects that represent it. */
export class Machine {
  readonly endpoint: Endpoint;
  readonly agent: HostAgent;
  readonly members = new RefMap<Remembered>();
  /** The key first seen under TrustOnFirstUse; it holds from then on. */
  seenKey: string | undefined;
  /** The shared devices that the last look asked for. */
  askedDevices: ReadonlySet<string> = new Set();
  /** Paths that the last look left out, because there were too many. */
  leftOut: ReadonlySet<string> = new Set();
  stop: () => void = () => undefined;
  /** Resolves when nothing is running there any more, after it was stopped. */
  ended: Promise<void> = Promise.resolve();
  /** The watched machines of its namespace that are or may be this machine at other addresses, and itself. */
  siblings: () => Iterable<Machine> = () => [this];

  /** Id of the management cluster; undefined: machines are not claimed. */
  readonly #clusterId: string | undefined;

  constructor(endpoint: Endpoint, agent: (self: Machine) => HostAgent, clusterId?: string) {
    this.endpoint = endpoint;
    this.#clusterId = clusterId;
    this.agent = agent(this);
  }

  /** The members that use the machine: of each kind the one that the machine names, else the oldest. */
  get claims(): readonly Claim[] {
    if (this.#clusterId === undefined) return [];
    return claimsOf(this.members, this.#clusterId, heldClaims(this.agent.view));
  }

  /** The key in a member's status, else the key that was just seen. */
  get trustedKey(): string | undefined {
    return this.#remembered("hostKey") ?? this.seenKey;
  }

  /** Until its key and machine-id are recorded, a machine may be probed but not changed. */
  get trusted(): boolean {
    const keyRecorded = this.seenKey === undefined || this.#remembered("hostKey") !== undefined;
    return keyRecorded && (this.machineId !== undefined || machineOf(this.agent.view) === undefined);
  }

  /** The machine-id in a member's status. */
  get machineId(): string | undefined {
    return this.#remembered("machineId");
  }

  /**
   * An object of its namespace with `spec.management: Observe` that represents the machine, at any address. Until the
   * looks have shown that the machine of that object is another one, it counts: an observed machine must not be
   * changed.
   */
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

/** The holders of a reachable machine by kind, as its claim files say. */
export function heldClaims(view: HostView): ReadonlyMap<string, ClaimHolder> {
  const identity = currentFacts(view)?.identity;
  return identity?.state === "known" ? identity.value.claims : new Map();
}

/**
 * The members that use a machine, one of each kind: the one that the machine names, else the oldest, else the first by
 * name.
 */
export function claimsOf(
  members: RefMap<{ readonly since?: string | undefined }>,
  cluster: string,
  held: ReadonlyMap<string, ClaimHolder>,
): Claim[] {
  const claims = new Map<string, Claim>();
  const age = (member: ObjectRef) => `${members.get(member)?.since ?? ""} ${refText(member)}`;
  for (const { kind, namespace, name } of [...members.keys()].sort((one, other) => (age(one) < age(other) ? -1 : 1))) {
    if (kind !== "AoeServer" && kind !== "XenHost") continue;
    const claim: Claim = { kind, cluster, namespace, name };
    if (!claims.has(kind) || isHolder(held.get(kind), claim)) claims.set(kind, claim);
  }
  return [...claims.values()];
}

const isHolder = (one: ClaimHolder | undefined, other: ClaimHolder): boolean =>
  one !== undefined && holderText(one) === holderText(other);

/** Whether the machine belongs to a member, or may. */
export type Claiming =
  | { readonly kind: "Ours" }
  /** The machine has no holder, or a person gave it to this object: it must be claimed. */
  | { readonly kind: "Free" }
  | { readonly kind: "Elsewhere"; readonly message: string };

/** The parts of a machine that matter to its claims. */
interface Claimed {
  readonly claims: readonly Claim[];
  readonly takes: string | undefined;
  readonly agent: { readonly view: HostView };
}

/** Compares as scripts/shared/addressee.sh does, before any step is planned. */
export function claimingOf(host: Claimed, { kind, namespace, name }: ObjectRef): Claiming {
  const own = host.claims.find((claim) => claim.kind === kind);
  if (own === undefined || currentFacts(host.agent.view)?.identity.state !== "known") return { kind: "Ours" };
  if (own.namespace !== namespace || own.name !== name)
    return {
      kind: "Elsewhere",
      message: `${kind} ${own.namespace}/${own.name} has the same SSH address, so both represent the same machine: delete one of the two objects`,
    };
  const held = heldClaims(host.agent.view);
  const isGiven = (holder: ClaimHolder) => holderText(holder) === host.takes;
  for (const [holding, holder] of held) {
    if (isGiven(holder) || (holding === kind ? isHolder(holder, own) : holder.cluster === own.cluster)) continue;
    return {
      kind: "Elsewhere",
      message: `${holding} ${holder.namespace}/${holder.name} of the management cluster ${holder.cluster} manages this machine: xensan changes nothing on it; to move the machine to this object permanently, set the annotation xensan.dev/approve=Claim:${holderText(holder)}; ${countsOnce}`,
    };
  }
  const given = [...held.values()].some((holder) => isGiven(holder) && !isHolder(holder, own));
  return isHolder(held.get(kind), own) && !given ? { kind: "Ours" } : { kind: "Free" };
}
