import { hostKeySignatures } from "./algorithms.ts";
import { HostError, type SshTarget } from "./host-session.ts";
import { lookUpKnownHost } from "./known-hosts.ts";
import { fingerprint, formatPublicKey, type PublicKey, parsePublicKey, sameKey } from "./public-key.ts";

/** The keys that a host may present. */
export interface HostTrust {
  readonly endpoint: string;
  readonly keys: readonly PublicKey[];
  readonly revoked: readonly PublicKey[];
  /** No key is known, and the first one seen is accepted. */
  readonly firstUse: boolean;
  /** Why there are no keys although the target has some written down. */
  readonly hint: string;
}

type TrustSource = Pick<SshTarget, "host" | "port" | "hostKeys" | "knownHosts" | "hostKeyPolicy">;

/** `seenBefore` is the key that this process accepted on first use; it may not be among the target's keys yet. */
export function hostTrust(target: TrustSource, seenBefore: PublicKey | undefined): HostTrust {
  const endpoint = `${target.host}:${target.port}`;
  const pinned = target.hostKeys.map((line) => {
    const key = parsePublicKey(line);
    if (key !== undefined) return key;
    const message = `host key ${JSON.stringify(line)} of ${endpoint} must look like "ssh-ed25519 AAAA…"`;
    throw new HostError("HostKeyUnknown", message, { started: false });
  });
  const known = lookUpKnownHost(target.knownHosts ?? "", target.host, target.port);
  const declared = pinned.length > 0 ? pinned : known.keys;
  const firstUse = declared.length === 0 && target.hostKeyPolicy === "TrustOnFirstUse";
  return {
    endpoint,
    keys: firstUse && seenBefore !== undefined ? [seenBefore] : declared,
    revoked: known.revoked,
    firstUse: firstUse && seenBefore === undefined,
    hint:
      declared.length === 0 && known.certificateAuthority
        ? "; its known_hosts trusts a @cert-authority, but host certificates are not supported: list the host's own key"
        : "",
  };
}

/** Why the presented key is refused; undefined if it is trusted. */
export function refusal(trust: HostTrust, presented: PublicKey): HostError | undefined {
  const shown = `${fingerprint(presented)} (${formatPublicKey(presented)})`;
  const refuse = (code: "HostKeyMismatch" | "HostKeyUnknown", message: string) =>
    new HostError(code, message, { started: false });
  if (trust.revoked.some((key) => sameKey(key, presented))) {
    return refuse("HostKeyMismatch", `${trust.endpoint} presented ${shown}, which its known_hosts marks as @revoked`);
  }
  if (trust.firstUse || trust.keys.some((key) => sameKey(key, presented))) return undefined;
  if (trust.keys.length === 0) {
    return refuse(
      "HostKeyUnknown",
      `no host key is pinned for ${trust.endpoint}; it presented ${shown}: compare it on the host's console, then pin it${trust.hint}`,
    );
  }
  const expected = trust.keys.map((key) => `${key.type} ${fingerprint(key)}`).join(" or ");
  return refuse(
    "HostKeyMismatch",
    `${trust.endpoint} presented ${shown} instead of ${expected}: the host was reinstalled, or a third party intercepts the connection`,
  );
}

/** A server shows only one key, chosen by these algorithms: trusted types come first, so that it shows a known key. */
export function hostKeyAlgorithms(trust: HostTrust): (typeof hostKeySignatures)[number][] {
  const types = new Set(trust.keys.map((key) => key.type));
  const known = hostKeySignatures.filter((algorithm) =>
    types.has(algorithm.startsWith("rsa-") ? "ssh-rsa" : algorithm),
  );
  return [...known, ...hostKeySignatures.filter((algorithm) => !known.includes(algorithm))];
}
