import { createPrivateKey } from "node:crypto";
import ssh2 from "ssh2";
import { keyProblem, rsaBits } from "./algorithms.ts";
import type { SshCredential } from "./host-session.ts";
import { publicKeyOfBlob } from "./public-key.ts";

/** A private key without its passphrase, as plain data that can be sent between threads. */
export interface OpenKey {
  readonly comment: string;
  /** Public part: `type base64`. */
  readonly publicKey: string;
  /** PEM, as node:crypto reads it. */
  readonly privateKey: string;
}

/** A key of 8192 bits needs 6.5 KiB. */
const maxKeyCharacters = 16 * 1024;
/** ssh-keygen uses 16 to 24; each costs tens of milliseconds of a processor, and a tenant writes the Secret. */
const maxBcryptRounds = 64;

/**
 * Whether opening it may take longer than the event loop can wait: the passphrase goes through rounds of bcrypt, or
 * ssh2 searches for headers (`Proc-Type: …`) in time that grows with the square of the text.
 */
export function isSlow({ privateKey }: SshCredential): boolean {
  return privateKey.length <= maxKeyCharacters && (privateKey.includes(":") || bcryptRounds(privateKey) !== 0);
}

/** Opens the key; returns the reason if that fails. */
export function openKey({ privateKey, passphrase }: SshCredential): OpenKey | string {
  if (privateKey.length > maxKeyCharacters)
    return `it has ${privateKey.length} characters, at most ${maxKeyCharacters} are accepted`;
  const rounds = bcryptRounds(privateKey);
  if (rounds === undefined) return "it is not a whole private key in OpenSSH form";
  if (rounds > maxBcryptRounds) {
    return `it is encrypted with ${rounds} rounds of bcrypt, at most ${maxBcryptRounds} are accepted: ssh-keygen -p -a 16`;
  }
  const parsed = ssh2.utils.parseKey(privateKey, passphrase);
  if (parsed instanceof Error) return explain(parsed.message);
  // An OpenSSH file yields an array, despite the type.
  const [key] = [parsed].flat();
  if (key === undefined || key instanceof Error) return "it does not contain a key";
  if (!key.isPrivateKey()) return "it is a public key";
  const blob = key.getPublicSSH();
  const publicKey = publicKeyOfBlob(blob);
  if (publicKey === undefined) return "it does not contain a key";
  const problem = keyProblem(publicKey) ?? privateProblem(key.getPrivatePEM());
  if (problem !== undefined) return `it ${problem}`;
  return {
    comment: key.comment,
    publicKey: `${publicKey.type} ${blob.toString("base64")}`,
    privateKey: key.getPrivatePEM(),
  };
}

/**
 * The secret numbers of an RSA key determine how long a signature takes, and may be larger than the modulus suggests.
 */
function privateProblem(pem: string): string | undefined {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== "rsa") return undefined;
    const { d = "", p = "", q = "", dp = "", dq = "", qi = "" } = key.export({ format: "jwk" });
    const bits = (number: string) => Buffer.from(number, "base64url").length * 8;
    const half = rsaBits.max / 2;
    return bits(d) > rsaBits.max || [p, q, dp, dq, qi].some((number) => bits(number) > half)
      ? "is an RSA key whose primes do not fit its modulus"
      : undefined;
  } catch {
    return "contains numbers that do not form a key";
  }
}

const openSshHeader = "-----BEGIN OPENSSH PRIVATE KEY-----";
/** ssh2 also reads files with other characters between these lines, which this form excludes. */
const openSshForm =
  /^-----BEGIN OPENSSH PRIVATE KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)\r?\n-----END OPENSSH PRIVATE KEY-----$/;

/**
 * Rounds of a key in OpenSSH's own format (PROTOCOL.key in its sources), read as ssh2 reads them; 0 for any other key;
 * undefined if the file is not in this form.
 */
function bcryptRounds(privateKey: string): number | undefined {
  const text = privateKey.trim();
  if (!text.startsWith(openSshHeader)) return 0;
  const base64 = openSshForm.exec(text)?.[1];
  if (base64 === undefined) return undefined;
  const bytes = Buffer.from(base64, "base64");
  const [cipher, afterCipher] = stringAt(bytes, "openssh-key-v1\0".length);
  const [kdf, afterKdf] = stringAt(bytes, afterCipher);
  const [options] = stringAt(bytes, afterKdf);
  if (cipher === undefined || kdf === undefined || options === undefined) return undefined;
  if (kdf.toString("latin1") !== "bcrypt") return 0;
  const [salt, afterSalt] = stringAt(options, 0);
  return salt === undefined || afterSalt + 4 > options.length ? undefined : options.readUInt32BE(afterSalt);
}

/** An SSH string (uint32 length, then the bytes), and where it ends. */
function stringAt(bytes: Buffer, at: number): readonly [Buffer | undefined, number] {
  if (at + 4 > bytes.length) return [undefined, at];
  const end = at + 4 + bytes.readUInt32BE(at);
  return end > bytes.length ? [undefined, at] : [bytes.subarray(at + 4, end), end];
}

function explain(message: string): string {
  if (/no passphrase given/i.test(message)) return "it is encrypted and the Secret has no ssh-passphrase";
  if (/bad passphrase|bad decrypt/i.test(message)) return "the ssh-passphrase does not open it";
  if (/unsupported key format/i.test(message)) return "it must be a private key in OpenSSH or PEM (RSA, EC) form";
  return message;
}
