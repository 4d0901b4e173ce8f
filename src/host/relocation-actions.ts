import type { HostCommand } from "./command.ts";
import { command } from "./commands.ts";
import { hostName, ipv4Address, publicKey } from "./xen-values.ts";

/** A host that may migrate domains to this one: name, address and keys. */
export interface RelocationPeer {
  readonly name: string;
  readonly address: string;
  /** Public half of the peer's migration key. */
  readonly publicKey: string;
  /** Keys of the peer's sshd. */
  readonly hostKeys: readonly string[];
}

/**
 * Creates the migration key of this host once; writes exactly these senders into the managed block of authorized_keys,
 * each restricted to its address and to `xl migrate-receive` (and the check of {@link verifyRelocation}); writes
 * exactly these receivers into the managed known_hosts. Detail: `prepared` or `unchanged`. Refuses ToolMissing.
 */
export function prepareRelocation(request: {
  readonly senders: readonly RelocationPeer[];
  readonly receivers: readonly RelocationPeer[];
}): HostCommand {
  const senders = request.senders.map(
    (peer) =>
      `sender=${hostName("name", peer.name)}:${ipv4Address("address", peer.address)}:${publicKey("publicKey", peer.publicKey)}`,
  );
  const receivers = request.receivers.flatMap((peer) =>
    peer.hostKeys.map((key) => `receiver=${ipv4Address("address", peer.address)}:${publicKey("hostKeys", key)}`),
  );
  return command("prepare-relocation", 60, "migration to this host allowed for the declared peers only", [
    ...senders.sort(),
    ...receivers.sort(),
  ]);
}

/**
 * Connects from this host to a receiver with the migration key, without touching a domain. Detail: `verified`. Refuses
 * PeerUnreachable, PeerRefuses (it answers, and does not let this host migrate domains to it).
 */
export function verifyRelocation(request: { readonly address: string }): HostCommand {
  return command("verify-relocation", 60, `${request.address} accepts domains from this host`, [
    ipv4Address("address", request.address),
  ]);
}
