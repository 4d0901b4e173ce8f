import type { PublicKey } from "./public-key.ts";

/**
 * Algorithms allowed in a handshake. The server can choose from these lists only: each entry costs the event loop a few
 * milliseconds at most. Deliberately excluded: `diffie-hellman-group-exchange-*`, where the server names the prime and
 * the client raises to it, and the groups above 4096 bits. Group 14 with SHA-1 is for hosts older than OpenSSH 5.7,
 * which support no other group of bounded size.
 */
export const keyExchanges = [
  "curve25519-sha256",
  "curve25519-sha256@libssh.org",
  "ecdh-sha2-nistp256",
  "ecdh-sha2-nistp384",
  "ecdh-sha2-nistp521",
  "diffie-hellman-group16-sha512",
  "diffie-hellman-group14-sha256",
  "diffie-hellman-group14-sha1",
] as const;

/** Offered and accepted ciphers, preferred ones first. */
export const ciphers = [
  "aes128-gcm@openssh.com",
  "aes256-gcm@openssh.com",
  "aes128-ctr",
  "aes192-ctr",
  "aes256-ctr",
  "chacha20-poly1305@openssh.com",
] as const;

/** Offered and accepted message authentication codes, preferred ones first. */
export const macs = [
  "hmac-sha2-256-etm@openssh.com",
  "hmac-sha2-512-etm@openssh.com",
  "hmac-sha1-etm@openssh.com",
  "hmac-sha2-256",
  "hmac-sha2-512",
  "hmac-sha1",
] as const;

/** Signature algorithms of host keys, best first. */
export const hostKeySignatures = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
  "ssh-rsa",
] as const;

const keyTypes: ReadonlySet<string> = new Set(hostKeySignatures.filter((name) => !name.startsWith("rsa-")));

/**
 * Sizes of an RSA modulus, of a host's or a user's key. The time to verify a signature grows with its square, the time
 * to sign with its cube.
 */
export const rsaBits = { min: 2048, max: 8192 } as const;
/** ssh-keygen has used 35, 37 and 65537. */
const maxExponentBits = 32;

/** Why a key is not accepted, as the end of a sentence about it; undefined if it is accepted. */
export function keyProblem(key: PublicKey): string | undefined {
  if (!keyTypes.has(key.type)) return `is of type ${key.type}; ${[...keyTypes].join(", ")} are accepted`;
  if (key.type !== "ssh-rsa") return undefined;
  const [, exponent, modulus] = fields(key.blob);
  if (exponent === undefined || modulus === undefined) return "is not an RSA key";
  const bits = bitLength(modulus);
  if (bits < rsaBits.min || bits > rsaBits.max)
    return `has ${bits} bits; RSA keys from ${rsaBits.min} to ${rsaBits.max} bits are accepted`;
  if (bitLength(exponent) > maxExponentBits)
    return `has a public exponent of ${bitLength(exponent)} bits; at most ${maxExponentBits} are accepted`;
  return undefined;
}

/** The complete strings and mpints of a blob (RFC 4251 section 5). */
function fields(blob: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 4 <= blob.length && found.length < 4; ) {
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) break;
    found.push(blob.subarray(at + 4, end));
    at = end;
  }
  return found;
}

function bitLength(number: Buffer): number {
  const first = number.findIndex((byte) => byte !== 0);
  if (first < 0) return 0;
  return (number.length - first) * 8 - (Math.clz32(number[first] ?? 0) - 24);
}
