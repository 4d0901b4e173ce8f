import type { SshSpec } from "../../api/ssh.ts";

/**
 * One way into one machine. Objects whose `spec.ssh` says the same, in the same namespace, share it and so share the
 * probe. Another namespace's equal words are another endpoint: nobody gets in with somebody else's key.
 */
export interface Endpoint {
  readonly id: string;
  readonly namespace: string;
  readonly ssh: SshSpec;
}

export function endpointOf(namespace: string, ssh: SshSpec): Endpoint {
  const id = JSON.stringify([
    namespace,
    ssh.user,
    ssh.host.toLowerCase(),
    ssh.port,
    ssh.privateKeySecretRef.name,
    ssh.become,
    ssh.hostKeyPolicy,
    [...(ssh.hostKeys ?? [])].sort(),
  ]);
  return { id, namespace, ssh };
}

/** Where the machine is, whoever asks: two objects with the same address are the same machine. */
export function addressOf(ssh: Pick<SshSpec, "host" | "port">): string {
  return `${ssh.host.toLowerCase()}:${ssh.port}`;
}
