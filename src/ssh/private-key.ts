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
  const cache = new Map<string, ParsedKey | string>();
  return (target) => {
    const identity = credentialIdentity(target.credential);
    const key = cache.get(identity) ?? parse(target.credential);
    cache.set(identity, key);
    for (const oldest of cache.keys()) {
      if (cache.size <= remembered) break;
      cache.delete(oldest);
    }
    if (typeof key !== "string") return key;
    const message = `the private key for ${target.host}:${target.port} cannot be used: ${key}`;
    throw new HostError("CredentialInvalid", message, { started: false });
  };
}

/** The key, or why there is none. */
function parse({ privateKey, passphrase }: SshTarget["credential"]): ParsedKey | string {
  const rounds = bcryptRounds(privateKey);
  if (rounds > maxBcryptRounds) {
    return `it is encrypted with ${rounds} rounds of bcrypt, at most ${maxBcryptRounds} are accepted: ssh-keygen -p -a 16`;
  }
  const parsed = ssh2.utils.parseKey(privateKey, passphrase);
  if (parsed instanceof Error) return explain(parsed.message);
  // An OpenSSH file yields an array although the type says otherwise.
  const [key] = [parsed].flat();
  if (key === undefined || key instanceof Error) return "it holds no key";
  return key.isPrivateKey() ? key : "it is a public key";
}

/** ssh-keygen takes 16 to 24. Opening a key blocks the event loop, and a tenant writes the Secret. */
const maxBcryptRounds = 64;

/** Of a key in OpenSSH's own format (PROTOCOL.key in its sources); 0 for every other. */
function bcryptRounds(privateKey: string): number {
  const base64 = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]*)/.exec(privateKey)?.[1];
  const bytes = Buffer.from(base64 ?? "", "base64");
  let at = "openssh-key-v1\0".length;
  const string = () => {
    if (at + 4 > bytes.length) return Buffer.alloc(0);
    const value = bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at));
    at += 4 + value.length;
    return value;
  };
  string();
  if (string().toString("latin1") !== "bcrypt") return 0;
  const options = string();
  return options.length < 4 ? 0 : options.readUInt32BE(options.length - 4);
}

function explain(message: string): string {
  if (/no passphrase given/i.test(message)) return "it is encrypted and the Secret has no ssh-passphrase";
  if (/bad passphrase|bad decrypt/i.test(message)) return "the ssh-passphrase does not open it";
  if (/unsupported key format/i.test(message)) return "it must be a private key in OpenSSH or PEM (RSA, EC) form";
  return message;
}
