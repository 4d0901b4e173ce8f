import { createHash } from "node:crypto";
import ssh2, { type ParsedKey } from "ssh2";
import { HostError, type SshTarget } from "./host-session.ts";

/** What makes two credentials the same, without telling either: safe to keep as a map key. */
export function credentialIdentity({ privateKey, passphrase, version }: SshTarget["credential"]): string {
  return createHash("sha256")
    .update(JSON.stringify([version, privateKey, passphrase]))
    .digest("base64");
}

export type ReadPrivateKey = (target: SshTarget) => ParsedKey;

/** Throws CredentialInvalid. Remembers the last keys: opening an encrypted one costs up to a second of CPU. */
export function createKeyReader(remembered = 64): ReadPrivateKey {
  const cache = new Map<string, ParsedKey>();
  return (target) => {
    const identity = credentialIdentity(target.credential);
    const known = cache.get(identity);
    if (known !== undefined) return known;
    const key = parse(target);
    cache.set(identity, key);
    for (const oldest of cache.keys()) {
      if (cache.size <= remembered) break;
      cache.delete(oldest);
    }
    return key;
  };
}

function parse({ credential, host, port }: SshTarget): ParsedKey {
  const invalid = (why: string) =>
    new HostError("CredentialInvalid", `the private key for ${host}:${port} cannot be used: ${why}`, {
      started: false,
    });
  const parsed = ssh2.utils.parseKey(credential.privateKey, credential.passphrase);
  if (parsed instanceof Error) throw invalid(explain(parsed.message));
  // An OpenSSH file yields an array although the type says otherwise.
  const [key] = [parsed].flat();
  if (key === undefined || key instanceof Error) throw invalid("it holds no key");
  if (!key.isPrivateKey()) throw invalid("it is a public key");
  return key;
}

function explain(message: string): string {
  if (/no passphrase given/i.test(message)) return "it is encrypted and the Secret has no ssh-passphrase";
  if (/bad passphrase|bad decrypt|integrity check failed/i.test(message)) return "the ssh-passphrase does not open it";
  if (/unsupported key format/i.test(message)) return "it must be a private key in OpenSSH or PEM (RSA, EC) form";
  return message;
}
