import { secretFinalizer } from "../../api/common.ts";
import type { Reason } from "../../api/reasons.ts";
import type { SshSpec } from "../../api/ssh.ts";
import type { Secret } from "../../runtime/kinds.ts";
import type { SshTarget } from "../../ssh/host-session.ts";

/**
 * One way into one machine. Objects in one namespace whose `spec.ssh` is equal share it, and so share the probe. An
 * equal `spec.ssh` in another namespace is another endpoint: no object may use another namespace's key.
 */
export interface Endpoint {
  readonly id: string;
  readonly namespace: string;
  readonly ssh: SshSpec;
}

/** The endpoint that a spec describes, in this namespace. */
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

/** The address of the machine: two objects with the same address are the same machine. */
export function addressOf(ssh: Pick<SshSpec, "host" | "port">): string {
  return `${ssh.host.toLowerCase()}:${ssh.port}`;
}

/** The SSH target of the endpoint, or why there is none yet. */
export type Route =
  | { readonly kind: "target"; readonly target: SshTarget }
  | { readonly kind: "problem"; readonly reason: Reason; readonly message: string };

const sshAuth = "kubernetes.io/ssh-auth";

/**
 * Bounds for searching known_hosts, whose size the author of the Secret chooses. A hashed name costs a hash, a pattern
 * its length times the length of the name.
 */
const mostKnownHosts = { hashedNames: 2048, patternCharacters: 32 * 1024 };

/** The most bytes of each value that is used. */
const mostBytes: Readonly<Record<string, number>> = {
  "ssh-privatekey": 16 * 1024,
  "ssh-passphrase": 16 * 1024,
  known_hosts: 256 * 1024,
};

/** Why a known_hosts file is too large to search, as the end of a sentence about its Secret. */
function knownHostsProblem(text: string): string | undefined {
  const most = mostKnownHosts;
  const tooMany = (count: number, what: string, limit: number) =>
    `has ${count} ${what} known_hosts; at most ${limit} are accepted: keep only the lines of the hosts that use the Secret`;
  const hashed = text.split("|1|").length - 1;
  if (hashed > most.hashedNames) return tooMany(hashed, "hashed names in", most.hashedNames);
  const patterns = text.split(/[\s,]/).filter((word) => word.includes("*") || word.includes("?"));
  const length = patterns.join("").length;
  if (length > most.patternCharacters) return tooMany(length, "characters of patterns in", most.patternCharacters);
  return undefined;
}

/** `recordedKey`: the key that was seen before under TrustOnFirstUse. */
export function routeTo(endpoint: Endpoint, secret: Secret | undefined, recordedKey: string | undefined): Route {
  const { ssh, namespace } = endpoint;
  const name = `Secret ${namespace}/${ssh.privateKeySecretRef.name}`;
  if (secret === undefined)
    return problem(
      "SecretNotFound",
      `${name} of type ${sshAuth} does not exist: create it, with the private key in ssh-privatekey`,
    );
  if (secret.type !== sshAuth)
    return problem(
      "CredentialInvalid",
      `${name} has type ${secret.type ?? "Opaque"}; it must be ${sshAuth}. The type cannot be changed: delete it and create it again`,
    );
  for (const [key, most] of Object.entries(mostBytes)) {
    const omitted = secret.omitted?.[key];
    const bytes = omitted ?? Buffer.byteLength(secret.data?.[key] ?? "", "base64");
    if (bytes > most)
      return problem("CredentialInvalid", `${name} has ${bytes} bytes of ${key}; at most ${most} are accepted`);
    // Without its known_hosts, a host would be trusted on less than was declared.
    if (omitted !== undefined)
      return problem(
        "Pending",
        `${name} has ${bytes} bytes of ${key}; xensan reads them after it has added the finalizer ${secretFinalizer}`,
      );
  }
  const privateKey = text(secret, "ssh-privatekey");
  if (privateKey === undefined)
    return problem("CredentialInvalid", `${name} has no ssh-privatekey: add an OpenSSH private key under that name`);
  const passphrase = text(secret, "ssh-passphrase");
  const knownHosts = text(secret, "known_hosts");
  const tooMuch = knownHostsProblem(knownHosts ?? "");
  if (tooMuch !== undefined) return problem("CredentialInvalid", `${name} ${tooMuch}`);
  const pinned = ssh.hostKeys ?? [];
  const recorded = ssh.hostKeyPolicy === "TrustOnFirstUse" && recordedKey !== undefined ? [recordedKey] : [];
  const { uid = "", resourceVersion = "" } = secret.metadata;
  return {
    kind: "target",
    target: {
      host: ssh.host,
      port: ssh.port,
      user: ssh.user,
      become: ssh.become,
      hostKeys: pinned.length > 0 ? pinned : recorded,
      hostKeyPolicy: ssh.hostKeyPolicy,
      ...(knownHosts === undefined ? {} : { knownHosts }),
      credential: {
        privateKey,
        ...(passphrase === undefined ? {} : { passphrase }),
        version: `${uid}/${resourceVersion}`,
      },
    },
  };
}

const problem = (reason: Reason, message: string): Route => ({ kind: "problem", reason, message });

function text(secret: Secret, key: string): string | undefined {
  const value = secret.data?.[key];
  return value === undefined || value === "" ? undefined : Buffer.from(value, "base64").toString("utf8");
}
