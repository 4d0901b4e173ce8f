import { createHash } from "node:crypto";
import type { XenHostSpec } from "../../api/xen-host.ts";
import type { HostFacts } from "../../host/facts.ts";
import { prepareRelocation, type RelocationPeer, verifyRelocation } from "../../host/relocation-actions.ts";
import type { RelocationFact } from "../../host/xen-facts.ts";
import type { ConditionUpdate } from "../../runtime/conditions.ts";
import { no, unknown, yes } from "../finding.ts";
import { exclusive, type Step, stepOf } from "../hosts/step.ts";
import type { HostRef } from "../identity.ts";

const type = "RelocationReady";

/** Another host as a partner of migrations, as far as it is known. */
export interface Partner {
  readonly name: string;
  readonly address: string;
  /** Undefined while the partner does not answer. */
  readonly keys: (Pick<RelocationFact, "publicKey" | "hostKeys"> & Partial<Pick<RelocationFact, "peers">>) | undefined;
  /** Receivers that the partner has verified as a sender, with the digest of the keys that were used. */
  readonly verified: ReadonlyMap<string, string>;
}

/** The migration partners of a host. */
export interface ObservedRelocation {
  readonly name: string;
  readonly address: string;
  /** Hosts that may migrate domains to this one. */
  readonly senders: readonly Partner[];
  /** Hosts that this one may migrate domains to. */
  readonly receivers: readonly Partner[];
  /** Receivers that this host has verified as a sender. */
  readonly verified: ReadonlyMap<string, string>;
}

/** The steps that open the channels for migrations, and their condition. */
export interface RelocationPlan {
  readonly steps: readonly Step[];
  readonly condition: ConditionUpdate;
  /** Receivers that a step verifies, with the digest of the keys that it uses. */
  readonly verifying: ReadonlyMap<string, { readonly address: string; readonly digest: string }>;
}

/** The channel of `xl migrate`: each dom0 has its own key, which only the peers in allowedSourceHostRefs accept. */
export function planRelocation(
  host: HostRef,
  { relocation: spec }: Pick<XenHostSpec, "relocation">,
  { relocation }: HostFacts,
  sight: ObservedRelocation,
): RelocationPlan {
  const only = (condition: ConditionUpdate, steps: readonly Step[] = []) => ({
    steps,
    condition,
    verifying: new Map(),
  });
  const disabled = no(
    type,
    "RelocationDisabled",
    "spec.relocation.mode is Disabled: no host may migrate domains to this one",
  );
  const idle = spec.mode === "Disabled" && sight.receivers.length === 0;
  if (relocation.state !== "known") {
    if (idle) return only(disabled);
    const why = relocation.state === "unknown" ? `: ${relocation.why}` : "";
    return only(unknown(type, "FactsUnknown", `The migration key of the host and its allowed peers are unknown${why}`));
  }
  if (!isIpv4(sight.address))
    return only(
      no(
        type,
        "RelocationAddressMissing",
        `spec.relocation.address must be given: spec.ssh.host is ${JSON.stringify(sight.address)}, and peers need an IPv4 address`,
      ),
    );
  const fact = relocation.value;
  const senders = spec.mode === "Enabled" ? sight.senders : [];
  if (idle && fact.peers.length === 0 && fact.knownHosts.length === 0) return only(disabled);
  const wanted = { senders: peersOf(senders, fact), receivers: receiversOf(sight.receivers, fact) };
  const steps: Step[] = [];
  if (fact.publicKey === "" || !isPrepared(fact, wanted)) steps.push(exclusive(host, prepareRelocation(wanted)));
  const verifying = new Map<string, { address: string; digest: string }>();
  if (steps.length === 0)
    for (const receiver of sight.receivers.filter(({ address }) => isIpv4(address))) {
      const digest = receiver.keys && digestOf(fact.publicKey, sight.address, receiver.keys.hostKeys, receiver.address);
      if (digest === undefined || sight.verified.get(receiver.name) === digest) continue;
      // The receiver does not accept this key yet, so there is nothing to verify.
      const { peers } = receiver.keys ?? {};
      if (peers !== undefined && !peers.some(({ publicKey }) => bare(publicKey) === bare(fact.publicKey))) continue;
      verifying.set(receiver.name, { address: receiver.address, digest });
      const command = verifyRelocation({ address: receiver.address });
      steps.push(stepOf(host, command));
    }
  if (spec.mode === "Disabled") return { steps, condition: disabled, verifying };
  return { steps, condition: conditionOf(senders, fact, wanted.senders, sight), verifying };
}

function conditionOf(
  senders: readonly Partner[],
  fact: RelocationFact,
  wanted: readonly RelocationPeer[],
  sight: ObservedRelocation,
): ConditionUpdate {
  const missing = senders.filter(({ name }) => !wanted.some((peer) => peer.name === name)).map(({ name }) => name);
  if (missing.length > 0)
    return unknown(
      type,
      "PeerUnknown",
      `Waiting for the migration key of ${missing.join(", ")}: each peer must be reachable once`,
    );
  if (!samePeers(fact.peers, wanted))
    return no(type, "RelocationNotPrepared", "The keys of the peers are not in place yet");
  const unverified = senders.filter(({ name, verified }) => {
    const peer = fact.peers.find((one) => one.name === name);
    const digest = peer && digestOf(peer.publicKey, peer.address, fact.hostKeys, sight.address);
    return digest === undefined || verified.get(sight.name) !== digest;
  });
  if (unverified.length > 0)
    return unknown(
      type,
      "NotVerified",
      `${unverified.map(({ name }) => name).join(", ")} has not yet logged in to this host with its migration key at ${sight.address}`,
    );
  return yes(
    type,
    "RelocationReady",
    `${senders.map(({ name }) => name).join(", ")} may migrate domains to this host at ${sight.address}`,
  );
}

const isIpv4 = (address: string) => /^[0-9]{1,3}(\.[0-9]{1,3}){3}$/.test(address);

/** The peers whose keys the host accepts. A partner that does not answer keeps its entry. */
function peersOf(partners: readonly Partner[], fact: RelocationFact): RelocationPeer[] {
  return partners
    .filter(({ address }) => isIpv4(address))
    .flatMap(({ name, address, keys }) => {
      const kept = fact.peers.find((peer) => peer.name === name);
      const publicKey = keys?.publicKey ?? kept?.publicKey ?? "";
      return publicKey === "" ? [] : [{ name, address, publicKey, hostKeys: keys?.hostKeys ?? [] }];
    });
}

function receiversOf(partners: readonly Partner[], fact: RelocationFact): RelocationPeer[] {
  return partners
    .filter(({ address }) => isIpv4(address))
    .flatMap(({ name, address, keys }) => {
      const kept = fact.knownHosts.filter((known) => known.address === address).map(({ publicKey }) => publicKey);
      const hostKeys = keys?.hostKeys ?? kept;
      return hostKeys.length === 0 ? [] : [{ name, address, publicKey: keys?.publicKey ?? "", hostKeys }];
    });
}

function isPrepared(
  fact: RelocationFact,
  wanted: { readonly senders: readonly RelocationPeer[]; readonly receivers: readonly RelocationPeer[] },
): boolean {
  const known = wanted.receivers.flatMap(({ address, hostKeys }) => hostKeys.map((key) => `${address} ${bare(key)}`));
  return (
    samePeers(fact.peers, wanted.senders) &&
    sameSet(
      fact.knownHosts.map(({ address, publicKey }) => `${address} ${bare(publicKey)}`),
      known,
    )
  );
}

const samePeers = (peers: RelocationFact["peers"], wanted: readonly RelocationPeer[]) =>
  sameSet(peers.map(peerText), wanted.map(peerText));
const peerText = ({ name, address, publicKey }: Pick<RelocationPeer, "name" | "address" | "publicKey">) =>
  `${name} ${address} ${bare(publicKey)}`;
/** A key without its comment, which is not transferred. */
const bare = (key: string) => key.split(" ").slice(0, 2).join(" ");
const sameSet = (one: readonly string[], other: readonly string[]) =>
  JSON.stringify([...new Set(one)].sort()) === JSON.stringify([...new Set(other)].sort());

/** Identifies the keys and addresses that a verification used; for others it does not count. */
export function digestOf(
  senderKey: string,
  senderAddress: string,
  hostKeys: readonly string[],
  address: string,
): string {
  const text = JSON.stringify([bare(senderKey), senderAddress, hostKeys.map(bare).sort(), address]);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
