import type { Claim } from "../../host/addressee.ts";
import { type ObjectRef, type RefMap, refText } from "../identity.ts";
import { currentFacts, type HostView } from "./view.ts";

/** `CLUSTER NAMESPACE/NAME` by kind, as the claim files of a machine that can be asked say. */
export function heldClaims(view: HostView): ReadonlyMap<string, string> {
  const identity = currentFacts(view)?.identity;
  return identity?.state === "known" ? identity.value.claims : new Map();
}

/**
 * Which members speak to a machine, one of each kind: the one that the machine names, else the oldest, else the first by name.
 */
export function claimsOf(
  members: RefMap<{ readonly since?: string | undefined }>,
  cluster: string,
  held: ReadonlyMap<string, string>,
): Claim[] {
  const claims = new Map<string, Claim>();
  const age = (member: ObjectRef) => `${members.get(member)?.since ?? ""} ${refText(member)}`;
  for (const { kind, namespace, name } of [...members.keys()].sort((one, other) => (age(one) < age(other) ? -1 : 1))) {
    if (kind !== "AoeServer" && kind !== "XenHost") continue;
    const claim: Claim = { kind, cluster, object: `${namespace}/${name}` };
    if (!claims.has(kind) || held.get(kind) === `${cluster} ${claim.object}`) claims.set(kind, claim);
  }
  return [...claims.values()];
}

/** Whether the machine is a member's, or may become so. */
export type Claiming =
  | { readonly kind: "Ours" }
  /** Nobody has it, or a person gave it to this object: it is to be claimed. */
  | { readonly kind: "Free" }
  | { readonly kind: "Elsewhere"; readonly message: string };

/** A machine as far as its claims go. */
interface Claimed {
  readonly claims: readonly Claim[];
  readonly takes: string | undefined;
  readonly agent: { readonly view: HostView };
}

/** Compares as scripts/shared/addressee.sh does, before anything is to be done. */
export function claimingOf(host: Claimed, { kind, namespace, name }: ObjectRef): Claiming {
  const own = host.claims.find((claim) => claim.kind === kind);
  if (own === undefined || currentFacts(host.agent.view)?.identity.state !== "known") return { kind: "Ours" };
  if (own.object !== `${namespace}/${name}`)
    return {
      kind: "Elsewhere",
      message: `${kind} ${own.object} has the same machine, by the same address: delete one of the two objects`,
    };
  const held = heldClaims(host.agent.view);
  const ours = `${own.cluster} ${own.object}`;
  for (const [holding, holder] of held) {
    if (holder === host.takes) continue;
    const [cluster = "", object = ""] = holder.split(" ");
    if (holding === kind ? holder === ours : cluster === own.cluster) continue;
    return {
      kind: "Elsewhere",
      message: `${holding} ${object} of the management cluster ${cluster} has this machine: xensan changes nothing on it; to move it here permanently, set the annotation xensan.dev/approve=Claim:${holder}`,
    };
  }
  const given = [...held.values()].some((holder) => holder === host.takes && holder !== ours);
  return held.get(kind) === ours && !given ? { kind: "Ours" } : { kind: "Free" };
}
